package remote

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"time"
)

// What the tests of this package look into.
const (
	MaxClients  = maxClients
	MaxInFlight = maxInFlight
	MaxFrame    = maxFrame
	PageSize    = pageSize
)

// SetSelf lets a server take another user for its own.
func (s *Server) SetSelf(uid int) { s.self = uid }

// SetPatience changes how long the rest of a frame may take.
func (s *Server) SetPatience(d time.Duration) { s.patience = d }

// ErrorsThatCross are all sentinels that a client sees as they are.
func ErrorsThatCross() (all []error) {
	for _, c := range codes() {
		all = append(all, c.err)
	}
	return all
}

// Crossed sends an error over and returns what the client gets.
func Crossed(err error) (error, error) {
	b, err := frame(failure(1, err))
	if err != nil {
		return nil, err
	}
	return ReadReply(b)
}

// ReadReply reads a frame as a client does and returns the error in it.
func ReadReply(b []byte) (answered, err error) {
	body, err := readFrame(bufio.NewReader(bytes.NewReader(b)))
	if err != nil {
		return nil, err
	}
	var r reply
	if err := decode(body, &r); err != nil {
		return nil, err
	}
	for _, l := range r.Keys {
		_ = l.info()
	}
	return r.err(), nil
}

// ReadRequest reads a frame as a server does and writes it again.
func ReadRequest(b []byte) ([]byte, error) {
	body, err := readFrame(bufio.NewReader(bytes.NewReader(b)))
	if err != nil {
		return nil, err
	}
	q, err := parseRequest(body)
	if err != nil {
		return nil, err
	}
	return frame(q)
}

// Frame writes a body, which may be anything, as a frame.
func Frame(body string) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(body))), body...)
}

// SetUser changes who else may connect.
func (s *Server) SetUser(uid int) { s.c.User = uid }
