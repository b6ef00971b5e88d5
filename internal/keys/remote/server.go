package remote

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"yinzheng/internal/keys"
)

const (
	// maxClients bounds the connections: a service has one, a command another.
	maxClients = 16
	// maxInFlight bounds the requests of one connection that are worked on at once; the next waits unread. All clients
	// together make the server keep at most maxClients × maxInFlight frames, 256 MiB.
	maxInFlight = 64
	// frameTimeout is how long the rest of a frame may take once it has begun, and an answer to be taken.
	frameTimeout = 10 * time.Second
	// finishTimeout is how long requests at work may take when the server ends.
	finishTimeout = 5 * time.Second
	// acceptPause is how long to wait after a connection could not be taken.
	acceptPause = 50 * time.Millisecond

	socketMode = 0o600
	folderMode = 0o700
)

// Errors of Listen.
var (
	// ErrRunning means that a server answers on the socket already.
	ErrRunning = errors.New("remote: a signer process listens there already")
	// ErrFolder means that others may write into the socket's folder, or that what is there is no socket.
	ErrFolder = errors.New("remote: not a safe place for a socket")
)

// Allow says what a client may do beyond signing, creating keys, listing, enveloping and retiring keys, and lowering quotas.
// Everything else is done where the keys are.
type Allow struct {
	Activate   bool // make a retired key active again
	Destroy    bool
	RaiseQuota bool
	NoCreate   bool // creating is refused
	NoEnvelop  bool // enveloping is refused
}

// ServerConfig describes a server.
type ServerConfig struct {
	Socket string      // path; its folder is made with mode 0700 if absent
	Holder keys.Holder // also a keys.Enveloper and keys.Finder if it can
	User   int         // number of a user who may connect besides this process's own and, on Linux, no other; 0: root; -1: none
	Allow  Allow
	Log    *slog.Logger // nil: nothing is logged
}

// Server gives the use of a holder's keys to local processes.
type Server struct {
	c        ServerConfig
	listener *net.UnixListener
	self     int           // this process's user
	patience time.Duration // frameTimeout
	clients  chan struct{}
	all      sync.WaitGroup
	mu       sync.Mutex
	open     map[*session]bool
	ending   bool // no more requests are read
}

// Listen begins to listen on the socket, in place of a server that was killed. Errors: ErrRunning, ErrFolder.
func Listen(c ServerConfig) (*Server, error) {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	made, err := folder(filepath.Dir(c.Socket))
	if err == nil {
		err = vacate(c.Socket)
	}
	if err != nil {
		return nil, fmt.Errorf("listening on %s: %w", c.Socket, err)
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: c.Socket, Net: "unix"})
	if err != nil {
		return nil, fmt.Errorf("listening on %s: %w", c.Socket, err)
	}
	if err := handOver(c, made); err != nil {
		return nil, errors.Join(fmt.Errorf("listening on %s: %w", c.Socket, err), l.Close())
	}
	return &Server{
		c: c, listener: l, self: os.Getuid(), patience: frameTimeout, clients: make(chan struct{}, maxClients), open: map[*session]bool{},
	}, nil
}

// folder makes the socket's folder, or checks that nobody else can put another socket in its place.
func folder(dir string) (made bool, err error) {
	about, err := os.Stat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return true, os.MkdirAll(dir, folderMode)
	}
	if err != nil {
		return false, err
	}
	if about.Mode().Perm()&0o022 != 0 {
		return false, fmt.Errorf("%w: others may write into its folder", ErrFolder)
	}
	return false, nil
}

// vacate removes the socket of a server that was killed.
func vacate(path string) error {
	about, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if about.Mode().Type() != fs.ModeSocket {
		return fmt.Errorf("%w: what is there is no socket", ErrFolder)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", path)
	if err == nil {
		return errors.Join(ErrRunning, conn.Close())
	}
	return os.Remove(path)
}

// handOver closes the socket to everybody but its user.
func handOver(c ServerConfig, made bool) error {
	if err := os.Chmod(c.Socket, socketMode); err != nil {
		return err
	}
	if c.User <= 0 || c.User == os.Getuid() {
		return nil
	}
	if made {
		if err := os.Chown(filepath.Dir(c.Socket), c.User, -1); err != nil {
			return err
		}
	}
	return os.Chown(c.Socket, c.User, -1)
}

// Run serves until ctx ends, then lets requests at work finish.
func (s *Server) Run(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { _ = s.listener.Close() }) // Accept then fails
	defer stop()
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	for {
		conn, err := s.listener.AcceptUnix()
		switch {
		case err == nil:
			s.admit(work, conn)
		case ctx.Err() != nil:
			s.finish(cancel)
			return nil
		case errors.Is(err, net.ErrClosed):
			s.finish(cancel)
			return fmt.Errorf("serving keys: %w", err)
		default: // too many open files, say
			s.c.Log.WarnContext(ctx, "a connection to the keys could not be taken", "err", err)
			pause(ctx)
		}
	}
}

