package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"yinzheng/internal/auth"
	"yinzheng/internal/clock"
	"yinzheng/internal/codes"
	"yinzheng/internal/house"
	"yinzheng/licences"
	"yinzheng/sealing"
)

const (
	kindName   = "食品经营许可证"
	regionCode = "450000"
	regionName = "广西壮族自治区"
	passphrase = "only for measuring: the folder is removed afterwards"
	headers    = 10 * time.Second // until a request's headers are there
	checkURL   = "http://127.0.0.1:8080/c/"
)

// lab is what rows share: a whole service on its embedded default, in a temporary folder, opened when a row first needs it.
type lab struct {
	quick bool
	errs  io.Writer
	dir   string
	world *world
	peers []func() error // that end other programs
}

// folder is removed when the lab closes.
func (l *lab) folder() (string, error) {
	if l.dir == "" {
		var err error
		if l.dir, err = os.MkdirTemp("", "yzbench-"); err != nil {
			return "", fmt.Errorf("making a folder : %w", err)
		}
	}
	return l.dir, nil
}

func (l *lab) close() error {
	var errs []error
	for _, end := range l.peers {
		errs = append(errs, end())
	}
	if l.world != nil {
		errs = append(errs, l.world.close())
	}
	if l.dir != "" {
		errs = append(errs, os.RemoveAll(l.dir))
	}
	return errors.Join(errs...)
}

// world is a running house, served on loopback, with an office, its seal, and a caller's key.
type world struct {
	*house.House
	kind   *licences.Kind
	seal   sealing.Record
	url    string
	key    string
	server *http.Server
	served chan error
	stop   context.CancelFunc
	ran    chan error
}

// open returns the lab's world, opened once.
func (l *lab) open(ctx context.Context) (*world, error) {
	if l.world != nil {
		return l.world, nil
	}
	dir, err := l.folder()
	if err != nil {
		return nil, err
	}
	c := house.Config{
		Data: filepath.Join(dir, "data"), Region: regionCode, RegionName: regionName, Keys: house.KeysConfig{Passphrase: []byte(passphrase)},
		Ceremony: filepath.Join(dir, "root"), Clock: clock.Unchecked(),
		URL: "http://127.0.0.1:8080", Version: "bench", Now: time.Now,
		Log: slog.New(slog.NewTextHandler(l.errs, &slog.HandlerOptions{Level: slog.LevelWarn})),
	}
	if err := house.Establish(ctx, c); err != nil {
		return nil, err
	}
	h, err := house.Open(ctx, c)
	if err != nil {
		return nil, err
	}
	w := &world{House: h, stop: func() {}}
	if err := w.start(ctx); err != nil {
		return nil, errors.Join(err, w.close())
	}
	l.world = w
	return w, nil
}

// start makes office, seal and key, and starts the workers and the server.
func (w *world) start(ctx context.Context) (err error) {
	if w.kind, err = findKind(w.Kinds); err != nil {
		return err
	}
	office := w.kind.Examples[0].Issuer
	if w.seal, err = w.MakeSeal(ctx, office.Code, office.Name); err != nil {
		return err
	}
	if w.key, _, err = w.AddKey(ctx, auth.Caller{}, auth.Caller{ID: "yzbench", Office: office.Code, Actions: auth.Actions()}); err != nil {
		return err
	}
	handler, err := w.Handler()
	if err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	w.url = "http://" + listener.Addr().String()
	w.server, w.served = &http.Server{Handler: handler, ReadHeaderTimeout: headers}, make(chan error, 1)
	go func() { w.served <- w.server.Serve(listener) }()
	working, stop := context.WithCancel(context.WithoutCancel(ctx))
	w.stop, w.ran = stop, make(chan error, 1)
	go func() { w.ran <- w.Run(working) }()
	return nil
}

func (w *world) close() error {
	var errs []error
	if w.server != nil {
		errs = append(errs, w.server.Close())
		if err := <-w.served; !errors.Is(err, http.ErrServerClosed) {
			errs = append(errs, err)
		}
	}
	w.stop()
	if w.ran != nil {
		errs = append(errs, <-w.ran)
	}
	return errors.Join(append(errs, w.House.Close())...)
}

func findKind(c *licences.Catalogue) (*licences.Kind, error) {
	for _, k := range c.All() {
		if k.Name == kindName {
			return k, nil
		}
	}
	return nil, fmt.Errorf("there is no kind %s", kindName)
}

// sample is the kind's own example as a licence that was drafted.
func sample(k *licences.Kind) (licences.Licence, error) {
	e := k.Examples[0]
	from, to, err := k.Period(e.IssuedOn, e.ValidFrom, e.ValidTo, e.Fields)
	if err != nil {
		return licences.Licence{}, err
	}
	return licences.Licence{
		ID: "00000000000000000000000001", CheckCode: "AAAAAAAAAAAAAAAAAAAAAAAAAA",
		Identifier: codes.LicenceID{Type: k.Code, Issuer: e.Issuer.Code, Serial: "0123456789ABCDEFGHIJ", Version: 1}.String(),
		Kind:       k.Code, KindName: k.Name, Number: e.Number, Holder: e.Holder, Issuer: e.Issuer.Name, IssuerCode: e.Issuer.Code,
		Fields: e.Fields, IssuedOn: e.IssuedOn, ValidFrom: from, ValidTo: to, State: licences.Issuing, Status: licences.InForce,
	}, nil
}

// changedFields are the example's fields with one that is different in every licence.
func changedFields(k *licences.Kind, n int) (json.RawMessage, error) {
	var fields map[string]any
	if err := json.Unmarshal(k.Examples[0].Fields, &fields); err != nil {
		return nil, err
	}
	fields["domicile"] = fmt.Sprintf("广西壮族自治区南宁市示例区示例大道%d号", n)
	return json.Marshal(fields)
}
