package chain

import (
	"bytes"
	"encoding/asn1"
	"sync"

	"yinzheng/internal/gm"
)

// Extensions that a path depends on (RFC 5280, 4.2.1), by their last number under id-ce.
const (
	extKeyUsage         = 15
	extAlternativeName  = 17
	extBasicConstraints = 19
	extNameConstraints  = 30
	extPolicies         = 32
	extExtendedUsage    = 37
)

// member is a certificate with what a search asks of it again and again.
type member struct {
	cert        *gm.Certificate
	root        bool
	digest      gm.Digest // of a root
	distance    int       // certificates between it and a root, by name
	sm2, p256   bool      // its key
	weak        string    // why its key signs nothing that is believed
	selfIssued  bool
	identity    string       // subject and key: the same twice in a path is a circle
	flaw        string       // why it may issue nothing at any time
	unknown     string       // critical extension that is not understood, or extension that cannot be read
	limited     bool         // it has a pathLenConstraint
	constraints *constraints // nil: none

	// names reads its names when a constraint asks for them; an error lets no constraint pass it.
	names func() ([]generalName, error)
}

func newMember(c *gm.Certificate) *member {
	m := &member{
		cert: c, sm2: gm.IsSM2(c.PublicKey), p256: isP256(c), selfIssued: bytes.Equal(c.RawSubject, c.RawIssuer),
		identity: string(c.RawSubject) + "\x00" + string(c.RawSubjectPublicKeyInfo),
		limited:  c.BasicConstraintsValid && (c.MaxPathLen > 0 || c.MaxPathLenZero),
		names:    sync.OnceValues(func() ([]generalName, error) { return certificateNames(c) }),
	}
	if err := gm.CheckKeyAny(c.PublicKey); err != nil {
		m.weak = err.Error()
	}
	m.readExtensions()
	switch {
	case m.unknown != "":
		m.flaw = WhyExtension
	case c.Version != 3 || !c.BasicConstraintsValid || !c.IsCA || c.KeyUsage&gm.KeyUsageCertSign == 0 || len(c.Subject.Names) == 0:
		m.flaw = WhyIssuerCA // without a subject it is nobody (RFC 5280, 4.1.2.6)
	}
	return m
}

// readExtensions reads the name constraints and looks for a critical extension that nobody here understands. What is not
// processed is refused, policies' constraints among them; certificatePolicies alone constrain nothing when every policy
// will do (RFC 5280, 6.1.1 c). Extended key usage is for who uses the leaf.
func (m *member) readExtensions() {
	for _, e := range m.cert.Extensions {
		kind := 0
		if len(e.Id) == 4 && e.Id[:3].Equal(asn1.ObjectIdentifier{2, 5, 29}) {
			kind = e.Id[3]
		}
		understood := false
		switch kind {
		case extNameConstraints: // never ignored, critical or not
			c, err := parseConstraints(e.Value)
			if err != nil {
				m.unknown = e.Id.String()
				return
			}
			m.constraints, understood = c, true
		case extAlternativeName:
			understood = !e.Critical || m.alternativeUnderstood()
		case extKeyUsage, extBasicConstraints, extPolicies, extExtendedUsage:
			understood = true
		}
		if e.Critical && !understood {
			m.unknown = e.Id.String()
			return
		}
	}
}

// alternativeUnderstood reports whether one alternative name at least is of a form that is understood.
func (m *member) alternativeUnderstood() bool {
	names, err := m.names()
	if err != nil {
		return false
	}
	for _, n := range names {
		if n.alternative && n.form.supported() {
			return true
		}
	}
	return false
}
