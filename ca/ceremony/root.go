package ceremony

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/cloudflare/circl/secretsharing"
	"golang.org/x/sync/errgroup"

	"yinzheng/internal/durable"
	"yinzheng/internal/gm"
)

// root makes the secret, shares it, and makes both roots. Until the transcript is signed nothing of it counts: a run that
// ended early left shares and keys that the next one puts aside, for the secret of a run lives only in its memory.
func (s *session) root(ctx context.Context) error {
	if s.state.established() {
		return errors.Join(fmt.Errorf("%w: the roots", ErrExists), s.tidy())
	}
	id := make([]byte, idBytes)
	if _, err := io.ReadFull(s.in.Rand, id); err != nil {
		return fmt.Errorf("naming the ceremony: %w", err)
	}
	h := s.newHolders(hex.EncodeToString(id))
	if err := s.checkPassphrases(); err != nil {
		return err
	}
	leftovers, err := s.leftovers()
	if err != nil {
		return err
	}
	secret, shares, err := h.split(rand.Reader)
	if err != nil {
		return err
	}
	pass, err := passphrase(h.ceremony, secret)
	if err != nil {
		return err
	}
	orders, err := s.draftRoots(h.officers)
	if err != nil {
		return err
	}
	sealed, err := s.seal(h, shares, pass)
	clear(pass)
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := s.begin(h, nil); err != nil {
		return err
	}
	defer s.leave()
	if err := s.putAside(leftovers); err != nil {
		return err
	}
	if err := s.handOut(h, sealed.shares); err != nil {
		return err
	}
	for _, o := range orders {
		if err := s.makeRoot(o, sealed.keys[o.Name]); err != nil {
			return err
		}
	}
	if err := s.prove(h); err != nil {
		return err
	}
	if err := s.end(); err != nil {
		return err
	}
	return s.tidy()
}

// newHolders are those of the plan; the act that is about to begin shares the secret among them.
func (s *session) newHolders(ceremony string) holders {
	return holders{ceremony: ceremony, officers: s.plan.Officers.Labels, threshold: s.plan.Officers.Threshold, sharing: s.state.count + 1}
}

// checkPassphrases wants one passphrase of each officer, long enough, no two the same: who knows one opens one share.
func (s *session) checkPassphrases() error {
	var wrong []error
	say := func(format string, args ...any) {
		wrong = append(wrong, fmt.Errorf("%w: %s", ErrPassphrases, fmt.Sprintf(format, args...)))
	}
	labels := s.plan.Officers.Labels
	for i, l := range labels {
		p, ok := s.in.Passphrases[l]
		switch {
		case !ok:
			say("none of %s", l)
		case utf8.RuneCount(p) < gm.MinPassphrase:
			say("that of %s has fewer than %d characters", l, gm.MinPassphrase)
		}
		for _, other := range labels[:i] {
			if ok && bytes.Equal(p, s.in.Passphrases[other]) {
				say("those of %s and %s are the same", other, l)
			}
		}
	}
	for _, given := range []map[string]struct{}{keysOf(s.in.Passphrases), keysOf(s.in.ShareDirs)} {
		for l := range given {
			if !slices.Contains(labels, l) {
				say("%s is no officer of the plan", l)
			}
		}
	}
	return errors.Join(wrong...)
}

func keysOf[V any](m map[string]V) map[string]struct{} {
	out := map[string]struct{}{}
	for k := range m {
		out[k] = struct{}{}
	}
	return out
}

// made is the number of the transcript of the act root, this one's if that is it.
func (s *session) made() int {
	if s.plan.Act == ActRoot {
		return s.state.count + 1
	}
	return s.state.made
}

// sharePath is where an officer's share goes. Shares of a later act have its number in their names.
func (s *session) sharePath(officer string) string {
	name := officer + shareSuffix
	if n := s.state.count + 1; n != s.made() {
		name = officer + "-" + strconv.Itoa(n) + shareSuffix
	}
	if dir := s.in.ShareDirs[officer]; dir != "" {
		return filepath.Join(dir, name)
	}
	return s.folder.path(name)
}

