package ceremony

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/cloudflare/circl/group"
	"golang.org/x/sync/errgroup"

	"yinzheng/internal/durable"
	"yinzheng/internal/gm"
)

// rootKeys are the open root keys.
type rootKeys struct {
	sm2, tls crypto.Signer
	officers []string // who opened them
}

func (k *rootKeys) of(root string) crypto.Signer {
	if root == TLSRoot {
		return k.tls
	}
	return k.sm2
}

// session is one run of one act.
type session struct {
	in     Input
	plan   *Plan
	folder *folder
	state  *state
	keys   *rootKeys
	now    time.Time // one time for everything that is signed
	log    *writer
	out    Outcome
}

// run takes the act in three parts: everything that can be wrong is found before anything is written; the transcript
// begins; what was prepared is done.
func (s *session) run(ctx context.Context) error {
	var err error
	if s.state, err = s.folder.load(); err != nil {
		return err
	}
	if s.now.Before(s.state.last) {
		return fmt.Errorf("%w: it is %s, the last line was written at %s", ErrClock, s.now.Format(time.RFC3339), s.state.last.Format(time.RFC3339))
	}
	if s.plan.Act == ActRoot {
		return s.root(ctx)
	}
	if !s.state.established() {
		return fmt.Errorf("%w: it has no roots; the act root comes first", ErrFolder)
	}
	if err := s.tidy(); err != nil {
		return err
	}
	if s.plan.Region != s.state.region || s.plan.Name != s.state.name {
		return fmt.Errorf("%w: region: the folder is that of %s %s", ErrPlan, s.state.region, s.state.name)
	}
	do, err := s.prepare()
	if err != nil {
		return err
	}
	if s.keys == nil {
		if s.keys, err = s.open(); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	root, h := gm.Sum(s.state.roots[SM2Root]), s.state.holders
	if s.plan.Act == ActReshare {
		h = s.newHolders(h.ceremony)
	}
	if err := s.begin(h, &root); err != nil {
		return err
	}
	defer s.leave()
	if err := s.add("opened", Entry{Event: EventOpened, Opened: s.keys.officers}); err != nil {
		return err
	}
	if err := do(ctx); err != nil {
		return err
	}
	if err := s.end(); err != nil {
		return err
	}
	if s.plan.Act == ActReshare { // the new shares count from here on
		for _, old := range s.state.keyFiles {
			s.state.superseded = append(s.state.superseded, old)
		}
	}
	return s.tidy()
}

// prepare checks what the plan names and returns what is to be done.
func (s *session) prepare() (func(context.Context) error, error) {
	switch s.plan.Act {
	case ActReshare:
		return s.reshare, s.prepareReshare()
	case ActCRL:
		lists, err := s.prepareLists()
		return func(ctx context.Context) error { return s.signLists(ctx, lists) }, err
	case ActCross:
		orders, err := s.prepareCross()
		return func(ctx context.Context) error { return s.signOrders(ctx, orders) }, err
	default:
		orders, err := s.prepareRequests()
		return func(ctx context.Context) error { return s.signOrders(ctx, orders) }, err
	}
}

// open puts the secret together and opens both root keys.
func (s *session) open() (*rootKeys, error) {
	secret, officers, err := s.state.holders.open(s.in.Shares)
	if err != nil {
		return nil, err
	}
	k, err := s.openKeys(s.state.holders.ceremony, secret, s.state.keyFiles)
	if err != nil {
		return nil, err
	}
	k.officers = officers
	for _, name := range []string{SM2Root, TLSRoot} {
		pub, ok := s.state.parsed[name].PublicKey.(*ecdsa.PublicKey)
		if !ok || !pub.Equal(k.of(name).Public()) {
			return nil, fmt.Errorf("%w: %s", ErrMismatch, name)
		}
	}
	return k, nil
}

// openKeys opens the files of both root keys by the secret.
func (s *session) openKeys(ceremony string, secret group.Scalar, files map[string]string) (*rootKeys, error) {
	pass, err := passphrase(ceremony, secret)
	if err != nil {
		return nil, err
	}
	defer clear(pass)
	k := new(rootKeys)
	var work errgroup.Group
	work.Go(func() (err error) { k.sm2, err = s.openKey(files[SM2Root], pass); return err })
	work.Go(func() (err error) { k.tls, err = s.openKey(files[TLSRoot], pass); return err })
	return k, work.Wait()
}

func (s *session) openKey(name string, pass []byte) (crypto.Signer, error) {
	file, err := s.folder.read(gm.MaxKeyFile, name)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	key, err := gm.OpenKey(file, pass)
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", name, err)
	}
	return key, nil
}

