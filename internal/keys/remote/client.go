package remote

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"yinzheng/internal/gm"
	"yinzheng/internal/keys"
)

const (
	// DefaultPatience is how long a call waits for a server that is being restarted.
	DefaultPatience = 5 * time.Second
	// callTimeout bounds one call; making a key under a passphrase takes a tenth of a second, of which several may queue.
	callTimeout = 30 * time.Second
	// dialPause is how long to wait between attempts to connect.
	dialPause = 20 * time.Millisecond
)

// ClientConfig describes a client.
type ClientConfig struct {
	Socket   string
	Patience time.Duration // how long to wait for a server that is not there; 0: DefaultPatience
}

// Client is a holder whose keys are in the process behind a socket. It connects anew when that was restarted. Listing and
// signing are then asked again; a signature may so be counted twice, and never not at all. Whatever else was on its way fails
// as ErrUnreachable.
type Client struct {
	c      ClientConfig
	mu     sync.Mutex
	link   *link
	closed bool
}

// Dial connects to the socket. Errors: ErrUnreachable.
func Dial(c ClientConfig) (*Client, error) {
	if c.Patience <= 0 {
		c.Patience = DefaultPatience
	}
	client := &Client{c: c}
	ctx, cancel := context.WithTimeout(context.Background(), c.Patience)
	defer cancel()
	if _, err := client.connected(ctx, time.Now().Add(c.Patience)); err != nil {
		return nil, err
	}
	return client, nil
}

// Close ends the connection; calls at work fail.
func (c *Client) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	if c.link != nil {
		c.link.end(keys.ErrClosed)
	}
	return nil
}

// connected returns the connection, or makes one, trying until a time.
func (c *Client) connected(ctx context.Context, until time.Time) (*link, error) {
	for {
		l, err := c.try(ctx)
		if err == nil || errors.Is(err, keys.ErrClosed) {
			return l, err
		}
		if time.Now().After(until) {
			return nil, fmt.Errorf("%w: %w", ErrUnreachable, err)
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("%w: %w: %w", ErrUnreachable, err, ctx.Err())
		case <-time.After(dialPause):
		}
	}
}

func (c *Client) try(ctx context.Context) (*link, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, keys.ErrClosed
	}
	if c.link != nil && c.link.alive() {
		return c.link, nil
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", c.c.Socket)
	if err != nil {
		return nil, err
	}
	c.link = newLink(conn)
	return c.link, nil
}

