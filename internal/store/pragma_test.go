package store

import (
	"database/sql"
	"testing"
)

func TestEveryCommitOnSQLiteIsDurable(t *testing.T) {
	db := openFile(t)
	for name, pool := range map[string]*sql.DB{"write": db.write, "read": db.read} {
		for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1"} {
			var got string
			if err := pool.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got); err != nil || got != want {
				t.Errorf("%s pool has %s %s, %v; want %s", name, pragma, got, err, want)
			}
		}
	}
	if n := db.write.Stats().MaxOpenConnections; n != 1 {
		t.Errorf("%d connections write, want 1", n)
	}
}
