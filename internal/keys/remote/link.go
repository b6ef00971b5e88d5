package remote

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// link is one connection of a client, with the requests that wait for an answer.
type link struct {
	conn    net.Conn
	writing sync.Mutex

	mu      sync.Mutex
	number  uint64
	waiting map[uint64]chan reply
	dead    chan struct{}
	why     error // set before dead is closed
}

func newLink(conn net.Conn) *link {
	l := &link{conn: conn, waiting: map[uint64]chan reply{}, dead: make(chan struct{})}
	go l.read()
	return l
}

func (l *link) alive() bool {
	select {
	case <-l.dead:
		return false
	default:
		return true
	}
}

// end closes the connection; who waits fails with why.
func (l *link) end(why error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.alive() {
		return
	}
	l.why = why
	close(l.dead)
	_ = l.conn.Close()
}

// read hands every reply to who waits for it.
func (l *link) read() {
	in := bufio.NewReader(l.conn)
	for {
		body, err := readFrame(in)
		var r reply
		if err == nil {
			err = decode(body, &r)
		}
		if err != nil {
			l.end(err)
			return
		}
		l.mu.Lock()
		answer := l.waiting[r.Number]
		delete(l.waiting, r.Number)
		l.mu.Unlock()
		if answer != nil { // nobody: its caller has given up
			answer <- r
		}
	}
}

// ask sends a request and waits for its reply. sent is false when the server cannot have got it.
func (l *link) ask(ctx context.Context, q request) (r reply, sent bool, err error) {
	answer := make(chan reply, 1)
	l.mu.Lock()
	l.number++
	q.Number = l.number
	l.waiting[q.Number] = answer
	l.mu.Unlock()
	defer func() {
		l.mu.Lock()
		delete(l.waiting, q.Number)
		l.mu.Unlock()
	}()
	b, err := frame(q)
	if err != nil {
		return r, false, err
	}
	if err := l.write(b); err != nil {
		return r, false, err
	}
	select {
	case r = <-answer:
		return r, true, nil
	case <-l.dead:
		select {
		case r = <-answer: // it came just before
			return r, true, nil
		default:
		}
		return r, true, fmt.Errorf("the connection ended: %w", l.why)
	case <-ctx.Done():
		return r, true, ctx.Err()
	}
}

// write sends a whole frame or ends the connection: a server acts on no part of one.
func (l *link) write(b []byte) error {
	l.writing.Lock()
	defer l.writing.Unlock()
	if !l.alive() {
		return errors.New("the connection has ended")
	}
	if err := l.conn.SetWriteDeadline(time.Now().Add(frameTimeout)); err != nil {
		return err
	}
	if _, err := l.conn.Write(b); err != nil {
		l.end(err)
		return err
	}
	return nil
}
