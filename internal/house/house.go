// Package house wires the rooms into one service: the only place, beside the programs, that names drivers.
package house

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"yinzheng/archive"
	"yinzheng/ca"
	"yinzheng/ca/operate"
	"yinzheng/ca/revocation"
	"yinzheng/ca/revocation/front"
	"yinzheng/ca/tsa"
	"yinzheng/internal/audit"
	"yinzheng/internal/auth"
	"yinzheng/internal/blob"
	"yinzheng/internal/clock"
	"yinzheng/internal/gm"
	"yinzheng/internal/httpapi"
	"yinzheng/internal/keys"
	"yinzheng/internal/ledger"
	"yinzheng/internal/ledger/embedded"
	pdfpage "yinzheng/internal/page"
	"yinzheng/internal/pki"
	"yinzheng/internal/store"
	"yinzheng/internal/web"
	"yinzheng/licences"
	"yinzheng/sealing"
	"yinzheng/sealing/desk"
	"yinzheng/sealing/intake"
	"yinzheng/verify"
	"yinzheng/verify/completion"
)

// Folders below the data folder.
const (
	regionDir = "region"
	logDir    = "log"
	blobDir   = "blobs"

	serialFile = "timestamp-serial" // in the region's folder
)

// sealLine stands below the star of every seal made here.
const sealLine = "电子证照专用章"

// caseSweep is how often cases are looked through for one that was judged and not completed.
const caseSweep = 5 * time.Minute

// sweepAge is how old a temporary file is when no writer can be at it any more.
const sweepAge = 24 * time.Hour

// Config says where everything is and whose it is.
type Config struct {
	Data       string // data folder: holds everything, moves as a whole
	Region     string // GB/T 2260 code
	RegionName string
	Database   string                                  // "" for SQLite in the data folder, or a postgres:// URL
	Keys       KeysConfig                              // where the private keys are
	Ceremony   string                                  // Establish: folder of a ceremony held in one go, outside Data; "" waits for one elsewhere
	Clock      clock.Sync                              // whether the clock may be believed; nil for the kernel's word
	Kinds      fs.FS                                   // kinds of licence; nil for the built-in ones
	URL        string                                  // where citizens reach the pages, no slash at its end
	Version    string                                  // what the API says
	Wallet     func(context.Context) (web.Card, error) // the demonstration's citizen, else nil
	Now        func() time.Time
	Log        *slog.Logger
	Program    string            // this program, run as a worker for foreign files; "" for the running one
	OnStep     func(step string) // called after each step of issuing: kill tests hang on it; nil for nothing

	Filter, SubFilter, SubFilterCMS string // names in signature dictionaries; "" for those of package sealing
	ReportSeal, ReportMatter        string // the seal of reports that anybody asks for, and the matter it is used for; "" for none
}

// House is the open service.
type House struct {
	cfg       Config
	DB        *store.DB
	Keys      keys.Holder
	closeKeys func() error
	Blobs     *blob.Dir
	Region    *ca.Region
	Log       *embedded.Log
	Ledger    *ledger.Ledger
	Kinds     *licences.Catalogue
	Licences  *licences.Service
	Cases     *completion.Service
	Archive   *archive.Archive
	Sealer    *sealing.Sealer
	Desk      *desk.Desk
	Intake    *intake.Intake
	Pages     *pdfpage.Reader
	TSA       *tsa.Authority
	Revoked   *revocation.Publisher
	Operate   *operate.Service
	Enrolment *ca.Enrolment
	Seals     *sealing.Life
	publisher *publisher
	judged    judged

	foreigners foreigners

	handling  sync.Once
	handler   http.Handler
	unhandled error
}

// Establish makes the data folder and the region in it, or completes what an earlier run left. Without a ceremony at hand it
// leaves requests in the region's folder and answers ca.ErrCeremony.
func Establish(ctx context.Context, c Config) (err error) {
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return fmt.Errorf("making the data folder : %w", err)
	}
	h := &House{cfg: c}
	defer func() { err = errors.Join(err, h.Close()) }()
	if err := h.openBooks(ctx); err != nil {
		return err
	}
	spec := ca.Spec{Region: c.Region, Name: c.RegionName}
	if c.Ceremony != "" {
		spec.Ceremony = h.holdCeremony
	}
	if _, err := ca.Establish(ctx, h.regionConfig(time.Time{}), spec); err != nil {
		return fmt.Errorf("establishing the region : %w", err)
	}
	return nil
}

