package ceremony

import (
	"crypto"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"yinzheng/internal/durable"
	"yinzheng/internal/gm"
)

// Limits of a transcript.
const (
	MaxTranscript = 1 << 20 // bytes of the file
	maxEntries    = 500     // an act with every request and every share has under 100
	maxLine       = 256 << 10
)

const (
	transcriptFormat = "yinzheng-ceremony-1"
	signatureLabel   = "yinzheng ceremony transcript v1\n"
)

// Event is what a line of a transcript records.
type Event string

// The events, in the order in which an act has them.
const (
	EventBegin     Event = "begin"     // an act begins
	EventOpened    Event = "opened"    // officers opened the root keys
	EventShared    Event = "shared"    // a new secret is about to be shared
	EventAside     Event = "aside"     // a file of an attempt that ended early was put aside
	EventShare     Event = "share"     // a share file was written
	EventKey       Event = "key"       // a root key file was written
	EventIntent    Event = "intent"    // a certificate is about to be signed
	EventList      Event = "list"      // a revocation list is about to be signed
	EventMade      Event = "made"      // what was intended last is signed and stored
	EventEnd       Event = "end"       // the act is complete
	EventSignature Event = "signature" // the SM2 root's, over everything before
)

// Entry is one line of a transcript: JSON without spaces. Its one part is that of its event.
type Entry struct {
	N        int       `json:"n"`
	Previous gm.Digest `json:"previous"` // SM3 of the line before; in the first, of the transcript before, or zeros
	At       string    `json:"at"`       // RFC 3339, UTC, whole seconds
	Event    Event     `json:"event"`

	Begin     *Begin       `json:"begin,omitempty"`
	Opened    []string     `json:"opened,omitempty"` // labels of the officers
	Shared    []string     `json:"shared,omitempty"` // commitments to the secret's polynomial: points of P-256
	Aside     *Aside       `json:"aside,omitempty"`
	Share     *ShareRecord `json:"share,omitempty"`
	Key       *KeyRecord   `json:"key,omitempty"`
	Intent    *Intent      `json:"intent,omitempty"`
	List      *ListIntent  `json:"list,omitempty"`
	Made      *Made        `json:"made,omitempty"`
	Signature []byte       `json:"signature,omitempty"` // DER
}

// Begin opens a transcript.
type Begin struct {
	Format     string       `json:"format"`
	Ceremony   string       `json:"ceremony"` // 32 hexadecimal digits, made with the roots
	Number     int          `json:"number"`   // of the transcript, from 1
	Act        Act          `json:"act"`
	Region     string       `json:"region"`
	Name       string       `json:"name"`
	Plan       gm.Digest    `json:"plan"` // SM3 of the reviewed file
	Tool       string       `json:"tool"`
	Officers   []string     `json:"officers"`
	Threshold  int          `json:"threshold"`
	Root       *gm.Digest   `json:"root,omitempty"`       // SM3 of the SM2 root certificate, once there is one
	Unfinished []Unfinished `json:"unfinished,omitempty"` // transcripts before this one that were never closed
}

// Unfinished is a run that ended early.
type Unfinished struct {
	Number int       `json:"number"`
	SM3    gm.Digest `json:"sm3"` // of its file as it was found
}

// Aside is a file of an attempt to make the roots that ended early.
type Aside struct {
	File string `json:"file"`
	To   string `json:"to"`
}

// ShareRecord is a share file.
type ShareRecord struct {
	Officer string    `json:"officer"`
	Index   int       `json:"index"`
	SM3     gm.Digest `json:"sm3"`
}

// KeyRecord is a root key.
type KeyRecord struct {
	Name string    `json:"name"`
	Key  gm.Digest `json:"key"` // SM3 of the SubjectPublicKeyInfo
	SM3  gm.Digest `json:"sm3"` // of the encrypted file
}

// Intent says what is signed next.
type Intent struct {
	Name    string    `json:"name"`
	Profile string    `json:"profile"`
	Issuer  string    `json:"issuer"` // root or tls-root
	Serial  string    `json:"serial"`
	Subject string    `json:"subject"`
	Key     gm.Digest `json:"key"` // SM3 of the SubjectPublicKeyInfo
}

// ListIntent says which revocation list is signed next.
type ListIntent struct {
	Name       string       `json:"name"` // root or tls-root
	Number     int64        `json:"number"`
	NextUpdate string       `json:"next_update"`
	Revoked    []Revocation `json:"revoked,omitempty"`
}

// Made is what was stored.
type Made struct {
	Name   string    `json:"name"`
	File   string    `json:"file"` // in the ceremony folder, with slashes
	SM3    gm.Digest `json:"sm3"`  // of the DER
	Serial string    `json:"serial,omitempty"`
	Number int64     `json:"number,omitempty"`
	Found  bool      `json:"found,omitempty"` // an earlier run had signed and stored it, and ended before it could say so
}

// line is the entry's one encoding, without the newline.
func (e *Entry) line() ([]byte, error) {
	b, err := json.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("encoding a line of the transcript: %w", err)
	}
	return b, nil
}

// signed is the message that the root signs: the last line without the signature, which names all lines before it.
func (e Entry) signed() ([]byte, error) {
	e.Signature = nil
	b, err := e.line()
	return append([]byte(signatureLabel), b...), err
}

// writer appends to a transcript; every line is on disk when add returns.
type writer struct {
	file     *os.File
	n        int
	previous gm.Digest
	now      func() time.Time
	last     time.Time
}

// createTranscript begins a file that must not be there.
func createTranscript(path string, previous gm.Digest, now func() time.Time) (*writer, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL|os.O_APPEND, fileMode)
	if err != nil {
		return nil, fmt.Errorf("beginning a transcript: %w", err)
	}
	if err := durable.SyncDir(filepath.Dir(path)); err != nil {
		return nil, errors.Join(fmt.Errorf("beginning a transcript: %w", err), f.Close())
	}
	return &writer{file: f, previous: previous, now: now}, nil
}

// add completes the entry with number, chain and time.
func (w *writer) add(e Entry) error {
	b, err := w.complete(&e).line()
	if err != nil {
		return err
	}
	return w.write(b)
}

// close signs what was written.
func (w *writer) close(key crypto.Signer) error {
	e := w.complete(&Entry{Event: EventSignature})
	msg, err := e.signed()
	if err != nil {
		return err
	}
	if e.Signature, err = gm.Sign(key, msg); err != nil {
		return fmt.Errorf("signing the transcript: %w", err)
	}
	b, err := e.line()
	if err != nil {
		return err
	}
	return w.write(b)
}

// complete fills in number, chain and time; a clock that steps back within a run does not take the lines along.
func (w *writer) complete(e *Entry) *Entry {
	if at := w.now().UTC().Truncate(time.Second); at.After(w.last) {
		w.last = at
	}
	e.N, e.Previous, e.At = w.n, w.previous, w.last.Format(time.RFC3339)
	return e
}

func (w *writer) write(line []byte) error {
	if len(line) > maxLine || w.n >= maxEntries {
		return fmt.Errorf("writing the transcript: %w: too long", ErrTranscript)
	}
	if _, err := w.file.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("writing the transcript: %w", err)
	}
	if err := w.file.Sync(); err != nil {
		return fmt.Errorf("writing the transcript: %w", err)
	}
	w.n, w.previous = w.n+1, gm.Sum(line)
	return nil
}
