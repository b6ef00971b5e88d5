package store

import (
	"errors"
	"testing"
	"time"

	"yinzheng/internal/audit"
)

func appendFour(t *testing.T, db *DB) {
	t.Helper()
	for range 4 {
		if _, err := db.Append(t.Context(), audit.Entry{At: time.Unix(1772452800, 0), Caller: "c", Action: "a"}); err != nil {
			t.Fatal(err)
		}
	}
	if err := audit.Verify(t.Context(), db); err != nil {
		t.Fatal(err)
	}
}

// verifyAudit returns what audit.Verify says, which for a changed record is nothing but ErrBroken.
func verifyAudit(t *testing.T, db *DB) error {
	t.Helper()
	err := audit.Verify(t.Context(), db)
	if err != nil && !errors.Is(err, audit.ErrBroken) {
		t.Errorf("Verify = %v, want ErrBroken", err)
	}
	return err
}

func TestChangedAuditRecordIsBroken(t *testing.T) {
	for name, change := range map[string]string{
		"a changed line":      "UPDATE audit_entries SET detail = 'x' WHERE sequence = 2",
		"a changed time":      "UPDATE audit_entries SET at = at + 1 WHERE sequence = 2",
		"a removed line":      "DELETE FROM audit_entries WHERE sequence = 2",
		"a cut end":           "DELETE FROM audit_entries WHERE sequence = 4",
		"an emptied record":   "DELETE FROM audit_entries",
		"a changed head":      "UPDATE audit_head SET hash = (SELECT hash FROM audit_entries WHERE sequence = 3)",
		"a line without hash": "UPDATE audit_entries SET hash = '' WHERE sequence = 4",
	} {
		t.Run(name, func(t *testing.T) {
			db := openFile(t)
			appendFour(t, db)
			if _, err := db.write.ExecContext(t.Context(), change); err != nil {
				t.Fatal(err)
			}
			if err := verifyAudit(t, db); err == nil {
				t.Error("the record verifies")
			}
		})
	}
}