// Open opens what Establish made. It starts nothing.
func Open(ctx context.Context, c Config) (_ *House, err error) {
	h := &House{cfg: c}
	defer func() {
		if err != nil {
			err = errors.Join(err, h.Close())
		}
	}()
	if err = h.openBooks(ctx); err != nil {
		return h, err
	}
	last, err := h.DB.LatestIssue(ctx)
	if err != nil {
		return h, fmt.Errorf("reading the register : %w", err)
	}
	if h.Region, err = ca.Open(ctx, h.regionConfig(last)); err != nil {
		return h, fmt.Errorf("opening the region : %w", err)
	}
	if h.Blobs, err = blob.OpenDir(filepath.Join(c.Data, blobDir)); err != nil {
		return h, fmt.Errorf("opening the content store : %w", err)
	}
	if _, err = h.Blobs.Sweep(c.Now().Add(-sweepAge)); err != nil {
		return h, fmt.Errorf("sweeping the content store : %w", err)
	}
	if err = h.openLedger(ctx); err != nil {
		return h, fmt.Errorf("opening the ledger : %w", err)
	}
	if c.Kinds == nil {
		h.Kinds, err = licences.Builtin()
	} else {
		h.Kinds, err = licences.LoadKinds(c.Kinds)
	}
	if err != nil {
		return h, fmt.Errorf("reading the kinds of licence : %w", err)
	}
	h.publisher = &publisher{house: h}
	return h, h.openServices()
}

func (h *House) openLedger(ctx context.Context) error {
	// The log must exist once anything was anchored: a lost folder is an error, never a fresh log.
	last, err := h.DB.LastBatch(ctx)
	if err != nil {
		return err
	}
	least := int64(0)
	if last != nil && last.Proof != nil {
		least = last.Proof.Index + 1
	}
	signer, err := h.Region.LogSigner(ctx)
	if err != nil {
		return err
	}
	verifier, err := h.Region.LogVerifier()
	if err != nil {
		return err
	}
	vouched, err := h.Region.Vouched(h.cfg.Now())
	if err != nil {
		return err
	}
	h.Log, err = embedded.Open(ctx, embedded.Config{
		Dir: filepath.Join(h.cfg.Data, logDir), Origin: h.Region.LogOrigin(), Key: embedded.Key{Signer: signer, Verifier: verifier},
		MustExist: last != nil && (last.Proof != nil || last.Root.Sequence > 0), Least: least, Log: h.cfg.Log,
	})
	if err != nil {
		return err
	}
	h.Ledger, err = ledger.New(ledger.Config{
		Region: h.Region.Code(), Key: h.Region.Ledger().Key, Past: vouched.LedgerKeys, Driver: h.Log, LogVerifiers: []string{h.Log.Verifier()}, Store: h.DB, Books: h.DB,
		Now: h.cfg.Now, Log: h.cfg.Log,
	})
	return err
}

func (h *House) openServices() (err error) {
	h.Archive = archive.New(archive.Config{Blobs: h.Blobs, Index: h.DB, Now: h.cfg.Now})
	sealKeys := officeKeys{h.Keys}
	if err := h.openAuthority(); err != nil {
		return err
	}
	if err := h.openSeals(); err != nil {
		return err
	}
	h.Sealer, err = sealing.New(sealing.Config{
		Book: h.DB, Keys: sealKeys, Timestamper: h.TSA, Now: h.cfg.Now, Judge: h.judgeOwn, Second: h.second(),
		Filter: h.cfg.Filter, SubFilter: h.cfg.SubFilter, SubFilterCMS: h.cfg.SubFilterCMS, Chain: h.above, Foreign: h.foreign, Stamp: h.stamp, Evidence: h.evidence, Drafts: h.DB,
	})
	if err != nil {
		return err
	}
	if err := h.openDesk(); err != nil {
		return err
	}
	h.Licences, err = licences.New(licences.Config{
		Kinds: h.Kinds, Store: h.DB, Register: h.DB, Presentations: h.DB, Seals: h.Seals, Sealer: h.Sealer, Ledger: h.Ledger, Blobs: h.Blobs,
		Archive: h.Archive, Audit: h.DB, Judge: h.judge, Numbers: numbers{h.DB}, CheckURL: h.cfg.URL + "/c/", Region: h.Region.Code(), Now: h.cfg.Now, Log: h.cfg.Log,
		OnStep: h.cfg.OnStep,
	})
	if err != nil {
		return err
	}
	work := casework{h, sealKeys}
	h.Cases, err = completion.New(completion.Config{
		Store: h.DB, Licences: work, Signer: work, Ledger: h.Ledger, Audit: h.DB, Archive: work, Trust: h.publisher.Trust, Now: h.cfg.Now,
	})
	return err
}

// numbers gives out the running numbers of licences.
type numbers struct{ db *store.DB }

// Next implements licences.Numbers.
func (n numbers) Next(ctx context.Context, series string) (int64, error) {
	return n.db.NextSerial(ctx, "number "+series)
}

