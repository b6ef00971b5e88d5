// Package operate is the counter of the authority: what its operators may ask for, who of them may, and what is written down
// about it. Acts on roots and authorities need two people.
package operate

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"time"

	"yinzheng/ca"
	"yinzheng/internal/audit"
	"yinzheng/internal/auth"
	"yinzheng/internal/foureyes"
	"yinzheng/internal/keys"
)

// ErrTwoPeople means that an act is to be proposed by one person and approved by another.
var ErrTwoPeople = errors.New("operate: this needs a second person's approval")

// Config is what the counter works with; everything is required.
type Config struct {
	Region    *ca.Region
	Keys      keys.Holder
	Books     ca.Books
	Enrolment *ca.Enrolment
	Callers   auth.Credentials
	Proposals foureyes.Store
	Audit     audit.Log
	Now       func() time.Time
	Notice    func() // tells the revocation lists of this process that something was revoked
}

// Service is the open counter. It is safe for concurrent use.
type Service struct {
	c    Config
	desk *foureyes.Desk
}

// New opens the counter.
func New(c Config) (*Service, error) {
	if c.Region == nil || c.Keys == nil || c.Books == nil || c.Enrolment == nil || c.Callers == nil || c.Audit == nil || c.Now == nil || c.Notice == nil {
		return nil, errors.New("operate: a part of the configuration is missing")
	}
	s := &Service{c: c}
	var err error
	s.desk, err = foureyes.New(foureyes.Config{Store: c.Proposals, Audit: c.Audit, Now: c.Now, Acts: s.acts()})
	return s, err
}

// Resume carries out what two people had agreed upon when the process ended.
func (s *Service) Resume(ctx context.Context) error { return s.desk.Resume(ctx) }

// note writes down what an operator is about to do; what cannot be written down is not done.
func (s *Service) note(ctx context.Context, by auth.Caller, action, object, detail string) error {
	_, err := s.c.Audit.Append(ctx, audit.Entry{At: s.c.Now(), Caller: by.ID, Action: action, Object: object, Detail: detail})
	if err != nil {
		return fmt.Errorf("recording %s: %w", action, err)
	}
	return nil
}

// may lets those pass who operate the authority.
func may(by auth.Caller) error { return by.May(auth.OperateCA) }

// mayRead lets everybody pass who has any part in running the authority.
func mayRead(by auth.Caller) error {
	if by.May(auth.OperateCA) == nil || by.May(auth.ApproveCA) == nil {
		return nil
	}
	return by.May(auth.Operate)
}

// Issuable are the profiles under which an operator may have a request certified; the others belong to the house, to seals, to
// pairs or to enrolment.
func Issuable() []string { return []string{ca.ProfileTLSServer, ca.ProfileFabricMSP} }

// Issue certifies a request (PKCS#10, DER) under one of the Issuable profiles, for lower-case host names.
func (s *Service) Issue(ctx context.Context, by auth.Caller, profile string, csr []byte, hosts []string) ([]byte, error) {
	if err := may(by); err != nil {
		return nil, err
	}
	if !slices.Contains(Issuable(), profile) {
		return nil, fmt.Errorf("issuing: %w: %q is not issued here", ca.ErrProfile, profile)
	}
	o, err := ca.ParseOrder(csr, profile, by.ID)
	if err != nil {
		return nil, err
	}
	o.Hosts = hosts
	if o.Subject.CommonName == "" && len(hosts) > 0 {
		o.Subject.CommonName = hosts[0]
	}
	if err := s.note(ctx, by, "ca.issue", profile, o.Subject.CommonName); err != nil {
		return nil, err
	}
	return s.c.Region.IssueTLS(ctx, o, csr)
}

// IssueDual certifies a pair (双证书) for the owner of a request.
func (s *Service) IssueDual(ctx context.Context, by auth.Caller, csr []byte) (ca.Dual, error) {
	if err := may(by); err != nil {
		return ca.Dual{}, err
	}
	o, err := ca.ParseOrder(csr, ca.ProfileSign, by.ID)
	if err != nil {
		return ca.Dual{}, err
	}
	if err := s.note(ctx, by, "ca.issue-dual", ca.ProfileSign, o.Subject.CommonName); err != nil {
		return ca.Dual{}, err
	}
	return s.c.Region.IssueDual(ctx, by.ID, csr)
}

// Revoke revokes a certificate of an end entity at once; one that the house itself stands on is ErrTwoPeople.
func (s *Service) Revoke(ctx context.Context, by auth.Caller, d Revoke) error {
	if err := may(by); err != nil {
		return err
	}
	record, err := s.c.Books.Certificate(ctx, d.Authority, d.Serial)
	if err != nil {
		return err
	}
	if record.Critical() {
		return ErrTwoPeople
	}
	if err := s.note(ctx, by, "ca.revoke", d.Serial, fmt.Sprintf("%s, reason %d", record.Profile, d.Reason)); err != nil {
		return err
	}
	return s.revoke(ctx, d)
}

func (s *Service) revoke(ctx context.Context, d Revoke) error {
	err := s.c.Region.Revoke(ctx, d.Authority, d.Serial, d.Reason)
	s.c.Notice()
	return err
}

