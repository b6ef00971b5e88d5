package operate

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"yinzheng/ca"
	"yinzheng/internal/auth"
	"yinzheng/internal/foureyes"
	"yinzheng/internal/gm"
	"yinzheng/internal/keys"
)

// The acts that need two people. Each may be done twice without harm: a crash between decision and deed repeats it.
const (
	ActRequestCA  = "ca.request"     // next generation of an issuing CA: key and request
	ActImport     = "ca.import"      // what a ceremony signed
	ActImportList = "ca.import-list" // a root's revocation list
	ActRenew      = "ca.renew"       // a service certificate of our own, now
	ActRevoke     = "ca.revoke"      // a certificate that the house itself stands on
	ActRecover    = "key.recover"    // an encryption key for its owner's new signing key
	ActKeyState   = "key.state"      // retire, activate, destroy
	ActKeyQuota   = "key.quota"
	ActCaller     = "caller.add" // a caller who may approve, once there is one
)

// What each act is told. Unknown members are refused.
type (
	// RequestCA names "authority" or "tls".
	RequestCA struct {
		Name string `json:"name"`
	}
	// Import brings a certificate (PEM) by the name "root", "tls-root", "authority", "tls" or "cross".
	Import struct {
		Name        string `json:"name"`
		Certificate string `json:"certificate"`
	}
	// ImportList brings the list of "root" or "tls-root", DER.
	ImportList struct {
		Name string `json:"name"`
		List []byte `json:"list"`
	}
	// Renew names a service, e.g. "trust-list".
	Renew struct {
		Name string `json:"name"`
	}
	// Revoke names a certificate by its authority's key identifier and its serial number in decimal.
	Revoke struct {
		Authority string `json:"authority"`
		Serial    string `json:"serial"`
		Reason    int    `json:"reason"`
	}
	// Recover names two signing certificates of one owner, DER.
	Recover struct {
		Old     []byte `json:"old"`
		Renewed []byte `json:"renewed"`
	}
	// KeyState sets a key's state.
	KeyState struct {
		Key   string     `json:"key"`
		State keys.State `json:"state"`
	}
	// KeyQuota sets how many signatures a key may make in its life; 0 for no bound.
	KeyQuota struct {
		Key   string `json:"key"`
		Quota int64  `json:"quota"`
	}
	// AddCaller adds a caller by the SM3 of an API key.
	AddCaller struct {
		Key    string      `json:"key_sm3"`
		Caller auth.Caller `json:"caller"`
	}
)

// ErrDetail means that what an act is told cannot be read.
var ErrDetail = errors.New("operate: the details of the act cannot be read")

// deed is an act with the check of its details, which is made before anybody is asked to approve it and again before it is done.
type deed struct {
	check func(detail []byte) error
	do    foureyes.Act
}

// act reads the details strictly before it does anything.
func act[D any](do func(context.Context, foureyes.Proposal, D) (string, error)) deed {
	return deed{
		check: func(b []byte) error {
			_, err := readDetail[D](b)
			return err
		},
		do: func(ctx context.Context, p foureyes.Proposal) (string, error) {
			d, err := readDetail[D](p.Detail)
			if err != nil {
				return "", err
			}
			return do(ctx, p, d)
		},
	}
}

func readDetail[D any](b []byte) (d D, err error) {
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&d); err != nil {
		return d, fmt.Errorf("%w: %w", ErrDetail, err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return d, fmt.Errorf("%w: something follows", ErrDetail)
	}
	return d, nil
}

// CheckDetail refuses what could not be carried out for its form alone: ErrDetail, foureyes.ErrUnknownAct.
func CheckDetail(name string, b []byte) error {
	d, known := (*Service)(nil).deeds()[name] // to look at the form takes no service
	if !known {
		return foureyes.ErrUnknownAct
	}
	return d.check(b)
}

// acts are what the desk carries out once two people agree.
func (s *Service) acts() map[string]foureyes.Act {
	acts := map[string]foureyes.Act{}
	for name, d := range s.deeds() {
		acts[name] = d.do
	}
	return acts
}

// deeds is the one table of acts.
func (s *Service) deeds() map[string]deed {
	return map[string]deed{
		ActRequestCA: act(func(ctx context.Context, _ foureyes.Proposal, d RequestCA) (string, error) {
			q, err := s.c.Region.RequestAuthority(ctx, d.Name)
			return q.Name + ".csr", err
		}),
		ActImport: act(func(ctx context.Context, _ foureyes.Proposal, d Import) (string, error) {
			name, err := s.c.Region.Import(ctx, d.Name, []byte(d.Certificate))
			s.c.Notice()
			return name, err
		}),
		ActImportList: act(func(_ context.Context, _ foureyes.Proposal, d ImportList) (string, error) {
			return d.Name, s.c.Region.ImportList(d.Name, d.List)
		}),
		ActRenew: act(func(ctx context.Context, _ foureyes.Proposal, d Renew) (string, error) {
			made, err := s.c.Region.Renew(ctx, d.Name)
			return strings.Join(made, " "), err
		}),
		ActRevoke: act(func(ctx context.Context, _ foureyes.Proposal, d Revoke) (string, error) {
			err := s.revoke(ctx, d)
			if errors.Is(err, ca.ErrRevoked) {
				err = nil // done before a crash
			}
			return d.Serial, err
		}),
		ActRecover: act(func(ctx context.Context, _ foureyes.Proposal, d Recover) (string, error) {
			enveloped, err := s.c.Region.Recover(ctx, d.Old, d.Renewed)
			return hex.EncodeToString(enveloped), err // for the owner's eyes only: it opens under the new key
		}),
		ActKeyState: act(func(ctx context.Context, _ foureyes.Proposal, d KeyState) (string, error) {
			if err := s.mayBe(d); err != nil {
				return "", err
			}
			info, err := s.c.Keys.Change(ctx, d.Key, keys.Change{State: &d.State})
			return string(info.State), err
		}),
		ActKeyQuota: act(func(ctx context.Context, _ foureyes.Proposal, d KeyQuota) (string, error) {
			_, err := s.c.Keys.Change(ctx, d.Key, keys.Change{Quota: &d.Quota})
			return strconv.FormatInt(d.Quota, 10), err
		}),
		ActCaller: act(func(ctx context.Context, _ foureyes.Proposal, d AddCaller) (string, error) {
			key, err := gm.ParseDigest(d.Key)
			if err == nil {
				err = d.Caller.Check()
			}
			if err != nil {
				return "", fmt.Errorf("%w: %w", ErrDetail, err)
			}
			return d.Caller.ID, s.c.Callers.PutCaller(ctx, key, d.Caller)
		}),
	}
}

// mayBe refuses to take a key away that the region stands on.
func (s *Service) mayBe(d KeyState) error {
	if d.State == keys.Active {
		return nil
	}
	return s.c.Region.MayGo(d.Key)
}

// rawDetail keeps the bytes that were checked.
func rawDetail(b []byte) json.RawMessage { return json.RawMessage(b) }
