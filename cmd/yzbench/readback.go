package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"golang.org/x/sync/errgroup"

	"yinzheng/internal/gm"
	"yinzheng/licences"
)

// errLost means that what was acknowledged is not there, not once, or not what was said. No speed makes up for it.
var errLost = errors.New("licences were lost, doubled or changed")

const (
	page      = 500      // licences read from the books at a time
	maxAnswer = 64 << 20 // bytes of one answer
	maxTold   = 5        // faults that are told one by one
)

// readBack reads every licence and its document over HTTP, compares them with what was answered, counts the books, and has
// the house re-derive everything it keeps.
func (i *issuer) readBack(ctx context.Context, before int) (string, error) {
	var faults faults
	ids, identifiers, numbers := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, l := range i.made {
		if ids[l.ID] || identifiers[l.Identifier] || numbers[l.Number] {
			faults.add("%s was given twice", l.ID)
		}
		ids[l.ID], identifiers[l.Identifier], numbers[l.Number] = true, true, true
	}
	var group errgroup.Group
	group.SetLimit(clients)
	found := make([]error, len(i.made))
	for n, l := range i.made {
		group.Go(func() error {
			found[n] = i.client.check(ctx, l)
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return "", err
	}
	for n, err := range found {
		if err != nil {
			faults.add("%s : %v", i.made[n].ID, err)
		}
	}
	after, err := i.w.countLicences(ctx)
	if err != nil {
		return "", err
	}
	if after-before != len(i.made) {
		faults.add("%d licences answered, %d in the books", len(i.made), after-before)
	}
	inspected, err := i.w.Inspect(ctx)
	if err != nil {
		return "", err
	}
	for _, f := range inspected.Faults {
		faults.add("%s : %s", f.Where, f.What)
	}
	return fmt.Sprintf("%d licences read back: %d faults; inspected %d files, %d receipts, %d packages, %d batches, %d audit entries",
		len(i.made), faults.n, inspected.Contents, inspected.Receipts, inspected.Packages, inspected.Batches, inspected.Audit), faults.err()
}

// faults counts what is wrong.
type faults struct {
	n    int
	told []error
}

func (f *faults) add(format string, args ...any) {
	f.n++
	if len(f.told) < maxTold {
		f.told = append(f.told, fmt.Errorf(format, args...))
	}
}

func (f *faults) err() error {
	if f.n == 0 {
		return nil
	}
	return errors.Join(append([]error{fmt.Errorf("%w: %d faults", errLost, f.n)}, f.told...)...)
}

// countLicences counts the books.
func (w *world) countLicences(ctx context.Context) (int, error) {
	n, after := 0, ""
	for {
		found, err := w.DB.Licences(ctx, after, page)
		if err != nil || len(found) == 0 {
			return n, err
		}
		n, after = n+len(found), found[len(found)-1].ID
	}
}

// request is the body of the n-th request: the kind's example, at another address and with its own number.
func (w *world) request(n int) ([]byte, error) {
	e := w.kind.Examples[0]
	fields, err := changedFields(w.kind, n)
	if err != nil {
		return nil, err
	}
	number, err := w.kind.MakeNumber(e.Holder, e.IssuedOn, int64(n))
	if err != nil {
		return nil, err
	}
	return json.Marshal(map[string]any{"kind": w.kind.Code, "number": number, "fields": fields, "holder": e.Holder})
}

// client calls the API as an approval system does.
type client struct {
	w    *world
	http *http.Client
}

func newClient(w *world) *client {
	return &client{w: w, http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: clients}}}
}

// post issues one licence.
func (c *client) post(ctx context.Context, idempotency string, body []byte) (issued, error) {
	answer, err := c.do(ctx, http.MethodPost, "/v1/licences", idempotency, body)
	if err != nil {
		return issued{}, err
	}
	var l issued
	return l, json.Unmarshal(answer, &l)
}

// check reads a licence and its document and compares them with the answer that acknowledged it.
func (c *client) check(ctx context.Context, l issued) error {
	answer, err := c.do(ctx, http.MethodGet, "/v1/licences/"+l.ID, "", nil)
	if err != nil {
		return err
	}
	var now issued
	if err := json.Unmarshal(answer, &now); err != nil {
		return err
	}
	doc, err := c.do(ctx, http.MethodGet, "/v1/licences/"+l.ID+"/document", "", nil)
	if err != nil {
		return err
	}
	if now.State != string(licences.Archived) {
		return fmt.Errorf("is %s", now.State)
	}
	now.State = l.State
	if now != l || gm.Sum(doc).String() != l.Document {
		return errors.New("is another one than was answered")
	}
	return nil
}

// do asks and returns the body of a good answer.
func (c *client) do(ctx context.Context, method, path, idempotency string, body []byte) (answer []byte, err error) {
	r, err := http.NewRequestWithContext(ctx, method, c.w.url+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer "+c.w.key)
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Idempotency-Key", idempotency)
	}
	resp, err := c.http.Do(r)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	answer, err = io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err == nil && resp.StatusCode >= http.StatusBadRequest {
		err = fmt.Errorf("%s %s : %s %.300s", method, path, resp.Status, answer)
	}
	return answer, err
}

// lastNumber is a running number that the row of issuing does not come to.
const lastNumber = 999_999

// issueOne issues a licence and returns its document once it is archived.
func (w *world) issueOne(ctx context.Context, name string) ([]byte, error) {
	c := newClient(w)
	body, err := w.request(lastNumber)
	if err != nil {
		return nil, err
	}
	l, err := c.post(ctx, name, body)
	if err != nil {
		return nil, err
	}
	if err := w.archived(ctx); err != nil {
		return nil, err
	}
	return c.do(ctx, http.MethodGet, "/v1/licences/"+l.ID+"/document", "", nil)
}
