package store_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"yinzheng/internal/gm"
	"yinzheng/internal/midstate"
	"yinzheng/internal/store"
	"yinzheng/sealing"
	"yinzheng/sealing/desk"
)

func crashTime() time.Time { return time.Unix(1772452800, 0).UTC() }

// seal enters a document, opens a joint sealing and changes it, prepares a draft and takes it, and prints each step when it is
// durable.
func seal(db *store.DB, id string) error {
	ctx, at := context.Background(), crashTime()
	err := db.PutPaper(ctx, desk.Paper{Digest: gm.Sum([]byte(id)), Caller: id, What: desk.CameBrought, Size: 1, At: at})
	if err != nil {
		return err
	}
	fmt.Println("paper " + id)
	j := desk.Joint{ID: id, Version: 1, State: desk.JointOpen, At: at}
	if err := db.AddJoint(ctx, j); err != nil {
		return err
	}
	fmt.Println("opened " + id)
	j.Version, j.State = 2, desk.JointComplete
	if err := db.ChangeJoint(ctx, j); err != nil {
		return err
	}
	fmt.Println("complete " + id)
	d := sealing.Draft{ID: id, By: id, At: at, Expires: at.Add(sealing.DraftLife), Content: gm.Sum([]byte(id)),
		Remote: sealing.Remote{Base: midstate.State{Length: 1, SM3: []byte(id)}, Tail: []byte(strings.Repeat("x", 1000)), Gap: [2]int{1, 2}}}
	if err := db.PutDraft(ctx, d); err != nil {
		return err
	}
	fmt.Println("prepared " + id)
	if _, err := db.TakeDraft(ctx, id, id, at); err != nil {
		return err
	}
	fmt.Println("taken " + id)
	return nil
}

func TestNoDraftIsTakenTwiceAndNoSealingForgottenWhenKilled(t *testing.T) {
	path := filepath.Join(t.TempDir(), "crash.db")
	acknowledged := map[string]map[string]bool{}
	for round := range 4 {
		for _, line := range killAfter(t, "sealings:"+path, 150+200*round) {
			step, id, _ := strings.Cut(line, " ")
			if acknowledged[id] == nil {
				acknowledged[id] = map[string]bool{}
			}
			acknowledged[id][step] = true
		}
	}
	db := openAt(t, path)
	ctx, taken := t.Context(), 0
	for id, steps := range acknowledged {
		if p, err := db.PaperFor(ctx, gm.Sum([]byte(id)), id, ""); err != nil || p.Caller != id {
			t.Errorf("document of %s: %+v, %v", id, p, err)
		}
		j, err := db.Joint(ctx, id)
		switch {
		case steps["opened"] && err != nil:
			t.Errorf("joint sealing %s: %v", id, err)
		case steps["complete"] && (j.State != desk.JointComplete || j.Version != 2):
			t.Errorf("joint sealing %s is %s, version %d", id, j.State, j.Version)
		}
		d, err := db.TakeDraft(ctx, id, id, crashTime())
		switch {
		case steps["taken"] && !errors.Is(err, sealing.ErrTaken):
			t.Errorf("draft %s was taken, and now gives %v", id, err)
		case err == nil && len(d.Remote.Tail) != 1000:
			t.Errorf("draft %s comes back with a tail of %d bytes", id, len(d.Remote.Tail))
		case steps["prepared"] && err != nil && !errors.Is(err, sealing.ErrTaken):
			t.Errorf("draft %s: %v", id, err)
		}
		if steps["taken"] {
			taken++
		}
	}
	if taken == 0 {
		t.Error("nothing was taken before any kill: the test shows nothing")
	}
	if err := db.Check(ctx); err != nil {
		t.Error(err)
	}
}