// pause lets what ails the machine pass.
func pause(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(acceptPause):
	}
}

// admit serves a connection if its user may and there is room.
func (s *Server) admit(ctx context.Context, conn *net.UnixConn) {
	if err := s.knows(conn); err != nil {
		s.c.Log.WarnContext(ctx, "a connection to the keys was refused", "err", err)
		_ = conn.Close()
		return
	}
	select {
	case s.clients <- struct{}{}:
	default:
		s.c.Log.WarnContext(ctx, "a connection to the keys was refused: there are too many")
		_ = conn.Close()
		return
	}
	c := &session{s: s, conn: conn, slots: make(chan struct{}, maxInFlight)}
	s.mu.Lock()
	s.open[c] = true
	s.mu.Unlock()
	s.all.Go(func() {
		c.serve(ctx)
		s.mu.Lock()
		delete(s.open, c)
		s.mu.Unlock()
		<-s.clients
	})
}

// knows checks whose process is at the other end.
func (s *Server) knows(conn *net.UnixConn) error {
	uid, known, err := peer(conn)
	if err != nil || !known {
		return err
	}
	if uid != s.self && uid != s.c.User {
		return fmt.Errorf("%w: user %d", ErrForbidden, uid)
	}
	return nil
}

// finish reads no more requests, waits for those at work, and closes the connections.
func (s *Server) finish(cancel func()) {
	s.mu.Lock()
	s.ending = true
	for c := range s.open {
		_ = c.conn.SetReadDeadline(time.Now())
	}
	s.mu.Unlock()
	done := make(chan struct{})
	go func() { s.all.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(finishTimeout):
		cancel()
		s.mu.Lock()
		for c := range s.open {
			_ = c.conn.Close()
		}
		s.mu.Unlock()
		<-done
	}
}

// session is one connection.
type session struct {
	s       *Server
	conn    *net.UnixConn
	slots   chan struct{}
	writing sync.Mutex
}

func (c *session) serve(ctx context.Context) {
	var working sync.WaitGroup
	defer func() {
		working.Wait()
		_ = c.conn.Close()
	}()
	in := bufio.NewReader(c.conn)
	for {
		q, err := c.next(in)
		if err != nil {
			if !errors.Is(err, io.EOF) && !errors.Is(err, os.ErrDeadlineExceeded) && !errors.Is(err, net.ErrClosed) {
				c.s.c.Log.WarnContext(ctx, "a connection to the keys was closed", "err", err)
			}
			return
		}
		c.slots <- struct{}{}
		working.Go(func() {
			c.answer(ctx, q)
			<-c.slots
		})
	}
}

// next waits for a frame as long as it takes, and for its end not so long.
func (c *session) next(in *bufio.Reader) (request, error) {
	if err := c.await(); err != nil {
		return request{}, err
	}
	if _, err := in.Peek(1); err != nil {
		return request{}, err
	}
	if err := c.conn.SetReadDeadline(time.Now().Add(c.s.patience)); err != nil {
		return request{}, err
	}
	body, err := readFrame(in)
	if err != nil {
		return request{}, err
	}
	return parseRequest(body)
}

// await takes the deadline away, unless the server ends.
func (c *session) await() error {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	if c.s.ending {
		return io.EOF
	}
	return c.conn.SetReadDeadline(time.Time{})
}

// answer does what is asked and writes the reply; a client that does not take it loses the connection.
func (c *session) answer(ctx context.Context, q request) {
	r, err := c.s.do(ctx, q)
	if err != nil {
		r = failure(q.Number, err)
	}
	r.Number = q.Number
	b, err := frame(r)
	if err != nil {
		b, err = frame(failure(q.Number, err))
	}
	c.writing.Lock()
	defer c.writing.Unlock()
	if err == nil {
		err = c.conn.SetWriteDeadline(time.Now().Add(c.s.patience))
	}
	if err == nil {
		_, err = c.conn.Write(b)
	}
	if err != nil {
		_ = c.conn.Close()
	}
}