// Certificates pages through the register.
func (s *Service) Certificates(ctx context.Context, by auth.Caller, q ca.Query) ([]ca.Record, int64, error) {
	if err := mayRead(by); err != nil {
		return nil, 0, err
	}
	return s.c.Books.Certificates(ctx, q)
}

// Certificate reads one record of the register.
func (s *Service) Certificate(ctx context.Context, by auth.Caller, authority, serial string) (ca.Record, error) {
	if err := mayRead(by); err != nil {
		return ca.Record{}, err
	}
	return s.c.Books.Certificate(ctx, authority, serial)
}

// Keys returns the inventory of keys.
func (s *Service) Keys(ctx context.Context, by auth.Caller) ([]keys.Info, error) {
	if err := mayRead(by); err != nil {
		return nil, err
	}
	return s.c.Keys.List(ctx)
}

// NewToken makes a one-time enrolment token for a calling system. A caller who would itself run the authority is not enrolled
// this way.
func (s *Service) NewToken(ctx context.Context, by, caller auth.Caller) (string, time.Time, error) {
	if err := may(by); err != nil {
		return "", time.Time{}, err
	}
	if Privileged(caller) {
		return "", time.Time{}, ErrTwoPeople
	}
	if err := s.note(ctx, by, "ca.token", caller.ID, fmt.Sprint(caller.Actions)); err != nil {
		return "", time.Time{}, err
	}
	return s.c.Enrolment.NewToken(ctx, by.ID, caller)
}

// Privileged reports whether a caller may run the authority, or decide about seals or make them: one person who could add such
// callers alone would be several.
func Privileged(c auth.Caller) bool {
	return slices.ContainsFunc(c.Actions, func(a auth.Action) bool {
		return slices.Contains([]auth.Action{auth.OperateCA, auth.ApproveCA, auth.DecideSeal, auth.MakeSeal}, a)
	})
}

// Enrol exchanges a token for a client certificate; the token says who asks. It is written down when the token was good, so
// that strangers cannot fill the record; an answer that was not given can be asked for again with the same key.
func (s *Service) Enrol(ctx context.Context, token string, csr []byte) ([]byte, error) {
	der, err := s.c.Enrolment.Enrol(ctx, token, csr)
	if err != nil {
		return nil, err
	}
	return der, s.noteClient(ctx, "ca.enrol", der)
}

// Renew exchanges a good client certificate for the next one.
func (s *Service) Renew(ctx context.Context, present *x509.Certificate, csr []byte) ([]byte, error) {
	der, err := s.c.Enrolment.Renew(ctx, present, csr)
	if err != nil {
		return nil, err
	}
	return der, s.noteClient(ctx, "ca.renew-client", der)
}

// noteClient writes down which system has which certificate from now on.
func (s *Service) noteClient(ctx context.Context, action string, der []byte) error {
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return fmt.Errorf("recording %s: %w", action, err)
	}
	return s.note(ctx, auth.Caller{ID: cert.Subject.CommonName}, action, cert.SerialNumber.String(), ca.ProfileTLSClient)
}

// Propose asks for an act that needs two people.
func (s *Service) Propose(ctx context.Context, by auth.Caller, name string, detail []byte) (foureyes.Proposal, error) {
	if err := may(by); err != nil {
		return foureyes.Proposal{}, err
	}
	if err := CheckDetail(name, detail); err != nil {
		return foureyes.Proposal{}, err
	}
	if name == ActKeyState { // said before anybody is asked to approve it
		if d, err := readDetail[KeyState](detail); err != nil || s.mayBe(d) != nil {
			return foureyes.Proposal{}, errors.Join(err, s.mayBe(d))
		}
	}
	return s.desk.Propose(ctx, by, name, rawDetail(detail))
}

// Approve carries out what somebody else proposed.
func (s *Service) Approve(ctx context.Context, by auth.Caller, id string) (foureyes.Proposal, error) {
	if err := by.May(auth.ApproveCA); err != nil {
		return foureyes.Proposal{}, err
	}
	return s.desk.Approve(ctx, by, id)
}

// Reject ends a proposal.
func (s *Service) Reject(ctx context.Context, by auth.Caller, id string) (foureyes.Proposal, error) {
	if err := by.May(auth.ApproveCA); err != nil {
		return foureyes.Proposal{}, err
	}
	return s.desk.Reject(ctx, by, id)
}

// Proposals pages through what was proposed, newest last; state "" for every one.
func (s *Service) Proposals(ctx context.Context, by auth.Caller, state foureyes.State, after string, n int) ([]foureyes.Proposal, error) {
	if err := mayRead(by); err != nil {
		return nil, err
	}
	return s.c.Proposals.Proposals(ctx, state, after, n)
}

// Authority returns the certificate of the SM2 issuing CA, DER.
func (s *Service) Authority() []byte { return s.c.Region.Authority().Certificate }

// TLSAuthority returns the certificate of the ECDSA issuing CA, DER.
func (s *Service) TLSAuthority() []byte { return s.c.Region.TLSAuthority().Certificate }