// leftovers finds what attempts that ended early left in the way. Anything else that is in the way is an error.
func (s *session) leftovers() ([]string, error) {
	var found []string
	for _, l := range s.plan.Officers.Labels {
		path := s.sharePath(l)
		file, err := readFile(path, MaxShare)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		share, err := ParseShare(file)
		if err != nil || !s.state.attempts[share.Ceremony] {
			return nil, fmt.Errorf("%w: %s", ErrExists, path)
		}
		found = append(found, path)
	}
	for _, name := range []string{SM2Root + keySuffix, TLSRoot + keySuffix, RootFile, TLSRootFile} {
		err := absent(s.folder.path(name))
		if errors.Is(err, ErrExists) && len(s.state.attempts) > 0 {
			found = append(found, s.folder.path(name))
			err = nil
		}
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}

// putAside renames leftovers; nothing is destroyed. In the ceremony folder they go to a folder named after this transcript,
// elsewhere they get a longer name.
func (s *session) putAside(leftovers []string) error {
	mark := asidePrefix + strconv.Itoa(s.state.count+1)
	for _, from := range leftovers {
		to := from + "." + mark
		if filepath.Dir(from) == s.folder.dir {
			if err := os.MkdirAll(s.folder.path(mark), dirMode); err != nil {
				return fmt.Errorf("putting aside %s: %w", from, err)
			}
			to = s.folder.path(mark, filepath.Base(from))
		}
		entry := Entry{Event: EventAside, Aside: &Aside{filepath.Base(from), mark}}
		if err := s.add("aside", entry); err != nil {
			return err
		}
		if err := absent(to); err != nil {
			return err
		}
		if err := os.Rename(from, to); err != nil {
			return fmt.Errorf("putting aside %s: %w", from, err)
		}
		if err := errors.Join(durable.SyncDir(filepath.Dir(to)), durable.SyncDir(filepath.Dir(from))); err != nil {
			return fmt.Errorf("putting aside %s: %w", from, err)
		}
		s.step("put aside")
	}
	return nil
}

// sealedFiles are the files of a new ceremony, as they will be written.
type sealedFiles struct {
	shares [][]byte // in the officers' order
	keys   map[string][]byte
}

// seal seals shares and keys side by side: each costs some 100 ms of hashing.
func (s *session) seal(h holders, shares []secretsharing.Share, pass []byte) (*sealedFiles, error) {
	out := &sealedFiles{shares: make([][]byte, len(shares))}
	var work errgroup.Group
	for i, officer := range h.officers {
		work.Go(func() (err error) {
			out.shares[i], err = sealShare(Share{
				Format: shareFormat, Ceremony: h.ceremony, Sharing: h.sharing, Officer: officer, Index: i + 1,
				Threshold: h.threshold, Of: len(h.officers),
			}, shares[i].Value, s.in.Passphrases[officer])
			return err
		})
	}
	var sm2, tls []byte
	work.Go(func() (err error) { sm2, err = gm.SealKey(s.keys.sm2, pass); return err })
	work.Go(func() (err error) { tls, err = gm.SealKey(s.keys.tls, pass); return err })
	err := work.Wait()
	out.keys = map[string][]byte{SM2Root: sm2, TLSRoot: tls}
	return out, err
}

// handOut writes the officers' share files.
func (s *session) handOut(h holders, files [][]byte) error {
	if err := s.add("shared", Entry{Event: EventShared, Shared: h.commitments}); err != nil {
		return err
	}
	for i, officer := range h.officers {
		path := s.sharePath(officer)
		if err := createShare(path, files[i]); err != nil {
			return err
		}
		s.step("share file " + officer)
		record := &ShareRecord{Officer: officer, Index: i + 1, SM3: gm.Sum(files[i])}
		if err := s.add("share "+officer, Entry{Event: EventShare, Share: record}); err != nil {
			return err
		}
		s.out.Files = append(s.out.Files, path)
	}
	return nil
}

// draftRoots makes both keys and drafts both certificates.
func (s *session) draftRoots(officers []string) ([]*order, error) {
	sm2, err := gm.GenerateKey()
	if err != nil {
		return nil, fmt.Errorf("making the SM2 root key: %w", err)
	}
	tls, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making the ECDSA root key: %w", err)
	}
	s.keys = &rootKeys{sm2: sm2, tls: tls, officers: officers}
	var out []*order
	for _, r := range []struct {
		name, profile, file string
		plan                RootPlan
		key                 crypto.Signer
	}{
		{SM2Root, ProfileRoot, RootFile, s.plan.Roots.SM2, sm2},
		{TLSRoot, ProfileTLSRoot, TLSRootFile, s.plan.Roots.TLS, tls},
	} {
		o, err := s.draft(want{
			name: r.name, profile: r.profile, file: r.file, subject: r.plan.Subject.name(), key: r.key.Public(), years: r.plan.Years,
		})
		if err != nil {
			return nil, err
		}
		out = append(out, o)
	}
	return out, nil
}

// makeRoot stores a root's key, sealed, and then its certificate.
func (s *session) makeRoot(o *order, file []byte) error {
	if err := s.storeKey(o.Name, o.Key, file); err != nil {
		return err
	}
	der, err := s.sign(o, s.keys.of(o.Name))
	if err != nil {
		return err
	}
	s.state.roots[o.Name] = der
	return nil
}

// storeKey stores a root's key, sealed. The digest is that of its public key.
func (s *session) storeKey(root string, public gm.Digest, file []byte) error {
	if err := create(s.folder.path(keyFile(root, s.made(), s.state.count+1)), file, fileMode); err != nil {
		return err
	}
	s.step("key file " + root)
	return s.add("key "+root, Entry{Event: EventKey, Key: &KeyRecord{Name: root, Key: public, SM3: gm.Sum(file)}})
}

// prove reads back every share file and both key files: the officers' passphrases open what lies on the disk, or the act
// fails before it counts.
func (s *session) prove(h holders) error {
	given := make([]ShareInput, len(h.officers))
	for i, officer := range h.officers {
		file, err := readFile(s.sharePath(officer), MaxShare)
		if err != nil {
			return fmt.Errorf("reading back the share of %s: %w", officer, err)
		}
		given[i] = ShareInput{File: file, Passphrase: s.in.Passphrases[officer]}
	}
	secret, _, err := h.open(given)
	if err != nil {
		return fmt.Errorf("reading back the shares: %w", err)
	}
	files := map[string]string{}
	for _, name := range []string{SM2Root, TLSRoot} {
		files[name] = keyFile(name, s.made(), h.sharing)
	}
	back, err := s.openKeys(h.ceremony, secret, files)
	if err != nil {
		return fmt.Errorf("reading back the root keys: %w", err)
	}
	for _, name := range []string{SM2Root, TLSRoot} {
		if same, err := sameKey(back.of(name).Public(), s.keys.of(name).Public()); err != nil || !same {
			return errors.Join(fmt.Errorf("reading back the root keys: %w: %s", ErrMismatch, name), err)
		}
	}
	return nil
}
