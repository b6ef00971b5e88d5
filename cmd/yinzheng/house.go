package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"yinzheng/archive"
	"yinzheng/ca"
	"yinzheng/internal/blob"
	"yinzheng/internal/httpapi"
	"yinzheng/internal/ledger"
	"yinzheng/internal/ledger/embedded"
	"yinzheng/internal/store"
	"yinzheng/internal/web"
	"yinzheng/licences"
	"yinzheng/sealing"
	"yinzheng/verify"
	"yinzheng/verify/completion"
)

// Folders below the data folder.
const (
	regionDir = "region"
	logDir    = "log"
	blobDir   = "blobs"
)

// house is the whole service, wired: the only place that names drivers.
type house struct {
	cfg       Config
	p         *program
	db        *store.DB
	blobs     *blob.Dir
	region    *ca.Region
	log       *embedded.Log
	ledger    *ledger.Ledger
	kinds     *licences.Catalogue
	licences  *licences.Service
	cases     *completion.Service
	archive   *archive.Archive
	seals     *sealing.Maker
	publisher *publisher
	api       *httpapi.API
	wallet    func(context.Context) (web.Card, error) // the demonstration's citizen, else nil
}

// openHouse opens everything that establish made. It starts nothing.
func openHouse(ctx context.Context, p *program, cfg Config) (_ *house, err error) {
	h := &house{cfg: cfg, p: p}
	defer func() {
		if err != nil {
			err = errors.Join(err, h.close())
		}
	}()
	passphrase, err := os.ReadFile(cfg.Passphrase)
	if err != nil {
		return h, hinted{fmt.Errorf("opening the keys : %w", err), "run yinzheng init, or name the file under passphrase"}
	}
	if h.region, err = ca.Open(filepath.Join(cfg.Data, regionDir), passphrase, ca.Sources{Now: p.now}); err != nil {
		return h, fmt.Errorf("opening the region : %w", err)
	}
	address, err := cfg.databaseURL()
	if err != nil {
		return h, err
	}
	if h.db, err = store.Open(ctx, store.Config{URL: address}); err != nil {
		return h, fmt.Errorf("opening the database : %w", err)
	}
	if h.blobs, err = blob.OpenDir(filepath.Join(cfg.Data, blobDir)); err != nil {
		return h, fmt.Errorf("opening the content store : %w", err)
	}
	if err = h.openLedger(ctx); err != nil {
		return h, fmt.Errorf("opening the ledger : %w", err)
	}
	if h.kinds, err = cfg.catalogue(); err != nil {
		return h, fmt.Errorf("reading the kinds of licence : %w", err)
	}
	h.publisher = &publisher{house: h}
	if err = h.openServices(passphrase); err != nil {
		return h, err
	}
	return h, nil
}

// catalogue is the built-in kinds, or those of the folder that the configuration names.
func (c *Config) catalogue() (*licences.Catalogue, error) {
	if c.Kinds == "" {
		return licences.Builtin()
	}
	return licences.LoadKinds(os.DirFS(c.Kinds))
}

func (h *house) openLedger(ctx context.Context) error {
	// The log must exist once anything was anchored: a lost folder is an error, never a fresh log.
	last, err := h.db.LastBatch(ctx)
	if err != nil {
		return err
	}
	h.log, err = embedded.Open(ctx, embedded.Config{
		Dir: filepath.Join(h.cfg.Data, logDir), Origin: h.region.LogOrigin(), Signer: h.region.LogSigner(),
		MustExist: last != nil && last.Proof != nil,
	})
	if err != nil {
		return err
	}
	h.ledger, err = ledger.New(ledger.Config{
		Region: h.region.Code(), Key: h.region.Ledger().Key, Driver: h.log, Store: h.db, Books: h.db, Now: h.p.now, Log: h.p.log,
	})
	return err
}

func (h *house) openServices(passphrase []byte) error {
	h.archive = archive.New(archive.Config{Blobs: h.blobs, Index: h.db, Now: h.p.now})
	keys := sealing.NewFileKeys(filepath.Join(h.cfg.Data, regionDir), passphrase)
	h.seals = sealing.NewMaker(sealing.MakerConfig{
		Region: h.region.Code(), Certificate: h.region.SealMaker().Certificate, Key: h.region.SealMaker().Key, Book: h.db, Now: h.p.now,
	})
	sealer, err := sealing.New(sealing.Config{
		Book: h.db, Keys: keys, Timestamper: h.region.TSA(serials{h.db}), Now: h.p.now,
		Judge: func(ctx context.Context, document []byte) error { return h.judgeOwn(ctx, document) },
	})
	if err != nil {
		return err
	}
	h.licences, err = licences.New(licences.Config{
		Kinds: h.kinds, Store: h.db, Register: h.db, Presentations: h.db, Seals: h.db, Sealer: sealer, Ledger: h.ledger, Blobs: h.blobs,
		Archive: h.archive, Audit: h.db, Judge: h.judge, CheckURL: h.cfg.URL + "/c/", Region: h.region.Code(), Now: h.p.now, Log: h.p.log,
	})
	if err != nil {
		return err
	}
	work := casework{h, keys}
	h.cases, err = completion.New(completion.Config{
		Store: h.db, Licences: work, Signer: work, Ledger: h.ledger, Audit: h.db, Archive: work, Trust: h.publisher.Trust, Now: h.p.now,
	})
	return err
}

