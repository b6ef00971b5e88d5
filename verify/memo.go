package verify

import (
	"crypto/sha256"
	"sync"

	"yinzheng/internal/gm"
	"yinzheng/internal/pdf"
	"yinzheng/internal/ses"
)

// memo remembers, by SHA-256, what does not depend on anything but bytes: that a seal's signature verifies, what a
// certificate says, and which picture a PNG is. The same few seals stand on every document of an office. A Trust has one; it
// is safe for concurrent use, and nil remembers nothing.
type memo struct {
	mu           sync.Mutex
	seals        map[[sha256.Size]byte]struct{}
	certificates map[[sha256.Size]byte]readCertificate
	pictures     map[[sha256.Size]byte]gm.Digest
}

// maxMemo bounds each kind. When it is full it is forgotten: a stranger's documents cost no more than that.
const maxMemo = 1024

func newMemo() *memo {
	return &memo{
		seals: map[[sha256.Size]byte]struct{}{}, certificates: map[[sha256.Size]byte]readCertificate{}, pictures: map[[sha256.Size]byte]gm.Digest{},
	}
}

// seal verifies a seal's signature.
func (m *memo) seal(s *ses.Seal) error {
	_, err := recall(m, func() map[[sha256.Size]byte]struct{} { return m.seals }, s.Raw, func() (struct{}, error) { return struct{}{}, s.Verify() })
	return err
}

// certificate reads a certificate.
func (m *memo) certificate(b []byte) (readCertificate, error) {
	return recall(m, func() map[[sha256.Size]byte]readCertificate { return m.certificates }, b, func() (readCertificate, error) { return parseLenient(b) })
}

// picture identifies a picture, see pdf.PictureDigest.
func (m *memo) picture(b []byte) (gm.Digest, error) {
	return recall(m, func() map[[sha256.Size]byte]gm.Digest { return m.pictures }, b, func() (gm.Digest, error) { return pdf.PictureDigest(b) })
}

// recall looks bytes up or works them out; only success is remembered.
func recall[T any](m *memo, known func() map[[sha256.Size]byte]T, b []byte, work func() (T, error)) (T, error) {
	if m == nil {
		return work()
	}
	key := sha256.Sum256(b)
	m.mu.Lock()
	v, found := known()[key]
	m.mu.Unlock()
	if found {
		return v, nil
	}
	v, err := work()
	if err != nil {
		return v, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(known()) >= maxMemo {
		clear(known())
	}
	known()[key] = v
	return v, nil
}

// certificate reads a certificate of the signature in turn, or finds it again, and remembers what is odd about it.
func (j *judgement) certificate(b []byte) (*gm.Certificate, error) {
	c, err := j.trust.memo.certificate(b)
	j.s.odd = append(j.s.odd, c.odd...)
	return c.cert, err
}
