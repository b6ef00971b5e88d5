package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"yinzheng/internal/durable"
	"yinzheng/internal/httpapi"
)

// sealTimeout bounds one sealing: a large scan is taken in by a worker process first.
const sealTimeout = 10 * time.Minute

// Where a seal rides unless it is said: the middle of an A4 page, as large as most are, in millimetres.
const (
	rideTop  = 120
	rideSize = 42
)

// documentFlags are what sealing a document takes.
type documentFlags struct {
	sealFlags
	seal, profile, level, at, keyword, field, matter, caseID, reason, out *string
	certify                                                               *int
	ride                                                                  *bool
}

func (p *program) documentFlags() documentFlags {
	o := p.sealFlags("document")
	return documentFlags{
		sealFlags: o, seal: o.fs.String("seal", "", "number of the seal"), profile: o.fs.String("profile", "", "seal, sm2, pades or dual; seal by default"),
		level: o.fs.String("level", "", "B-B, B-T, B-LT or B-LTA; B-T by default"), at: o.fs.String("at", "", "page,x,y: its top left corner, in millimetres"),
		keyword: o.fs.String("keyword", "", "its middle goes onto the last place of this text"), field: o.fs.String("field", "", "an empty signature field"),
		ride: o.fs.Bool("ride", false, "over the right edge of all pages as well (骑缝章)"), certify: o.fs.Int("certify", 0, "1: nothing may follow; 2: further seals may"),
		matter: o.fs.String("matter", "", "code of the matter"), caseID: o.fs.String("case", "", "number of the case"),
		reason: o.fs.String("reason", "", "reason, shown by readers"), out: o.fs.String("o", "", "where the sealed PDF goes"),
	}
}

// request is what the flags ask for.
func (f documentFlags) request() (httpapi.SealingRequest, error) {
	q := httpapi.SealingRequest{
		Seal: *f.seal, Profile: *f.profile, Level: *f.level, Certify: *f.certify, Matter: *f.matter, Case: *f.caseID, Reason: *f.reason,
	}
	if *f.seal == "" || *f.matter == "" || *f.out == "" {
		return q, usageError{"seal document : --seal, --matter and -o are needed"}
	}
	if *f.at != "" {
		m, err := markAt(*f.at)
		if err != nil {
			return q, err
		}
		q.Marks = append(q.Marks, m)
	}
	if *f.keyword != "" {
		q.Marks = append(q.Marks, httpapi.MarkBody{Keyword: *f.keyword})
	}
	if *f.field != "" {
		q.Marks = append(q.Marks, httpapi.MarkBody{Field: *f.field})
	}
	if *f.ride {
		q.Ride = &httpapi.RideBody{Y: rideTop, Size: rideSize}
	}
	return q, nil
}

// markAt reads page,x,y.
func markAt(s string) (httpapi.MarkBody, error) {
	wrong := usageError{fmt.Sprintf("seal document : --at %q is not page,x,y", s)}
	parts := strings.Split(s, ",")
	if len(parts) != 3 {
		return httpapi.MarkBody{}, wrong
	}
	page, err := strconv.Atoi(parts[0])
	x, err2 := strconv.ParseFloat(parts[1], 64)
	y, err3 := strconv.ParseFloat(parts[2], 64)
	if errors.Join(err, err2, err3) != nil {
		return httpapi.MarkBody{}, wrong
	}
	return httpapi.MarkBody{Page: page, X: x, Y: y}, nil
}

func runSealDocument(ctx context.Context, p *program, args []string) error {
	f := p.documentFlags()
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") { // the file may stand before the flags
		args = append(args[1:len(args):len(args)], args[0])
	}
	return f.sealFlags.at(ctx, p, args, 1, func(s service, rest []string) error {
		q, err := f.request()
		if err != nil {
			return err
		}
		s.client.Timeout = sealTimeout
		b, err := s.sealFile(ctx, q, rest[0])
		if err != nil {
			return err
		}
		if err := s.fetch(ctx, "/v1/documents/"+b.Document, *f.out); err != nil {
			return err
		}
		return f.tell(p, b, func(w io.Writer) { fmt.Fprintf(w, "%s\t%s\t%d bytes\n", *f.out, b.Document, b.Size) })
	})
}

// sealFile sends a PDF to be sealed; it is read as it goes.
func (r service) sealFile(ctx context.Context, q httpapi.SealingRequest, file string) (httpapi.SealingBody, error) {
	f, err := os.Open(file)
	if err != nil {
		return httpapi.SealingBody{}, fmt.Errorf("reading the document : %w", err)
	}
	defer func() { _ = f.Close() }() // read only
	request, err := json.Marshal(q)
	if err != nil {
		return httpapi.SealingBody{}, err
	}
	read, write := io.Pipe()
	form := multipart.NewWriter(write)
	go func() { write.CloseWithError(writeForm(form, request, f)) }()
	ask, err := http.NewRequestWithContext(ctx, http.MethodPost, r.base+"/v1/sealings", read)
	if err != nil {
		return httpapi.SealingBody{}, err
	}
	ask.Header.Set("Authorization", "Bearer "+r.key)
	ask.Header.Set("Content-Type", form.FormDataContentType())
	ask.Header.Set("Accept", "application/json")
	var b httpapi.SealingBody
	err = r.do(ask, &b)
	return b, errors.Join(err, read.Close())
}

func writeForm(form *multipart.Writer, request []byte, f *os.File) error {
	if err := form.WriteField("request", string(request)); err != nil {
		return err
	}
	part, err := form.CreateFormFile("document", filepath.Base(f.Name()))
	if err != nil {
		return err
	}
	if _, err := io.Copy(part, f); err != nil {
		return err
	}
	return form.Close()
}

// fetch writes what the service has under a path into a file, whole or not at all.
func (r service) fetch(ctx context.Context, path, file string) (err error) {
	ask, err := http.NewRequestWithContext(ctx, http.MethodGet, r.base+path, nil)
	if err != nil {
		return err
	}
	ask.Header.Set("Authorization", "Bearer "+r.key)
	answer, err := r.client.Do(ask)
	if err != nil {
		return fmt.Errorf("asking the service : %w", err)
	}
	defer func() { err = errors.Join(err, answer.Body.Close()) }()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("asking the service : %s", answer.Status)
	}
	return writeWhole(file, answer.Body)
}

// writeWhole writes a file beside its place and gives it its name when it is whole.
func writeWhole(file string, content io.Reader) error {
	f, err := os.CreateTemp(filepath.Dir(file), "."+filepath.Base(file)+"-*")
	if err != nil {
		return fmt.Errorf("writing %s : %w", file, err)
	}
	_, err = io.Copy(f, content)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), file)
	}
	if err == nil {
		err = durable.SyncDir(filepath.Dir(file))
	}
	if err != nil {
		return fmt.Errorf("writing %s : %w", file, errors.Join(err, os.RemoveAll(f.Name())))
	}
	return nil
}