// judge judges as a stranger would, with the trust file of now.
func (h *house) judge(ctx context.Context, in verify.Input, at time.Time) (verify.Report, error) {
	trust, err := h.publisher.Trust(ctx)
	if err != nil {
		return verify.Report{}, err
	}
	return verify.Judge(in, trust, at), nil
}

// judgeOwn refuses a sealed document that is not valid by itself: its receipt is still to come.
func (h *house) judgeOwn(ctx context.Context, document []byte) error {
	report, err := h.judge(ctx, verify.Input{Document: document}, h.p.now())
	if err != nil {
		return err
	}
	if report.Verdict != verify.Valid {
		return fmt.Errorf("our own seal is %s: %s", report.Verdict, worst(report))
	}
	return nil
}

// worst names the first finding that stands in the way.
func worst(r verify.Report) string {
	for _, bad := range []verify.Outcome{verify.Fail, verify.Unknown} {
		for _, f := range r.Findings {
			if f.Outcome == bad {
				return f.Code
			}
		}
	}
	return "nothing found"
}

// handler is everything that is served.
func (h *house) handler() (http.Handler, error) {
	mux := http.NewServeMux()
	var err error
	h.api, err = httpapi.New(mux, httpapi.Config{
		Kinds: h.kinds, Licences: h.licences, Cases: h.cases, Archive: h.archive, Packages: h.db, Ledger: h.ledger, Trust: h.publisher.Trust,
		LedgerFiles: h.log.Handler(), Credentials: h.db, Ready: h.ready, Now: h.p.now, BaseURL: h.cfg.URL, Version: version, Log: h.p.log,
	})
	if err != nil {
		return nil, err
	}
	_, err = web.New(mux, web.Config{
		Licences: h.licences, Judge: h.api.Judge, Wallet: h.wallet, Numbers: h.numbers, Region: h.region.Name(), Now: h.p.now, Log: h.p.log,
	})
	if err != nil {
		return nil, err
	}
	return web.Secure(mux), nil
}

// Timeouts of one connection: a phone on a bad line has time, a stalled one does not hold the service.
const (
	headerTimeout   = 10 * time.Second
	requestTimeout  = 2 * time.Minute
	idleTimeout     = 2 * time.Minute
	maxHeader       = 64 << 10
	shutdownTimeout = 10 * time.Second
)

// serve runs the workers and the server until ctx ends or story returns. Requests end before the workers do.
func (h *house) serve(ctx context.Context, listener net.Listener, story func(context.Context) error) error {
	handler, err := h.handler()
	if err != nil {
		return errors.Join(err, listener.Close(), h.close())
	}
	working, stopWork := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWork()
	workers, working := errgroup.WithContext(working)
	workers.Go(func() error { return h.ledger.Run(working) })
	workers.Go(func() error { return h.licences.Run(working) })

	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: headerTimeout, ReadTimeout: requestTimeout, WriteTimeout: requestTimeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: maxHeader,
	}
	serving, stopServing := context.WithCancel(ctx)
	defer stopServing()
	front, serving := errgroup.WithContext(serving)
	front.Go(func() error {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serving : %w", err)
		}
		return nil
	})
	front.Go(func() error {
		select {
		case <-serving.Done():
		case <-working.Done():
		}
		deadline, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
		defer cancel()
		return server.Shutdown(deadline)
	})
	front.Go(func() error {
		defer stopServing()
		return story(serving)
	})
	err = front.Wait()
	stopWork()
	if workErr := workers.Wait(); workErr != nil && !errors.Is(workErr, context.Canceled) {
		err = errors.Join(err, workErr)
	}
	return errors.Join(err, h.close())
}

func (h *house) close() error {
	var errs []error
	if h.log != nil {
		errs = append(errs, h.log.Close())
	}
	if h.db != nil {
		errs = append(errs, h.db.Close())
	}
	return errors.Join(errs...)
}

// ready reports whether books and ledger answer.
func (h *house) ready(ctx context.Context) error {
	if _, err := h.db.LastBatch(ctx); err != nil {
		return err
	}
	_, err := h.publisher.Trust(ctx)
	return err
}