// call asks and waits for the answer. What may be asked again is, when the connection breaks before the answer.
func (c *Client) call(ctx context.Context, q request, again bool) (reply, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	until := time.Now().Add(c.c.Patience)
	for {
		if err := ctx.Err(); err != nil {
			return reply{}, fmt.Errorf("asking the signer process: %w", err) // nothing was asked
		}
		l, err := c.connected(ctx, until)
		if err != nil {
			return reply{}, err
		}
		r, sent, err := l.ask(ctx, q)
		if err == nil {
			return r, r.err()
		}
		hopeless := ctx.Err() != nil || errors.Is(err, keys.ErrClosed) || !sent && errors.Is(err, ErrFrame)
		if hopeless || sent && !again || time.Now().After(until) {
			return reply{}, fmt.Errorf("%w: %w", ErrUnreachable, err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(dialPause):
		}
	}
}

// one asks for the line of one key.
func (c *Client) one(ctx context.Context, q request, again bool) (keys.Info, error) {
	r, err := c.call(ctx, q, again)
	if err != nil {
		return keys.Info{}, err
	}
	if len(r.Keys) != 1 || r.Keys[0].ID != q.ID {
		return keys.Info{}, fmt.Errorf("%w: %d keys where %s was asked for", ErrFrame, len(r.Keys), q.ID)
	}
	return r.Keys[0].info(), nil
}

// checkID refuses what the server would take for another protocol.
func checkID(id string) error {
	if !keys.ValidID(id) {
		return fmt.Errorf("%w: %q", keys.ErrNoKey, id[:min(len(id), keys.MaxID)])
	}
	return nil
}

// Create implements keys.Holder.
func (c *Client) Create(ctx context.Context, s keys.Spec) (keys.Info, error) {
	if err := s.Check(); err != nil {
		return keys.Info{}, err
	}
	q := request{Op: opCreate, ID: s.ID, Algorithm: string(s.Algorithm), Use: string(s.Use), Quota: &s.Quota}
	return c.one(ctx, q, false)
}

// Info implements keys.Finder.
func (c *Client) Info(ctx context.Context, id string) (keys.Info, error) {
	if err := checkID(id); err != nil {
		return keys.Info{}, err
	}
	return c.one(ctx, request{Op: opInfo, ID: id}, true)
}

// List implements keys.Holder.
func (c *Client) List(ctx context.Context) ([]keys.Info, error) {
	all := []keys.Info{}
	after := ""
	for {
		r, err := c.call(ctx, request{Op: opList, ID: after}, true)
		if err != nil {
			return nil, err
		}
		for _, l := range r.Keys {
			if l.ID <= after || len(all) == keys.MaxKeys {
				return nil, fmt.Errorf("%w: a list out of order or too long", ErrFrame)
			}
			all, after = append(all, l.info()), l.ID
		}
		if !r.More || len(r.Keys) == 0 {
			return all, nil
		}
	}
}

// Change implements keys.Holder. Errors also: ErrForbidden.
func (c *Client) Change(ctx context.Context, id string, change keys.Change) (keys.Info, error) {
	if err := checkID(id); err != nil {
		return keys.Info{}, err
	}
	q := request{Op: opChange, ID: id, Quota: change.Quota}
	if change.State != nil {
		if q.State = string(*change.State); q.State == "" {
			return keys.Info{}, fmt.Errorf("%w: the state %q", keys.ErrSpec, q.State)
		}
	}
	return c.one(ctx, q, false)
}

// Envelop implements keys.Enveloper.
func (c *Client) Envelop(ctx context.Context, id string, recipient []byte) ([]byte, error) {
	if err := checkID(id); err != nil {
		return nil, err
	}
	if len(recipient) > MaxMessage {
		return nil, fmt.Errorf("%w: a recipient of %d bytes", keys.ErrSpec, len(recipient))
	}
	r, err := c.call(ctx, request{Op: opEnvelop, ID: id, Data: recipient}, false)
	return r.Data, err
}

// Signer implements keys.Holder.
func (c *Client) Signer(ctx context.Context, id string) (crypto.Signer, error) {
	if err := checkID(id); err != nil {
		return nil, err
	}
	info, err := c.one(ctx, request{Op: opSigner, ID: id}, true)
	if err != nil {
		return nil, err
	}
	pub, err := keys.ParsePublic(info.Algorithm, info.Public)
	if err != nil {
		return nil, fmt.Errorf("%w: the key %s: %w", ErrFrame, id, err)
	}
	if sm2, ok := pub.(*ecdsa.PublicKey); ok && info.Algorithm == keys.SM2 {
		return gm.NewSigner(sm2, func(e gm.Digest) ([]byte, error) {
			return c.sign(request{Op: opSign, ID: id, Data: e[:]})
		}), nil
	}
	return &key{c: c, id: id, algorithm: info.Algorithm, pub: pub}, nil
}

func (c *Client) sign(q request) ([]byte, error) {
	r, err := c.call(context.Background(), q, true) // crypto.Signer knows no context; callTimeout bounds it
	return r.Data, err
}

// key is an ECDSA or Ed25519 key on the other side.
type key struct {
	c         *Client
	id        string
	algorithm keys.Algorithm
	pub       crypto.PublicKey
}

// Public implements crypto.Signer.
func (k *key) Public() crypto.PublicKey { return k.pub }

// Sign implements crypto.Signer, as keys of a keys.Folder do. A message of Ed25519 has at most MaxMessage bytes.
func (k *key) Sign(_ io.Reader, msg []byte, opts crypto.SignerOpts) ([]byte, error) {
	if err := keys.CheckOptions(k.algorithm, msg, opts); err != nil {
		return nil, fmt.Errorf("signing with %s: %w", k.id, err)
	}
	if len(msg) > MaxMessage {
		return nil, fmt.Errorf("signing with %s: %w: a message of %d bytes", k.id, keys.ErrOptions, len(msg))
	}
	return k.c.sign(request{Op: opSign, ID: k.id, Data: msg, Hash: uint(opts.HashFunc())})
}
