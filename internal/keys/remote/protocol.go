// Package remote reaches keys that another process holds, over a Unix socket: a Server beside the keys, and a Client that is a
// holder itself. Private keys stay with the server; what crosses is what a cryptographic device is given: for SM2 the 32 bytes
// e = SM3(Z ‖ M), for ECDSA the digest, for Ed25519 the message.
//
// A frame is the length of its body in 4 bytes, big endian, and a body of JSON. Requests have numbers; replies come in any
// order.
package remote

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"yinzheng/internal/gm"
	"yinzheng/internal/keys"
)

const (
	// MaxMessage bounds a message to sign with Ed25519, in bytes: checkpoints take some hundred.
	MaxMessage = 64 << 10
	// maxFrame bounds the body of a frame, in bytes: a page of the inventory, or a message in base64.
	maxFrame = 256 << 10
	// pageSize is how many lines of the inventory one reply has; each takes at most 700 bytes.
	pageSize = 256
	// maxText bounds the text of an error, in bytes.
	maxText = 1 << 10
)

// Errors of both sides.
var (
	// ErrFrame means that the other side does not speak this protocol.
	ErrFrame = errors.New("remote: malformed frame")
	// ErrForbidden means that the server does not do that for a client.
	ErrForbidden = fmt.Errorf("%w: the signer process was not started to do that over its socket", keys.ErrForbidden)
	// ErrUnreachable means that the signer process did not answer: what was asked for may have been done.
	ErrUnreachable = fmt.Errorf("%w: the signer process cannot be reached", keys.ErrAway)
	// ErrServer means that the server failed for a reason of its own.
	ErrServer = fmt.Errorf("%w: the signer process failed", keys.ErrAway)
)

// The operations.
const (
	opList    = "list"
	opInfo    = "info"
	opSigner  = "signer"
	opCreate  = "create"
	opChange  = "change"
	opSign    = "sign"
	opEnvelop = "envelop"
)

// request is what a client asks.
type request struct {
	Number    uint64 `json:"n"`
	Op        string `json:"op"`
	ID        string `json:"id,omitempty"`   // of list: the ID after which the page begins
	Data      []byte `json:"data,omitempty"` // of sign: e, digest or message; of envelop: the recipient's SubjectPublicKeyInfo
	Hash      uint   `json:"hash,omitempty"` // of sign with ECDSA: crypto.Hash
	Algorithm string `json:"algorithm,omitempty"`
	Use       string `json:"use,omitempty"`
	Quota     *int64 `json:"quota,omitempty"`
	State     string `json:"state,omitempty"`
}

// reply is what a server answers.
type reply struct {
	Number uint64 `json:"n"`
	Code   string `json:"code,omitempty"` // of an error; "": done
	Text   string `json:"text,omitempty"`
	Keys   []line `json:"keys,omitempty"` // a page of the inventory, or one line
	More   bool   `json:"more,omitempty"`
	Data   []byte `json:"data,omitempty"` // signature or envelope
}

// line is keys.Info on its way.
type line struct {
	ID        string    `json:"id"`
	Algorithm string    `json:"algorithm"`
	Use       string    `json:"use"`
	Quota     int64     `json:"quota,omitempty"`
	State     string    `json:"state"`
	Public    []byte    `json:"public"`
	Created   time.Time `json:"created"`
	Changed   time.Time `json:"changed"`
	Used      int64     `json:"used,omitempty"`
	LastUsed  time.Time `json:"last_used,omitzero"`
	Protected string    `json:"protected"`
}

func lineOf(i keys.Info) line {
	return line{
		ID: i.ID, Algorithm: string(i.Algorithm), Use: string(i.Use), Quota: i.Quota, State: string(i.State), Public: i.Public,
		Created: i.Created, Changed: i.Changed, Used: i.Used, LastUsed: i.LastUsed, Protected: i.Protected,
	}
}

func (l line) info() keys.Info {
	return keys.Info{
		Spec:  keys.Spec{ID: l.ID, Algorithm: keys.Algorithm(l.Algorithm), Use: keys.Use(l.Use), Quota: l.Quota},
		State: keys.State(l.State), Public: l.Public, Created: l.Created, Changed: l.Changed, Used: l.Used, LastUsed: l.LastUsed,
		Protected: l.Protected,
	}
}

// codes are the errors that cross; the first that fits an error is sent.
func codes() []coded {
	return []coded{
		{"forbidden", ErrForbidden}, {"no-key", keys.ErrNoKey}, {"exists", keys.ErrExists}, {"spec", keys.ErrSpec},
		{"state", keys.ErrState}, {"quota", keys.ErrQuota}, {"options", keys.ErrOptions}, {"sm2-options", gm.ErrOptions},
		{"key-file", keys.ErrKeyFile}, {"full", keys.ErrFull}, {"closed", keys.ErrClosed}, {"journal", keys.ErrJournal},
		{"frame", ErrFrame}, {"failed", ErrServer},
	}
}

type coded struct {
	code string
	err  error
}

// failure is the reply to a request that failed.
func failure(number uint64, err error) reply {
	text := err.Error()
	r := reply{Number: number, Code: "failed", Text: text[:min(len(text), maxText)]}
	for _, c := range codes() {
		if errors.Is(err, c.err) {
			r.Code = c.code
			break
		}
	}
	return r
}

// failed is an error that came over the socket.
type failed struct {
	text string
	kind error
}

func (f *failed) Error() string { return "signer process: " + f.text }
func (f *failed) Unwrap() error { return f.kind }

// err returns the error of a reply, or nil.
func (r reply) err() error {
	if r.Code == "" {
		return nil
	}
	for _, c := range codes() {
		if c.code == r.Code {
			return &failed{r.Text, c.err}
		}
	}
	return &failed{r.Text, ErrServer}
}

// parseRequest reads the body of a frame: ErrFrame. What it asks for is the holder's to judge.
func parseRequest(body []byte) (q request, err error) {
	if err := decode(body, &q); err != nil {
		return q, err
	}
	switch q.Op {
	case opList, opInfo, opSigner, opCreate, opChange, opSign, opEnvelop:
	default:
		return q, fmt.Errorf("%w: an unknown operation", ErrFrame)
	}
	if q.Number == 0 || len(q.Data) > MaxMessage {
		return q, fmt.Errorf("%w: no number, or more than %d bytes", ErrFrame, MaxMessage)
	}
	if q.ID != "" && !keys.ValidID(q.ID) {
		return q, fmt.Errorf("%w: an ID that is none", ErrFrame)
	}
	return q, nil
}

func decode(body []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("%w: %w", ErrFrame, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: something follows the body", ErrFrame)
	}
	return nil
}

// readFrame returns the body of the next frame. io.EOF: there is none.
func readFrame(in *bufio.Reader) ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(in, head[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(head[:])
	if n == 0 || n > maxFrame {
		return nil, fmt.Errorf("%w: of %d bytes", ErrFrame, n)
	}
	body := make([]byte, n)
	if _, err := io.ReadFull(in, body); err != nil {
		return nil, fmt.Errorf("%w: it is cut off: %w", ErrFrame, err)
	}
	return body, nil
}

// frame writes v as a frame.
func frame(v any) ([]byte, error) {
	body, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	if len(body) > maxFrame {
		return nil, fmt.Errorf("%w: of %d bytes", ErrFrame, len(body))
	}
	return append(binary.BigEndian.AppendUint32(make([]byte, 0, 4+len(body)), uint32(len(body))), body...), nil //nolint:gosec // at most maxFrame
}
