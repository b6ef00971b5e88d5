package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"yinzheng/internal/durable"
	"yinzheng/internal/house"
	"yinzheng/internal/httpapi"
	"yinzheng/internal/web/text"
	"yinzheng/verify"
)

// errNotValid is a verdict other than valid: the exit status of a judgement tells it to scripts.
var errNotValid = errors.New("verify : the document is not proved valid")

// verifyFlags are what runVerify takes.
type verifyFlags struct {
	operatorFlags
	receipt, at, lang, html, json, pdf, seal, matter *string
}

// runVerify asks the service, or the house opened here, for a judgement in the forms that are wanted.
func runVerify(ctx context.Context, p *program, args []string) error {
	o := p.operatorFlags("verify")
	f := verifyFlags{
		o, o.fs.String("receipt", "", "the document's receipt; the region's own by default"), o.fs.String("at", "", "judge at this time (RFC 3339); now by default"),
		o.fs.String("lang", "zh", "language of HTML and PDF: zh or en"), o.fs.String("html", "", "write one HTML file"), o.fs.String("report-json", "", "write the judgement as data"),
		o.fs.String("pdf", "", "write a sealed PDF"), o.fs.String("seal", "", "seal of the PDF, used by the operator; the configured one by default"),
		o.fs.String("matter", "", "the matter that the seal is used for"),
	}
	if err := o.fs.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return usageError{"verify : " + err.Error()}
	}
	if o.fs.NArg() != 1 {
		return usageError{"verify : name one PDF after the flags"}
	}
	if *f.seal != "" && *o.operator == "" {
		return usageError{"verify : --operator FILE is missing: a seal is used by somebody"}
	}
	var key []byte
	if *o.operator != "" {
		var err error
		if key, err = os.ReadFile(*o.operator); err != nil {
			return fmt.Errorf("reading the operator's key : %w", err)
		}
	}
	ask := func(base string, next http.RoundTripper) error {
		s := newService(base, strings.TrimSpace(string(key)))
		s.client.Transport = next
		return f.run(ctx, p, s)
	}
	if *o.server != "" {
		return ask(*o.server, http.DefaultTransport)
	}
	return withHouse(ctx, p, *o.config, func(h *house.House) error {
		handler, err := h.Handler()
		if err != nil {
			return err
		}
		return ask("http://house", inside{handler})
	})
}

func (f verifyFlags) run(ctx context.Context, p *program, s service) error {
	form, kind, err := f.form()
	if err != nil {
		return err
	}
	data, err := f.ask(ctx, s, "application/json", form, kind)
	if err != nil {
		return err
	}
	var b httpapi.ReportBody
	if err := json.Unmarshal(data, &b); err != nil {
		return fmt.Errorf("verify : reading the judgement : %w", err)
	}
	for _, want := range []struct{ out, accept string }{{*f.json, ""}, {*f.html, "text/html"}, {*f.pdf, "application/pdf"}} {
		if want.out == "" {
			continue
		}
		content := data
		if want.accept != "" {
			if content, err = f.ask(ctx, s, want.accept, form, kind); err != nil {
				return err
			}
		}
		if err := durable.WriteFile(want.out, content, 0o600); err != nil {
			return fmt.Errorf("verify : writing the report : %w", err)
		}
	}
	if err := f.tell(p, b, func(w io.Writer) { verdictRows(w, b) }); err != nil {
		return err
	}
	if b.Verdict != verify.Valid.String() {
		return errNotValid
	}
	return nil
}

// form is the document and its receipt as they are sent.
func (f verifyFlags) form() (body []byte, contentType string, err error) {
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	for _, one := range [][2]string{{"document", f.fs.Arg(0)}, {"receipt", *f.receipt}} {
		if one[1] == "" {
			continue
		}
		content, err := os.ReadFile(one[1])
		if err != nil {
			return nil, "", fmt.Errorf("verify : reading the %s : %w", one[0], err)
		}
		w, err := form.CreateFormFile(one[0], filepath.Base(one[1]))
		if err != nil {
			return nil, "", err
		}
		if _, err := w.Write(content); err != nil {
			return nil, "", err
		}
	}
	if err := form.Close(); err != nil {
		return nil, "", err
	}
	return b.Bytes(), form.FormDataContentType(), nil
}

// ask judges once, in one form of the answer.
func (f verifyFlags) ask(ctx context.Context, s service, accept string, form []byte, contentType string) ([]byte, error) {
	q := url.Values{"lang": {*f.lang}}
	for name, v := range map[string]string{"at": *f.at, "seal": *f.seal, "matter": *f.matter} {
		if v != "" {
			q.Set(name, v)
		}
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.base+"/v1/verifications?"+q.Encode(), bytes.NewReader(form))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", contentType)
	r.Header.Set("Accept", accept)
	if s.key != "" {
		r.Header.Set("Authorization", "Bearer "+s.key)
	}
	var out []byte
	if err := s.do(r, &out); err != nil {
		return nil, fmt.Errorf("verify : %w", err)
	}
	return out, nil
}

// verdictRows tells the verdict, what stands in its way, and each signature.
func verdictRows(w io.Writer, b httpapi.ReportBody) {
	fmt.Fprintf(w, "%s\t%s\t%s\n", b.Verdict, b.Kind, b.Document)
	for _, f := range b.Findings {
		if f.Outcome == string(verify.Fail) || f.Outcome == string(verify.Unknown) && b.Verdict != verify.Invalid.String() {
			fmt.Fprintf(w, "  %s\t%s\t%s\n", f.Outcome, f.Code, f.TextEN)
		}
	}
	for i, s := range b.Signatures {
		_, kind := text.SignatureKind(s.Kind)
		_, basis := text.TimeBasis(s.TimeBasis)
		at := "-"
		if s.Time != nil {
			at = s.Time.UTC().Format("2006-01-02T15:04:05Z")
		}
		fmt.Fprintf(w, "%d %s\t%s\t%s\t%s\t%s, %s\n", i+1, s.Verdict, kind, s.Name, dash(s.Signer), at, basis)
	}
}
