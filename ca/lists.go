package ca

import (
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"slices"
	"time"

	"yinzheng/internal/durable"
	"yinzheng/internal/gm"
)

const listSuffix = ".crl" // certs/root.crl: the roots' own revocation lists, from a ceremony

// ErrList means that a revocation list cannot be taken in: not a root's of ours, or older than the one there is.
var ErrList = errors.New("ca: revocation list cannot be taken")

// ImportList takes in a revocation list that a ceremony signed by a generation of a root ("root" or "tls-root"). It replaces
// one of the same generation with a smaller number only.
func (r *Region) ImportList(root string, list []byte) error {
	if role, known := roleOf(root); !known || !role.isRoot() {
		return fmt.Errorf("importing the list of %q: %w: no root", root, ErrList)
	}
	got, by, err := r.checkList(root, list)
	if err != nil {
		return fmt.Errorf("importing the list of %s: %w", root, err)
	}
	r.renewing.Lock()
	defer r.renewing.Unlock()
	there, err := readFile(r.path(certsDir, by, listSuffix))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("importing the list of %s: %w", by, err)
	}
	if err == nil {
		old, _, err := r.checkList(root, there)
		if err != nil {
			return fmt.Errorf("importing the list of %s: the present one: %w", by, err)
		}
		if got.Number.Cmp(old.Number) < 0 {
			return fmt.Errorf("importing the list of %s: %w: number %s, there is %s", by, ErrList, got.Number, old.Number)
		}
	}
	return durable.WriteFile(r.path(certsDir, by, listSuffix), list, certMode)
}

// checkList reads a list and finds the generation of a root of ours that signed it. A list that speaks for a part only, or
// says what we cannot read (RFC 5280, 5.2: critical), is none.
func (r *Region) checkList(root string, list []byte) (l *gm.CRL, by string, err error) {
	if l, err = gm.ParseCRL(list); err != nil {
		return nil, "", fmt.Errorf("%w: %w", ErrList, err)
	}
	for _, e := range l.Extensions {
		if e.Critical {
			return nil, "", fmt.Errorf("%w: critical extension %s", ErrList, e.Id)
		}
	}
	if l.NextUpdate.IsZero() {
		return nil, "", fmt.Errorf("%w: it does not say until when it is good", ErrList)
	}
	if l.Number == nil {
		l.Number = new(big.Int)
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	for _, id := range r.identities[root] {
		if gm.IsSM2(id.cert.PublicKey) && gm.CheckCRL(l, id.cert) == nil || !gm.IsSM2(id.cert.PublicKey) && l.CheckSignatureFrom(id.cert) == nil {
			return l, id.Name, nil
		}
	}
	return nil, "", fmt.Errorf("%w: not signed by %s", ErrList, root)
}

// ImportedLists returns the roots' own lists for the trust list: those that were imported and are not out of date. A
// verifier is told that there is none, not an old one.
func (r *Region) ImportedLists(at time.Time) (lists [][]byte, err error) {
	for _, of := range []string{roleRoot, roleTLSRoot} {
		found, err := r.importedLists(of, at)
		if err != nil {
			return nil, err
		}
		lists = append(lists, found...)
	}
	return lists, nil
}

func (r *Region) importedLists(of string, at time.Time) (lists [][]byte, err error) {
	r.mu.RLock()
	roots := r.identities[of]
	r.mu.RUnlock()
	for _, root := range roots {
		b, err := r.RootList(root.Name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		l, _, err := r.checkList(of, b)
		if err != nil {
			return nil, err
		}
		if !at.After(l.NextUpdate) {
			lists = append(lists, b)
		}
	}
	return lists, nil
}

// ListsEnd returns when the first of the present roots' own lists ends; zero when one is missing.
func (r *Region) ListsEnd() (first time.Time, err error) {
	for _, root := range []Identity{r.Root(), r.TLSRoot()} {
		b, err := r.RootList(root.Name)
		if errors.Is(err, fs.ErrNotExist) {
			return time.Time{}, nil
		}
		if err != nil {
			return time.Time{}, err
		}
		l, err := gm.ParseCRL(b)
		if err != nil {
			return time.Time{}, fmt.Errorf("reading the list of %s: %w", root.Name, err)
		}
		if first.IsZero() || l.NextUpdate.Before(first) {
			first = l.NextUpdate
		}
	}
	return first, nil
}

// RootList returns the imported list of a generation of a root ("root", "tls-root-2"), DER; fs.ErrNotExist when there is none.
func (r *Region) RootList(name string) ([]byte, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	for _, id := range slices.Concat(r.identities[roleRoot], r.identities[roleTLSRoot]) {
		if id.Name == name {
			return readFile(r.path(certsDir, name, listSuffix))
		}
	}
	return nil, fs.ErrNotExist
}

// CertificateOf returns an authority's certificate by the name in its address ("root", "authority", "tls-2", "cross", …):
// fs.ErrNotExist when there is none.
func (r *Region) CertificateOf(name string) ([]byte, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	for _, role := range roles() {
		for _, id := range r.identities[role.name] {
			if id.Name == name && id.cert.IsCA {
				return id.Certificate, nil
			}
		}
	}
	for _, id := range r.crossed {
		if id.Name == name {
			return id.Certificate, nil
		}
	}
	return nil, fs.ErrNotExist
}
