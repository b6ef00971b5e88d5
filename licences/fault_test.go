package licences_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"yinzheng/archive"
	"yinzheng/licences"
	"yinzheng/licences/licencestest"
)

// faulty gives every part of a house the same fault.
func faulty(t *testing.T, f *licencestest.Fault) *house {
	h := newHouse(t)
	h.config.Store = licencestest.FaultyStore{Store: h.store, Fault: f}
	h.config.Sealer = licencestest.FaultySealer{Sealer: h.sealer, Fault: f}
	h.config.Ledger = licencestest.FaultyLedger{Ledger: h.ledger, Fault: f}
	h.config.Blobs = licencestest.FaultyBlobs{Blobs: h.content, Fault: f}
	h.config.Archive = licencestest.FaultyArchive{Archiver: h.archive, Fault: f}
	h.config.Audit = licencestest.FaultyAudit{Log: h.audit, Fault: f}
	h.Service = h.another(t)
	return h
}

func TestFaultAtAnyStepLosesAndDoublesNothing(t *testing.T) {
	for _, point := range licencestest.Points() {
		for _, persist := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/persisted=%v", point, persist), func(t *testing.T) {
				f := &licencestest.Fault{Point: point, Persist: persist}
				h := faulty(t, f)
				l, err := h.Issue(t.Context(), h.by, h.request("one"))
				if early := slices.Index(licencestest.Points(), point) <= slices.Index(licencestest.Points(), "accept"); early != errors.Is(err, licencestest.ErrFault) {
					t.Fatalf("issuing: %v", err)
				}
				run(t, h.Service)
				again, err := h.Issue(t.Context(), h.by, h.request("one")) // the same key again is what a caller does
				if err != nil {
					t.Fatalf("again: %v", err)
				}
				if l.ID != "" && l.ID != again.ID {
					t.Errorf("acknowledged %s, again %s", l.ID, again.ID)
				}
				h.reaches(t, again.ID, licences.Archived)
				h.checkOne(t, again.ID)
				if !f.Fired() {
					t.Error("the fault never happened")
				}
			})
		}
	}
}

func TestWhatAFaultLeftIsFinishedWithoutBeingAskedAgain(t *testing.T) {
	for _, point := range licencestest.Points()[2:] { // from here on the intent is on disk
		t.Run(point, func(t *testing.T) {
			h := faulty(t, &licencestest.Fault{Point: point})
			_, _ = h.Issue(t.Context(), h.by, h.request("one"))
			all := h.all(t)
			if len(all) != 1 {
				t.Fatalf("%d licences", len(all))
			}
			run(t, h.another(t)) // a process started later
			h.reaches(t, all[0].ID, licences.Archived)
			h.checkOne(t, all[0].ID)
		})
	}
}

// checkOne demands exactly one licence, whole: one entry in the ledger, one package, and the document of both.
func (h *house) checkOne(t *testing.T, id string) {
	t.Helper()
	all := h.all(t)
	if len(all) != 1 || all[0].ID != id || h.ledger.Count() != 1 {
		t.Errorf("%d licences, %d entries in the ledger", len(all), h.ledger.Count())
	}
	if _, err := h.ledger.Receipt(t.Context(), "licence", all[0].Document); err != nil {
		t.Errorf("the entry is not of the document: %v", err)
	}
	checked, unsound, err := h.archive.Audit(t.Context(), func(_ archive.Package, fault error) {
		if fault != nil {
			t.Error(fault)
		}
	})
	if checked != 1 || unsound != 0 || err != nil {
		t.Errorf("%d packages, %d unsound, %v", checked, unsound, err)
	}
	if !slices.Contains(h.audit.Actions(id), "licence.issued") {
		t.Error("the record does not say that it was issued")
	}
}

func TestTwoProcessesFinishingOneLicenceMakeOneDocument(t *testing.T) {
	for range 20 {
		h := faulty(t, &licencestest.Fault{Point: "seal"})
		_, _ = h.Issue(t.Context(), h.by, h.request("one"))
		run(t, h.another(t))
		run(t, h.another(t))
		id := h.all(t)[0].ID
		h.reaches(t, id, licences.Archived)
		h.checkOne(t, id)
	}
}

func TestLicenceThatCannotBeFinishedHoldsUpNoOther(t *testing.T) {
	h := newHouse(t)
	broken := &licencestest.Fault{Point: "seal"}
	h.config.Sealer = licencestest.FaultySealer{Sealer: h.sealer, Fault: broken}
	h.config.CheckURL = "https://elsewhere.test/c/"
	_, _ = h.another(t).Issue(t.Context(), h.by, h.request("stuck")) // its face is another for h: never finished there
	run(t, h.Service)
	for i := range 5 {
		h.reaches(t, h.issue(t, fmt.Sprint(i)).ID, licences.Archived)
	}
	for _, l := range h.all(t) {
		if stuck := l.State == licences.Issuing; stuck != (l.Key == "stuck") {
			t.Errorf("%s is %s", l.Key, l.State)
		}
	}
}

func TestSettleFinishesWithoutRun(t *testing.T) {
	h := newHouse(t)
	l := h.issue(t, "one")
	h.clock.set(h.clock.now().Add(time.Second))
	if l, err := h.Settle(t.Context(), l.ID); err != nil || l.State != licences.Archived {
		t.Errorf("%s, %v", l.State, err)
	}
	h.checkOne(t, l.ID)
}
