package keys

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// ErrEntry means that a line of the inventory is not as this package writes it.
var ErrEntry = errors.New("keys: an entry of the inventory is damaged")

// MaxEntry bounds the file of one inventory entry, in bytes; ours take about 500.
const MaxEntry = 4 << 10

const entryFormat = "yinzheng key 1"

// entry is a line of the inventory as its file has it.
type entry struct {
	Format    string    `json:"format"`
	ID        string    `json:"id"`
	Algorithm Algorithm `json:"algorithm"`
	Use       Use       `json:"use"`
	Quota     int64     `json:"quota"`
	State     State     `json:"state"`
	Public    []byte    `json:"public"`
	Created   time.Time `json:"created"`
	Changed   time.Time `json:"changed"`
	Used      int64     `json:"used"` // when the file was written; the journal knows those made since
	LastUsed  time.Time `json:"last_used,omitzero"`
	Protected string    `json:"protected"`
	Replaces  string    `json:"replaces,omitempty"` // the key whose place it took (Rotate)
}

func (e entry) spec() Spec { return Spec{ID: e.ID, Algorithm: e.Algorithm, Use: e.Use, Quota: e.Quota} }

func (e entry) info() Info {
	return Info{
		Spec: e.spec(), State: e.State, Public: bytes.Clone(e.Public), Created: e.Created, Changed: e.Changed,
		Used: e.Used, LastUsed: e.LastUsed, Protected: e.Protected,
	}
}

func (e entry) encode() ([]byte, error) {
	b, err := json.MarshalIndent(e, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("writing the entry of %s: %w", e.ID, err)
	}
	return append(b, '\n'), nil
}

// parseEntry reads exactly what encode writes: one JSON object, each member once and in order, nothing else. ErrEntry.
func parseEntry(b []byte) (e entry, err error) {
	if len(b) > MaxEntry {
		return e, fmt.Errorf("%w: more than %d bytes", ErrEntry, MaxEntry)
	}
	if err := json.Unmarshal(b, &e); err != nil {
		return e, fmt.Errorf("%w: %w", ErrEntry, err)
	}
	if err := e.check(); err != nil {
		return e, fmt.Errorf("%w: %w", ErrEntry, err)
	}
	again, err := e.encode()
	if err != nil {
		return e, fmt.Errorf("%w: %w", ErrEntry, err)
	}
	if !bytes.Equal(again, b) {
		return e, fmt.Errorf("%w: not in canonical form", ErrEntry)
	}
	return e, nil
}

func (e entry) check() error {
	if err := e.spec().Check(); err != nil {
		return err
	}
	switch {
	case e.Format != entryFormat:
		return fmt.Errorf("the format is %q", clip(e.Format))
	case !validState(e.State):
		return fmt.Errorf("the state is %q", clip(string(e.State)))
	case e.Used < 0:
		return fmt.Errorf("%d uses", e.Used)
	case e.Created.IsZero() || e.Changed.IsZero():
		return errors.New("a time is missing")
	case e.Replaces != "" && !ValidID(e.Replaces):
		return fmt.Errorf("it replaces %q", clip(e.Replaces))
	case !word(e.Protected, "-"):
		return fmt.Errorf("its protection is %q", clip(e.Protected))
	}
	_, err := ParsePublic(e.Algorithm, e.Public)
	return err
}

func validState(s State) bool { return s == Active || s == Retired || s == Destroyed }