// Trust returns the region's newest trust file.
func (h *House) Trust(ctx context.Context) ([]byte, error) { return h.publisher.Trust(ctx) }

// AddKey makes an API key for a caller; it is known only to who is given it here. Once two people run the authority, a further
// one comes in by proposal: by is who proposes, the key is good when another approves, and the proposal's ID is returned.
func (h *House) AddKey(ctx context.Context, by, c auth.Caller) (key, proposal string, err error) {
	if err := c.Check(); err != nil {
		return "", "", err
	}
	if key, err = auth.NewKey(rand.Reader); err != nil {
		return "", "", fmt.Errorf("making an API key : %w", err)
	}
	if operate.Privileged(c) {
		closed, err := h.bodyComplete(ctx)
		if err != nil {
			return "", "", err
		}
		if closed && by.ID == "" {
			return "", "", operate.ErrTwoPeople
		}
		if closed {
			detail, err := json.Marshal(operate.AddCaller{Key: auth.KeyDigest(key).String(), Caller: c})
			if err != nil {
				return "", "", err
			}
			p, err := h.Operate.Propose(ctx, by, operate.ActCaller, detail)
			return key, p.ID, err
		}
	}
	if err := h.DB.PutCaller(ctx, auth.KeyDigest(key), c); err != nil {
		return "", "", fmt.Errorf("storing an API key : %w", err)
	}
	h.record(ctx, "caller.add", c.ID, fmt.Sprint(c.Actions))
	return key, "", nil
}

// bodyComplete reports whether there are two people already of whom one may propose what the other approves.
func (h *House) bodyComplete(ctx context.Context) (bool, error) {
	callers, err := h.DB.Callers(ctx)
	if err != nil {
		return false, fmt.Errorf("reading the callers : %w", err)
	}
	for _, a := range callers {
		for _, b := range callers {
			if a.ID != b.ID && a.May(auth.OperateCA) == nil && b.May(auth.ApproveCA) == nil {
				return true, nil
			}
		}
	}
	return false, nil
}

// judge judges as a stranger would, with the trust file of now.
func (h *House) judge(ctx context.Context, in verify.Input, at time.Time) (verify.Report, error) {
	if in.Receipt == nil && in.Outcome == nil {
		if report, fresh := h.judged.take(gm.Sum(in.Document), at); fresh {
			return report, nil
		}
	}
	return h.judgeAnew(ctx, in, at)
}

func (h *House) judgeAnew(ctx context.Context, in verify.Input, at time.Time) (verify.Report, error) {
	_, trust, err := h.publisher.newest(ctx)
	if err != nil {
		return verify.Report{}, err
	}
	return h.policy().Judge(verify.Read(in), trust, at), nil
}

// policy is the default one with our own root pinned: no other could have signed our trust file.
func (h *House) policy() verify.Policy {
	p := verify.DefaultPolicy()
	p.Root = gm.Sum(h.Region.Root().Certificate)
	return p
}

// judgeOwn refuses a sealed document that fails any check; its receipt is still to come, and its period may not have begun. Who
// signed it before it came here may be unknown to us: that is for its readers to judge.
func (h *House) judgeOwn(ctx context.Context, f sealing.File) error {
	in := verify.Input{Reader: io.NewSectionReader(f.Content, 0, f.Size), State: f.State}
	_, trust, err := h.publisher.newest(ctx)
	if err != nil {
		return err
	}
	policy := h.policy()
	policy.AcceptUnstamped = f.Unstamped
	report := policy.Judge(verify.Read(in), trust, h.cfg.Now())
	if !f.Unstamped { // the policy is that of every other judgement
		h.judged.put(report)
	}
	others := map[string]bool{}
	for _, s := range report.Signatures {
		others[s.Name] = s.Bytes <= f.Before
	}
	for _, f := range report.Findings {
		if f.Outcome == verify.Unknown && others[f.Signature] {
			continue
		}
		if (f.Outcome == verify.Fail || f.Outcome == verify.Unknown) && !f.Standing() {
			return fmt.Errorf("our own seal does not pass %s", f.Code)
		}
	}
	return nil
}

// Handler is everything that is served; the same one each time.
func (h *House) Handler() (http.Handler, error) {
	h.handling.Do(func() { h.handler, h.unhandled = h.makeHandler() })
	return h.handler, h.unhandled
}

