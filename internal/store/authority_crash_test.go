package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"yinzheng/ca"
	"yinzheng/internal/gm"
	"yinzheng/internal/store"
)

const crashAuthority = "00a1ff"

// serialOf makes a serial number of an ID, spread as random ones are.
func serialOf(id string) string {
	digest := gm.Sum([]byte(id))
	return decimal(append([]byte{1}, digest[:19]...))
}

func crashDER(id string) []byte { return bytes.Repeat([]byte(id), 80) }

// certify intends, settles and, of every second ID, revokes a certificate, and prints each step when it is durable.
func certify(db *store.DB, id string) error {
	ctx, at, serial := context.Background(), time.Unix(1772452800, 0), serialOf(id)
	err := db.Intend(ctx, ca.Intent{Authority: crashAuthority, Serial: serial, Key: gm.Sum([]byte(id)), Name: id, At: at,
		NotBefore: at, NotAfter: at.AddDate(1, 0, 0)})
	if err != nil {
		return err
	}
	fmt.Println("intended " + id)
	if err := db.Settle(ctx, crashAuthority, serial, crashDER(id)); err != nil {
		return err
	}
	fmt.Println("good " + id)
	if gm.Sum([]byte(id))[31]%2 == 1 {
		return nil
	}
	if err := db.Revoke(ctx, crashAuthority, serial, 4, at); err != nil {
		return err
	}
	fmt.Println("revoked " + id)
	return nil
}

func TestNoCertificateIsUnknownAndNoSerialNumberUsedTwiceWhenKilled(t *testing.T) {
	path := filepath.Join(t.TempDir(), "crash.db")
	acknowledged := map[string]ca.State{} // the last step of each ID
	for round := range 6 {
		for _, line := range killAfter(t, "certificates:"+path, 150+200*round) {
			state, id, _ := strings.Cut(line, " ")
			acknowledged[id] = ca.State(state)
		}
	}
	db := openAt(t, path)
	ctx, order := t.Context(), map[ca.State]int{ca.Intended: 1, ca.Good: 2, ca.Revoked: 3}
	for id, state := range acknowledged {
		r, err := db.Certificate(ctx, crashAuthority, serialOf(id))
		if err != nil || order[r.State] < order[state] || r.Name != id {
			t.Fatalf("%s was acknowledged as %s and is %s, %v", id, state, r.State, err)
		}
		if r.State != ca.Intended && !bytes.Equal(r.DER, crashDER(id)) {
			t.Errorf("the certificate of %s is another", id)
		}
	}
	counts := countStates(t, db)
	if revision, err := db.Revision(ctx); err != nil || revision != int64(counts[ca.Revoked]) {
		t.Errorf("revision %d, %v; %d are revoked", revision, err, counts[ca.Revoked])
	}
	if err := db.Check(ctx); err != nil {
		t.Error(err)
	}
	after := time.Unix(1772452800, 0).Add(time.Hour)
	if n, err := db.Void(ctx, after, after); err != nil || n != counts[ca.Intended] {
		t.Errorf("Void = %d, %v; %d were left intended", n, err, counts[ca.Intended])
	}
	for id := range acknowledged {
		again := ca.Intent{Authority: crashAuthority, Serial: serialOf(id), Key: gm.Sum([]byte("new")), At: after, NotAfter: after}
		if err := db.Intend(ctx, again); !errors.Is(err, ca.ErrSerialUsed) {
			t.Fatalf("the serial number of %s again = %v, want ErrSerialUsed", id, err)
		}
	}
	t.Logf("%d acknowledged in 6 lives, none lost; states in the end %v", len(acknowledged), counts)
}

// countStates reads the whole register and checks that a record has a certificate when, and only when, it should.
func countStates(t *testing.T, db *store.DB) map[ca.State]int {
	t.Helper()
	counts := map[ca.State]int{}
	for after := int64(0); ; {
		page, last, err := db.Certificates(t.Context(), ca.Query{After: after})
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			return counts
		}
		for _, r := range page {
			counts[r.State]++
			if (r.State == ca.Intended) != (r.DER == nil) || (r.State == ca.Revoked) == r.RevokedAt.IsZero() {
				t.Errorf("certificate %s is %s with %d bytes, revoked at %s", r.Serial, r.State, len(r.DER), r.RevokedAt)
			}
		}
		after = last
	}
}
