package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"yinzheng/internal/house"
)

// Timeouts of one connection: a phone on a bad line has time, a stalled one does not hold the service.
const (
	headerTimeout   = 10 * time.Second
	requestTimeout  = 2 * time.Minute
	idleTimeout     = 2 * time.Minute
	maxHeader       = 64 << 10
	shutdownTimeout = 10 * time.Second
)

func runServe(ctx context.Context, p *program, args []string) error {
	fs := p.flags("serve")
	config := fs.String("config", "", "configuration")
	if err := parse(fs, args); err != nil {
		return err
	}
	if *config == "" {
		return usageError{"serve : --config FILE is missing"}
	}
	cfg, err := readConfig(*config)
	if err != nil {
		return err
	}
	h, err := openHouse(ctx, p, cfg, nil)
	if err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", cfg.Listen)
	if err != nil {
		return errors.Join(fmt.Errorf("serve : %w", err), h.Close())
	}
	fmt.Fprintf(p.out, "serving %s on %s\n", cfg.Region.Name, cfg.URL)
	return serve(ctx, h, listener, func(ctx context.Context) error {
		if cfg.TLS.Listen == "" {
			<-ctx.Done()
			return nil
		}
		return serveTLS(ctx, p, h, cfg.TLS)
	})
}

// serveTLS serves the same by TLS, to calling systems with client certificates, until ctx ends.
func serveTLS(ctx context.Context, p *program, h *house.House, c TLSConfig) error {
	identity, err := h.Server(ctx, c.Hosts)
	if err != nil {
		return err
	}
	settings, err := identity.Config()
	if err != nil {
		return err
	}
	handler, err := h.Handler()
	if err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("serve : %w", err)
	}
	server := newServer(handler)
	server.TLSConfig = settings
	fmt.Fprintf(p.out, "serving calling systems on https://%s\n", listener.Addr())
	served, renewed := make(chan error, 1), make(chan error, 1)
	renewing, stop := context.WithCancel(ctx)
	defer stop()
	go func() { renewed <- identity.Run(renewing) }()
	go func() { served <- server.ServeTLS(listener, "", "") }()
	select {
	case err = <-served:
	case <-ctx.Done():
		deadline, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
		defer cancel()
		err = server.Shutdown(deadline)
	}
	stop()
	if errors.Is(err, http.ErrServerClosed) {
		err = nil
	}
	return errors.Join(err, <-renewed)
}

// newServer bounds what one connection may take.
func newServer(handler http.Handler) *http.Server {
	return &http.Server{
		Handler: handler, ReadHeaderTimeout: headerTimeout, ReadTimeout: requestTimeout, WriteTimeout: requestTimeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: maxHeader,
	}
}

// serve runs workers and server until ctx ends or story returns, and closes the house. Requests end before the workers do.
func serve(ctx context.Context, h *house.House, listener net.Listener, story func(context.Context) error) error {
	handler, err := h.Handler()
	if err != nil {
		return errors.Join(err, listener.Close(), h.Close())
	}
	server := newServer(handler)
	working, stopWork := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWork()
	telling, stopStory := context.WithCancel(ctx)
	defer stopStory()
	worked, served, told := make(chan error, 1), make(chan error, 1), make(chan error, 1)
	go func() { worked <- h.Run(working) }()
	go func() { served <- server.Serve(listener) }()
	go func() { told <- story(telling) }()

	var errs []error
	select { // whatever ends first ends the rest
	case err := <-worked:
		errs = append(errs, err)
		worked <- nil
	case err := <-served:
		served <- err
	case err := <-told:
		errs = append(errs, err)
		told <- nil
	}
	stopStory()
	errs = append(errs, <-told)
	deadline, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
	defer cancel()
	errs = append(errs, server.Shutdown(deadline))
	if err := <-served; err != nil && !errors.Is(err, http.ErrServerClosed) {
		errs = append(errs, fmt.Errorf("serving : %w", err))
	}
	stopWork()
	errs = append(errs, <-worked)
	return errors.Join(append(errs, h.Close())...)
}