func (h *House) makeHandler() (http.Handler, error) {
	mux := http.NewServeMux()
	shown := &reports{house: h}
	api, err := httpapi.New(mux, httpapi.Config{
		Kinds: h.Kinds, Licences: h.Licences, Cases: h.Cases, Archive: h.Archive, Packages: h.DB, Ledger: h.Ledger, Trust: h.publisher.Trust, Judge: h.judgeAnew, Reports: shown,
		LedgerFiles: h.Log.Handler(), Credentials: h.DB, Clients: h.Enrolment, Operate: h.Operate, Seals: h.Seals, Sealer: h.Sealer, Desk: h.Desk, Ready: h.ready, Now: h.cfg.Now, BaseURL: h.cfg.URL, Version: h.cfg.Version, Log: h.cfg.Log,
	})
	if err != nil {
		return nil, err
	}
	pki.Register(mux, pki.Config{
		Lists: h.Revoked, Front: front.NewResponder(h.Revoked), Certificates: h.Region, Stamper: h.TSA, Callers: h.DB, Log: h.cfg.Log,
		Signing: func(ctx context.Context, by auth.Caller) (http.Handler, error) {
			_, err := h.DB.Append(ctx, audit.Entry{At: h.cfg.Now(), Caller: by.ID, Action: "ca.cfssl-sign", Object: ca.ProfileSign})
			if err != nil {
				return nil, fmt.Errorf("recording a request in cfssl's protocol : %w", err)
			}
			return ca.SignHandler(h.Region.SM2Signer(by.ID, ca.ProfileSign))
		},
	})
	shown.pages, err = web.New(mux, web.Config{
		Licences: h.Licences, Seals: h.DB, Judge: api.Judge, Painter: h.Pages, Wallet: h.cfg.Wallet, Numbers: h.count, Region: h.Region.Name(), Now: h.cfg.Now, Log: h.cfg.Log,
	})
	return bounded(web.Secure(mux), time.Now), err
}

// bounded ends every request body at the largest upload that its path takes, and gives large documents their time. The handlers get a copy of the request: the server must find its
// own body in its own request, or it takes what a refused request left unread for the next one. So the copy's form is removed here.
func bounded(next http.Handler, now func() time.Time) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		inner := *r
		most, whole := httpapi.Bounds(r.URL.Path)
		if whole > 0 { // a writer without deadlines has none to be put off
			control, end := http.NewResponseController(w), now().Add(whole)
			_, _ = control.SetReadDeadline(end), control.SetWriteDeadline(end)
		}
		inner.Body = http.MaxBytesReader(w, r.Body, most)
		defer func() {
			if inner.MultipartForm != nil {
				_ = inner.MultipartForm.RemoveAll()
			}
		}()
		next.ServeHTTP(w, &inner)
	})
}

// Run runs the workers until ctx ends: the ledger's batches, and whatever licence was left between two states.
func (h *House) Run(ctx context.Context) error {
	workers, ctx := errgroup.WithContext(ctx)
	workers.Go(func() error { return h.Ledger.Run(ctx) })
	workers.Go(func() error { return h.Licences.Run(ctx) })
	workers.Go(func() error { return h.finishCases(ctx) })
	workers.Go(func() error { return h.Revoked.Run(ctx) })
	workers.Go(func() error { return h.keepAuthority(ctx) })
	workers.Go(func() error { return h.keepSeals(ctx) })
	if err := workers.Wait(); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// finishCases finishes what a crash left between verdict and consequence: at the start, and now and then what failed since.
func (h *House) finishCases(ctx context.Context) error {
	for {
		if _, err := h.Cases.Resume(ctx); err != nil && ctx.Err() == nil {
			h.cfg.Log.ErrorContext(ctx, "finishing cases", "err", err)
		}
		select {
		case <-time.After(caseSweep):
		case <-ctx.Done():
			return nil
		}
	}
}

// Close gives everything up. It is safe on a house that was opened in part.
func (h *House) Close() error {
	var errs []error
	if h.Pages != nil {
		errs = append(errs, h.Pages.Close())
	}
	if h.Log != nil {
		errs = append(errs, h.Log.Close())
	}
	if h.DB != nil {
		errs = append(errs, h.DB.Close())
	}
	if h.closeKeys != nil {
		errs = append(errs, h.closeKeys())
	}
	return errors.Join(errs...)
}

// ready reports whether books and ledger answer.
func (h *House) ready(ctx context.Context) error {
	if _, err := h.DB.LastBatch(ctx); err != nil {
		return err
	}
	if err := errors.Join(h.Ledger.Problem(), h.Region.Working()); err != nil {
		return err
	}
	_, err := h.publisher.Trust(ctx)
	return err
}

// count counts for the first page.
func (h *House) count(ctx context.Context) (web.Numbers, error) {
	n := web.Numbers{Kinds: len(h.Kinds.All()), Root: gm.Sum(h.Region.Root().Certificate)}
	last, err := h.DB.LastBatch(ctx)
	if err != nil {
		return n, err
	}
	if last != nil {
		n.Logged = last.Root.Sequence + 1
	}
	n.Recorded, _, err = h.DB.AuditHead(ctx)
	return n, err
}
