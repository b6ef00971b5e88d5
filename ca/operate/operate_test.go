package operate_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"yinzheng/ca"
	"yinzheng/ca/catest"
	"yinzheng/ca/operate"
	"yinzheng/internal/auth"
	"yinzheng/internal/foureyes"
	"yinzheng/internal/gm"
	"yinzheng/internal/keys"
)

var template catest.Template

func TestMain(m *testing.M) {
	code := m.Run()
	if err := template.Remove(); err != nil {
		panic(err)
	}
	os.Exit(code)
}

var (
	operator = auth.Caller{ID: "operator-1", Actions: []auth.Action{auth.OperateCA}}
	both     = auth.Caller{ID: "operator-2", Actions: []auth.Action{auth.OperateCA, auth.ApproveCA}}
	approver = auth.Caller{ID: "approver-1", Actions: []auth.Action{auth.ApproveCA}}
	stranger = auth.Caller{ID: "system-1", Actions: []auth.Action{auth.IssueLicence, auth.ReadLicence}}
)

// counter is an open counter over a fresh region.
type counter struct {
	*operate.Service
	region  *ca.Region
	world   *catest.World
	notices int
}

func open(t testing.TB) *counter {
	t.Helper()
	dir := t.TempDir()
	if err := template.Copy(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	w, err := catest.Open(t.Context(), dir, catest.Start)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	r, err := ca.Open(t.Context(), w.Config)
	if err != nil {
		t.Fatal(err)
	}
	c := &counter{region: r, world: w}
	c.Service, err = operate.New(operate.Config{
		Region: r, Keys: w.Keys, Books: w.DB, Enrolment: &ca.Enrolment{Region: r, Tokens: w.DB, Callers: w.DB}, Callers: w.DB,
		Proposals: w.DB, Audit: w.DB, Now: catest.Start, Notice: func() { c.notices++ },
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// actions are what the audit record holds, in order.
func (c *counter) actions(t testing.TB) string {
	t.Helper()
	all, err := c.world.DB.Entries(t.Context(), 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range all {
		names = append(names, e.Caller+" "+e.Action)
	}
	return strings.Join(names, "\n")
}

func p256(t testing.TB, name string) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	csr, err := gm.CreateRequest(pkix.Name{CommonName: name}, nil, key)
	if err != nil {
		t.Fatal(err)
	}
	return csr
}

func sm2(t testing.TB, name string) []byte {
	t.Helper()
	key, err := gm.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	csr, err := gm.CreateRequest(pkix.Name{Country: []string{"CN"}, CommonName: name}, nil, key)
	if err != nil {
		t.Fatal(err)
	}
	return csr
}

// named returns how the register names a certificate.
func named(t testing.TB, der []byte) operate.Revoke {
	t.Helper()
	c, err := gm.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return operate.Revoke{Authority: hex.EncodeToString(c.AuthorityKeyId), Serial: c.SerialNumber.String(), Reason: ca.KeyCompromise}
}

func detail(t testing.TB, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// agreed proposes as one person and approves as another.
func (c *counter) agreed(t testing.TB, act string, d any) foureyes.Proposal {
	t.Helper()
	p, err := c.Propose(t.Context(), operator, act, detail(t, d))
	if err != nil {
		t.Fatal(err)
	}
	if p, err = c.Approve(t.Context(), approver, p.ID); err != nil {
		t.Fatalf("%s: %v", act, err)
	}
	return p
}

func TestOnlyOperatorsComeToTheCounter(t *testing.T) {
	c := open(t)
	ctx := t.Context()
	for name, do := range map[string]func(auth.Caller) error{
		"issue": func(by auth.Caller) error {
			_, err := c.Issue(ctx, by, ca.ProfileTLSServer, p256(t, "a.example"), nil)
			return err
		},
		"pair":         func(by auth.Caller) error { _, err := c.IssueDual(ctx, by, sm2(t, "示例经办人")); return err },
		"revoke":       func(by auth.Caller) error { return c.Revoke(ctx, by, named(t, c.region.TrustSigner().Certificate)) },
		"token":        func(by auth.Caller) error { _, _, err := c.NewToken(ctx, by, stranger); return err },
		"certificates": func(by auth.Caller) error { _, _, err := c.Certificates(ctx, by, ca.Query{Limit: 1}); return err },
		"certificate":  func(by auth.Caller) error { _, err := c.Certificate(ctx, by, "", ""); return err },
		"keys":         func(by auth.Caller) error { _, err := c.Keys(ctx, by); return err },
		"propose": func(by auth.Caller) error {
			_, err := c.Propose(ctx, by, operate.ActRenew, []byte(`{"name":"ocsp"}`))
			return err
		},
		"approve":   func(by auth.Caller) error { _, err := c.Approve(ctx, by, "none"); return err },
		"reject":    func(by auth.Caller) error { _, err := c.Reject(ctx, by, "none"); return err },
		"proposals": func(by auth.Caller) error { _, err := c.Proposals(ctx, by, "", "", 1); return err },
	} {
		if err := do(stranger); !errors.Is(err, auth.ErrDenied) {
			t.Errorf("%s: a stranger got %v", name, err)
		}
		if err := do(auth.Caller{}); !errors.Is(err, auth.ErrDenied) {
			t.Errorf("%s: nobody got %v", name, err)
		}
	}
	if got := c.actions(t); got != "" {
		t.Errorf("recorded:\n%s", got)
	}
	for name, err := range map[string]error{
		"operator approves": func() error { _, err := c.Approve(ctx, operator, "none"); return err }(),
		"approver issues":   func() error { _, err := c.IssueDual(ctx, approver, sm2(t, "示例经办人")); return err }(),
	} {
		if !errors.Is(err, auth.ErrDenied) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWhatAnOperatorDoesAloneIsRecordedBefore(t *testing.T) {
	c := open(t)
	ctx := t.Context()
	server, err := c.Issue(ctx, operator, ca.ProfileTLSServer, p256(t, "whatever.example"), []string{"node.example", "127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(server)
	if err != nil || len(cert.DNSNames) != 1 || cert.DNSNames[0] != "node.example" || len(cert.IPAddresses) != 1 {
		t.Errorf("names %v %v: %v", cert.DNSNames, cert.IPAddresses, err)
	}
	pair, err := c.IssueDual(ctx, operator, sm2(t, "示例经办人"))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Revoke(ctx, operator, named(t, pair.Sign)); err != nil {
		t.Fatal(err)
	}
	if c.notices != 1 {
		t.Errorf("the lists were told %d times", c.notices)
	}
	if err := c.Revoke(ctx, operator, named(t, pair.Sign)); !errors.Is(err, ca.ErrRevoked) {
		t.Errorf("revoked again: %v", err)
	}
	token, _, err := c.NewToken(ctx, operator, stranger)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Enrol(ctx, token, p256(t, "x")); err != nil {
		t.Error(err)
	}
	const want = "operator-1 ca.issue\noperator-1 ca.issue-dual\noperator-1 ca.revoke\noperator-1 ca.revoke\noperator-1 ca.token\nsystem-1 ca.enrol"
	if got := c.actions(t); !strings.HasPrefix(got, want) {
		t.Errorf("recorded:\n%s", got)
	}
}

func TestOperatorsIssueOnlyWhatIsTheirsToIssue(t *testing.T) {
	c := open(t)
	for _, profile := range []string{"", "nobody", ca.ProfileOfficeSeal, ca.ProfileTLSClient, ca.ProfileTLSCA, ca.ProfileTrustList} {
		if _, err := c.Issue(t.Context(), operator, profile, p256(t, "a.example"), nil); !errors.Is(err, ca.ErrProfile) {
			t.Errorf("%q: %v", profile, err)
		}
	}
}

func TestWhatTheHouseStandsOnIsRevokedByTwoPeople(t *testing.T) {
	c := open(t)
	d := named(t, c.region.TrustSigner().Certificate)
	if err := c.Revoke(t.Context(), both, d); !errors.Is(err, operate.ErrTwoPeople) {
		t.Fatalf("one person: %v", err)
	}
	p, err := c.Propose(t.Context(), both, operate.ActRevoke, detail(t, d))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Approve(t.Context(), both, p.ID); !errors.Is(err, foureyes.ErrSelf) {
		t.Fatalf("the same person twice: %v", err)
	}
	if r, err := c.Certificate(t.Context(), operator, d.Authority, d.Serial); err != nil || r.State != ca.Good {
		t.Fatalf("already %s: %v", r.State, err)
	}
	if p, err = c.Approve(t.Context(), approver, p.ID); err != nil || p.State != foureyes.Done {
		t.Fatalf("%s: %v", p.State, err)
	}
	if r, err := c.Certificate(t.Context(), operator, d.Authority, d.Serial); err != nil || r.State != ca.Revoked || r.Reason != ca.KeyCompromise {
		t.Errorf("now %s: %v", r.State, err)
	}
	if got := c.actions(t); !strings.Contains(got, "operator-2 four-eyes.refused") || !strings.Contains(got, "approver-1 four-eyes.done") {
		t.Errorf("recorded:\n%s", got)
	}
}

func TestKeysChangeByTwoPeople(t *testing.T) {
	c := open(t)
	id, err := c.region.Enrol(t.Context(), ca.Office{Name: catest.OfficeName, Code: catest.OfficeCode})
	if err != nil {
		t.Fatal(err)
	}
	key := ca.SealKey(id.Name)
	c.agreed(t, operate.ActKeyQuota, operate.KeyQuota{Key: key, Quota: 1})
	signer, err := c.world.Keys.Signer(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := gm.Sign(signer, []byte("one")); err != nil {
		t.Fatal(err)
	}
	if _, err := gm.Sign(signer, []byte("two")); !errors.Is(err, keys.ErrQuota) {
		t.Errorf("beyond its quota: %v", err)
	}
	c.agreed(t, operate.ActKeyState, operate.KeyState{Key: key, State: keys.Retired})
	if _, err := c.world.Keys.Signer(t.Context(), key); err == nil {
		t.Error("a retired key signs")
	}
	c.agreed(t, operate.ActKeyState, operate.KeyState{Key: key, State: keys.Destroyed})
	all, err := c.Keys(t.Context(), approver)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range all {
		if k.ID == key && k.State != keys.Destroyed {
			t.Errorf("the inventory says %s", k.State)
		}
	}
	for _, name := range []string{"authority", "timestamper", "log", "ocsp", "tls"} { // without these the service could not start again
		for _, state := range []keys.State{keys.Retired, keys.Destroyed} {
			if _, err := c.Propose(t.Context(), operator, operate.ActKeyState, detail(t, operate.KeyState{Key: name, State: state})); !errors.Is(err, ca.ErrInUse) {
				t.Errorf("%s %s: %v", state, name, err)
			}
		}
	}
	// a key that is gone does not come back, and the proposal says so
	p, err := c.Propose(t.Context(), operator, operate.ActKeyState, detail(t, operate.KeyState{Key: key, State: keys.Active}))
	if err != nil {
		t.Fatal(err)
	}
	if p, err = c.Approve(t.Context(), approver, p.ID); !errors.Is(err, foureyes.ErrFailed) {
		t.Errorf("%s: %v", p.State, err)
	}
}

func TestAuthorityIsRolledOverByTwoPeople(t *testing.T) {
	c := open(t)
	c.agreed(t, operate.ActRequestCA, operate.RequestCA{Name: "authority"})
	q, err := c.region.RequestAuthority(t.Context(), "authority")
	if err != nil {
		t.Fatal(err)
	}
	done, err := c.world.Spec().Ceremony(t.Context(), []ca.CARequest{q})
	if err != nil {
		t.Fatal(err)
	}
	c.agreed(t, operate.ActImport, operate.Import{Name: "authority", Certificate: string(ca.PEM(done.Authorities[q.Name]))})
	c.agreed(t, operate.ActRenew, operate.Renew{Name: "trust-list"})
	if c.region.Authority().Name != "authority-2" {
		t.Errorf("%s issues", c.region.Authority().Name)
	}
}

func TestWhoRunsTheAuthorityIsAddedByTwoPeople(t *testing.T) {
	c := open(t)
	if _, _, err := c.NewToken(t.Context(), operator, both); !errors.Is(err, operate.ErrTwoPeople) {
		t.Errorf("an operator enrolled by a token: %v", err)
	}
	digest := gm.Sum([]byte("an API key"))
	c.agreed(t, operate.ActCaller, operate.AddCaller{Key: digest.String(), Caller: both})
	if got, err := c.world.DB.CallerOf(t.Context(), digest); err != nil || got.ID != both.ID {
		t.Errorf("%v: %v", got, err)
	}
}

func TestActsThatCannotBeReadAreNotEvenProposed(t *testing.T) {
	c := open(t)
	for _, p := range []struct {
		act, detail string
		want        error
	}{
		{"", `{}`, foureyes.ErrUnknownAct},
		{"root.sign", `{}`, foureyes.ErrUnknownAct},
		{operate.ActRenew, ``, operate.ErrDetail},
		{operate.ActRenew, `{"name":"ocsp","force":true}`, operate.ErrDetail},
		{operate.ActRenew, `{"name":"ocsp"} {}`, operate.ErrDetail},
		{operate.ActKeyQuota, `{"key":"ocsp","quota":1.5}`, operate.ErrDetail},
		{operate.ActRevoke, `{"serial":1}`, operate.ErrDetail},
		{operate.ActImportList, `{"name":"root","list":"%"}`, operate.ErrDetail},
		{operate.ActRequestCA, `[]`, operate.ErrDetail},
		{operate.ActImport, `{"name":null,"certificate":7}`, operate.ErrDetail},
		{operate.ActRecover, `{"old":1}`, operate.ErrDetail},
		{operate.ActKeyState, `{"key":[]}`, operate.ErrDetail},
		{operate.ActCaller, `{"caller":"x"}`, operate.ErrDetail},
	} {
		if _, err := c.Propose(context.Background(), operator, p.act, []byte(p.detail)); !errors.Is(err, p.want) {
			t.Errorf("%s %s: %v", p.act, p.detail, err)
		}
	}
	if open, err := c.Proposals(t.Context(), operator, "", "", 10); err != nil || len(open) != 0 {
		t.Errorf("%d proposals: %v", len(open), err)
	}
}

func FuzzCheckDetail(f *testing.F) {
	acts := []string{operate.ActRequestCA, operate.ActImport, operate.ActImportList, operate.ActRenew, operate.ActRevoke, operate.ActRecover, operate.ActKeyState, operate.ActKeyQuota, operate.ActCaller}
	if len(acts) == 0 {
		f.Fatal("no seeds")
	}
	for _, a := range acts {
		f.Add(a, []byte(`{}`))
		f.Add(a, []byte(`{"name":"authority"} `))
		f.Add(a, []byte(`{"key":"x","quota":9223372036854775808}`))
	}
	f.Fuzz(func(t *testing.T, act string, b []byte) {
		err := operate.CheckDetail(act, b)
		if err != nil && !errors.Is(err, operate.ErrDetail) && !errors.Is(err, foureyes.ErrUnknownAct) {
			t.Errorf("an error of its own: %v", err)
		}
		if err == nil && !json.Valid(b) {
			t.Error("taken without being JSON")
		}
	})
}
