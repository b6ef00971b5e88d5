package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"yinzheng/ca"
	"yinzheng/internal/gm"
)

func registerPages(t *testing.T, b AuthorityBook) {
	const count = 11
	for n := range count {
		issued(t, b, intent(n))
	}
	var got []string
	after := int64(0)
	for {
		page, last, err := b.Certificates(t.Context(), ca.Query{After: after, Limit: 4})
		if err != nil || len(page) > 4 {
			t.Fatalf("a page of %d, %v", len(page), err)
		}
		if len(page) == 0 {
			if last != after {
				t.Errorf("an empty page is at %d, want %d", last, after)
			}
			break
		}
		for _, r := range page {
			if r.State != ca.Good || !bytes.Equal(r.DER, derOf(r.Intent)) {
				t.Errorf("certificate %s is %s with %q", r.Serial, r.State, r.DER)
			}
			got = append(got, r.Serial)
		}
		after = last
	}
	var want []string
	for n := range count {
		want = append(want, intent(n).Serial)
	}
	if !cmp.Equal(got, want) {
		t.Errorf("(-want +got):\n%s", cmp.Diff(want, got))
	}
	for n := count; n < ca.MaxPage+10; n++ {
		intend(t, b, intent(n))
	}
	for _, limit := range []int{0, -1, ca.MaxPage, ca.MaxPage + 1, 1 << 40} {
		if page, _, err := b.Certificates(t.Context(), ca.Query{Limit: limit}); err != nil || len(page) != ca.MaxPage {
			t.Errorf("a page of at most %d has %d, %v; want %d", limit, len(page), err, ca.MaxPage)
		}
	}
}

func registerFilters(t *testing.T, b AuthorityBook) {
	for n := range 6 {
		i := intent(n)
		if n >= 4 {
			i.Authority, i.Profile = "bb", "tls-client"
		}
		if n != 1 {
			issued(t, b, i)
		} else {
			intend(t, b, i)
		}
	}
	if err := b.Revoke(t.Context(), "bb", "1004", 1, noon()); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		query ca.Query
		want  []string
	}{
		"all":                 {ca.Query{}, []string{"1000", "1001", "1002", "1003", "1004", "1005"}},
		"authority":           {ca.Query{Authority: "bb"}, []string{"1004", "1005"}},
		"no authority":        {ca.Query{Authority: "b"}, nil},
		"name":                {ca.Query{Name: "name 1"}, []string{"1001", "1004"}},
		"name, one":           {ca.Query{Name: "name 1", Limit: 1}, []string{"1001"}},
		"name and state":      {ca.Query{Name: "name 1", State: ca.Revoked}, []string{"1004"}},
		"name and authority":  {ca.Query{Name: "name 1", Authority: authority}, []string{"1001"}},
		"name and profile":    {ca.Query{Name: "name 1", Profile: "tls-client"}, []string{"1004"}},
		"name and end":        {ca.Query{Name: "name 1", ExpiresBefore: intent(4).NotAfter}, []string{"1001"}},
		"state":               {ca.Query{State: ca.Intended}, []string{"1001"}},
		"profile":             {ca.Query{Profile: "tls-client"}, []string{"1004", "1005"}},
		"profile and state":   {ca.Query{Profile: "tls-client", State: ca.Good}, []string{"1005"}},
		"expiring":            {ca.Query{ExpiresBefore: intent(2).NotAfter}, []string{"1000", "1001"}},
		"a name with a quote": {ca.Query{Name: "name 1' OR '1'='1"}, nil},
	} {
		page, _, err := b.Certificates(t.Context(), c.query)
		var got []string
		for _, r := range page {
			got = append(got, r.Serial)
		}
		if err != nil || !cmp.Equal(got, c.want) {
			t.Errorf("%s = %v, %v; want %v", name, got, err, c.want)
		}
	}
}

func latestIssue(t *testing.T, b AuthorityBook) {
	if at, err := b.LatestIssue(t.Context()); err != nil || !at.IsZero() {
		t.Errorf("of nothing = %s, %v", at, err)
	}
	for _, n := range []int{2, 9, 4} {
		intend(t, b, intent(n))
	}
	if at, err := b.LatestIssue(t.Context()); err != nil || !at.Equal(intent(9).At) {
		t.Errorf("LatestIssue = %s, %v; want %s", at, err, intent(9).At)
	}
}

func intentRefused(t *testing.T, b AuthorityBook) {
	for name, spoil := range map[string]func(*ca.Intent){
		"no authority":           func(i *ca.Intent) { i.Authority = "" },
		"authority in capitals":  func(i *ca.Intent) { i.Authority = "AB" },
		"no serial number":       func(i *ca.Intent) { i.Serial = "" },
		"serial number 0":        func(i *ca.Intent) { i.Serial = "0" },
		"leading zero":           func(i *ca.Intent) { i.Serial = "01001" },
		"hexadecimal":            func(i *ca.Intent) { i.Serial = "1a" },
		"negative":               func(i *ca.Intent) { i.Serial = "-1" },
		"more than 20 octets":    func(i *ca.Intent) { i.Serial = fmt.Sprintf("1%049d", 0) },
		"no key":                 func(i *ca.Intent) { i.Key = gm.Digest{} },
		"no time":                func(i *ca.Intent) { i.At = time.Time{} },
		"no end of its validity": func(i *ca.Intent) { i.NotAfter = time.Time{} },
	} {
		i := intent(1)
		spoil(&i)
		if err := b.Intend(t.Context(), i); err == nil {
			t.Errorf("%s: stored", name)
		}
	}
	if page, _, err := b.Certificates(t.Context(), ca.Query{}); err != nil || len(page) != 0 {
		t.Errorf("%d records, %v; want none", len(page), err)
	}
}

// issueAtOnce has many issue while others are refused: nobody's failure undoes anybody else's work.
func issueAtOnce(t *testing.T, b AuthorityBook) {
	const callers, each = 16, 8
	var wg sync.WaitGroup
	for c := range callers {
		wg.Go(func() {
			for k := range each {
				i := intent(c*each + k)
				if err := b.Intend(t.Context(), i); err != nil {
					t.Errorf("Intend(%s): %v", i.Serial, err)
				}
				if err := b.Intend(t.Context(), i); !errors.Is(err, ca.ErrSerialUsed) {
					t.Errorf("Intend(%s) again = %v, want ErrSerialUsed", i.Serial, err)
				}
				if err := b.Settle(t.Context(), i.Authority, i.Serial, derOf(i)); err != nil {
					t.Errorf("Settle(%s): %v", i.Serial, err)
				}
			}
		})
	}
	wg.Wait()
	seen := map[string]bool{}
	page, last, err := b.Certificates(t.Context(), ca.Query{State: ca.Good})
	for _, r := range page {
		seen[r.Serial] = true
	}
	if err != nil || len(seen) != callers*each || last != callers*each {
		t.Errorf("%d certificates to position %d, %v; want %d", len(seen), last, err, callers*each)
	}
}