// begin stores the reviewed file beside a new transcript and opens that.
func (s *session) begin(h holders, root *gm.Digest) error {
	n := s.state.count + 1
	name := transcriptName(n)
	// Written again if a run ended between the two files: then no transcript has its number.
	if err := durable.WriteFile(s.folder.path(fmt.Sprintf("%s%d%s", planPrefix, n, planSuffix)), s.in.Plan, fileMode); err != nil {
		return err
	}
	s.step("plan")
	var err error
	if s.log, err = createTranscript(s.folder.path(name), s.state.previous, s.in.Now); err != nil {
		return err
	}
	s.step("transcript")
	s.log.last = s.now
	s.out.Transcript = s.folder.path(name)
	for _, u := range s.state.unfinished {
		s.out.Unfinished = append(s.out.Unfinished, u.Number)
	}
	return s.add("begin", Entry{Event: EventBegin, Begin: &Begin{
		Format: transcriptFormat, Ceremony: h.ceremony, Number: n, Act: s.plan.Act, Region: s.plan.Region, Name: s.plan.Name,
		Plan: s.in.Reviewed, Tool: s.in.Tool, Officers: h.officers, Threshold: h.threshold, Root: root, Unfinished: s.state.unfinished,
	}})
}

// leave ends the writing of the transcript, however the act went.
func (s *session) leave() {
	if s.log != nil {
		_ = s.log.file.Close() // every line was synced
	}
}

func (s *session) end() error {
	if err := s.add("end", Entry{Event: EventEnd}); err != nil {
		return err
	}
	if err := s.log.close(s.keys.sm2); err != nil {
		return err
	}
	s.step("signature")
	file, err := readFile(s.out.Transcript, MaxTranscript)
	if err != nil {
		return fmt.Errorf("reading back the transcript: %w", err)
	}
	_, err = VerifyTranscript(file, s.state.roots[SM2Root])
	return err
}

// tidy does what follows from closed transcripts: copies of the root certificates lie under out/, which is what is carried to
// the server, and key files under a secret that was replaced are gone.
func (s *session) tidy() error {
	for _, name := range s.state.superseded {
		if err := shred(s.folder.path(name)); err != nil {
			return fmt.Errorf("removing %s: %w", name, err)
		}
		s.step("removed " + name)
	}
	for name, file := range map[string]string{SM2Root: RootFile, TLSRoot: TLSRootFile} {
		path := s.folder.path(OutDir, file)
		if absent(path) != nil {
			continue
		}
		if err := create(path, encodePEM(s.state.roots[name]), outMode); err != nil {
			return err
		}
	}
	return nil
}

func encodePEM(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func (s *session) add(step string, e Entry) error {
	if err := s.log.add(e); err != nil {
		return err
	}
	s.step(step)
	return nil
}

func (s *session) step(name string) {
	if s.in.OnStep != nil {
		s.in.OnStep(name)
	}
}

// draft drafts a certificate with a serial number of its own.
func (s *session) draft(w want) (*order, error) {
	serial, err := newSerial(s.in.Rand, s.state.serials)
	if err != nil {
		return nil, err
	}
	return draft(w, s.now, serial)
}

// signOrders signs what was drafted, one after the other.
func (s *session) signOrders(ctx context.Context, orders []*order) error {
	for _, o := range orders {
		if err := ctx.Err(); err != nil {
			return err
		}
		if _, err := s.sign(o, s.keys.of(o.Issuer)); err != nil {
			return err
		}
	}
	return nil
}

// sign takes one certificate from intent to record: line, signature, file, line.
func (s *session) sign(o *order, key crypto.Signer) ([]byte, error) {
	made := Made{Name: o.Name, File: o.file, Serial: o.Serial, Found: o.found != nil}
	der := o.found
	if der == nil {
		if err := s.add("intent "+o.Name, Entry{Event: EventIntent, Intent: &o.Intent}); err != nil {
			return nil, err
		}
		var err error
		if der, err = o.sign(key); err != nil {
			return nil, fmt.Errorf("signing %s: %w", o.Name, err)
		}
		if err := create(s.folder.path(filepath.FromSlash(o.file)), encodePEM(der), outMode); err != nil {
			return nil, err
		}
		s.step("certificate " + o.Name)
	}
	made.SM3 = gm.Sum(der)
	if err := s.add("made "+o.Name, Entry{Event: EventMade, Made: &made}); err != nil {
		return nil, err
	}
	s.out.Files = append(s.out.Files, s.folder.path(filepath.FromSlash(o.file)))
	return der, nil
}

// absent is nil if there is nothing of that name.
func absent(path string) error {
	_, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return errors.Join(fmt.Errorf("%w: %s", ErrExists, path), err)
}
