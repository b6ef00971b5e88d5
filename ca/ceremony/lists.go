package ceremony

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"yinzheng/internal/durable"
	"yinzheng/internal/gm"
)

// maxListLife is how long a root's list may stand: a reader who has it looks for no other before.
const maxListLife = 400 * 24 * time.Hour

// prepareLists checks both lists. A list is whole: it has every entry that the one before had, and only certificates that
// the root signed.
func (s *session) prepareLists() ([]ListIntent, error) {
	next, err := parseDate(s.plan.Lists.NextUpdate)
	if err != nil {
		return nil, err
	}
	var wrong []error
	say := func(format string, args ...any) {
		wrong = append(wrong, fmt.Errorf("%w: %s", ErrRevocation, fmt.Sprintf(format, args...)))
	}
	if !next.After(s.now) || next.Sub(s.now) > maxListLife {
		say("next_update: %s is not within %d days from now", s.plan.Lists.NextUpdate, int(maxListLife.Hours()/24))
	}
	var lists []ListIntent
	for name, entries := range map[string][]Revocation{SM2Root: s.plan.Lists.SM2, TLSRoot: s.plan.Lists.TLS} {
		for _, r := range entries {
			at, err := parseDate(r.Date)
			c := s.state.serials[r.Serial]
			switch {
			case err != nil:
				say("%s: %v", name, err)
			case c == nil || c.Issuer != name || c.Profile == ProfileRoot || c.Profile == ProfileTLSRoot:
				say("%s: no certificate with the serial number %s was signed by it", name, r.Serial)
			case at.After(s.now):
				say("%s: the revocation of %s lies ahead", name, r.Serial)
			}
		}
		for _, old := range s.state.revoked[name] {
			if !slices.Contains(entries, old) {
				say("%s: %s, revoked on %s for %s, is missing or changed: a list has everything that the one before had", name, old.Serial, old.Date, old.Reason)
			}
		}
		if next.After(s.state.parsed[name].NotAfter) {
			say("%s: next_update lies after the root's end", name)
		}
		lists = append(lists, ListIntent{Name: name, Number: s.state.numbers[name] + 1, NextUpdate: s.plan.Lists.NextUpdate, Revoked: entries})
	}
	slices.SortFunc(lists, func(a, b ListIntent) int { return len(a.Name) - len(b.Name) }) // the SM2 root first
	return lists, errors.Join(wrong...)
}

// signLists signs and stores each list under its number, and replaces the current one.
func (s *session) signLists(ctx context.Context, lists []ListIntent) error {
	for _, l := range lists {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := s.add("list "+l.Name, Entry{Event: EventList, List: &l}); err != nil {
			return err
		}
		der, err := signList(l, s.state.parsed[l.Name], s.keys.of(l.Name), s.now)
		if err != nil {
			return fmt.Errorf("signing the list of %s: %w", l.Name, err)
		}
		file := l.Name + "-" + strconv.FormatInt(l.Number, 10) + listSuffix
		if err := create(s.folder.path(OutDir, file), der, outMode); err != nil {
			return err
		}
		s.step("list file " + l.Name)
		made := &Made{Name: l.Name, File: OutDir + "/" + file, SM3: gm.Sum(der), Number: l.Number}
		if err := s.add("made list "+l.Name, Entry{Event: EventMade, Made: made}); err != nil {
			return err
		}
		current := s.folder.path(OutDir, l.Name+listSuffix)
		if err := durable.WriteFile(current, der, outMode); err != nil {
			return err
		}
		s.step("current list " + l.Name)
		s.out.Files = append(s.out.Files, s.folder.path(OutDir, file), current)
	}
	return nil
}
