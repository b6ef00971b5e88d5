//go:build tools

package house_test

import (
	"fmt"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"yinzheng/internal/house"
	"yinzheng/internal/store/storetest"
)

// TestServiceIssuesAndRevokesOnPostgreSQL has books and register in a real PostgreSQL, where a second process looks at the same.
func TestServiceIssuesAndRevokesOnPostgreSQL(t *testing.T) {
	address := storetest.StartPostgres(t)
	data := filepath.Join(t.TempDir(), "srv")
	c := config(data)
	c.Database = address
	if err := house.Establish(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	w := openWorld(t, data, func(c *house.Config) { c.Database = address })
	if l := w.issue(t, "k1"); l.State != "archived" {
		t.Errorf("the licence is %s", l.State)
	}
	cert := w.officeCertificate(t)
	ways := w.ways(t, cert)
	for name, tells := range ways {
		if tells() {
			t.Fatalf("the %s tells of a revocation that was not made", name)
		}
	}
	time.Sleep(1100 * time.Millisecond) // revoked in the second in which it was sealed counts as before
	path := fmt.Sprintf("/v1/certificates/%x/%s/revoke", cert.AuthorityKeyId, cert.SerialNumber)
	if status, answer := w.do(t, http.MethodPost, path, map[string]any{"reason": 4}); status != http.StatusNoContent {
		t.Fatalf("revoking: %d %s", status, answer)
	}
	everywhere(t, ways)
	found, err := w.Inspect(t.Context())
	if err != nil || len(found.Faults) != 0 || found.Certificates["revoked"] != 1 {
		t.Errorf("%v %v, %v", found.Faults, found.Certificates, err)
	}
}
