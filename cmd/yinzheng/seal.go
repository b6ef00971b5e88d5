package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"yinzheng/internal/house"
	"yinzheng/internal/httpapi"
)

func sealVerbs() []verb {
	return []verb{
		{"apply", "--office USCC --owner NAME --why TEXT [--name …] [--line …] [--type N] [--size MM] [--picture FILE] [--replaces SEAL]", "apply for a seal", runSealApply},
		{"approve", "--why TEXT SEAL", "decide that it is to be made; another person than who applied", sealAct("approve")},
		{"make", "SEAL", "make it with its key and certificate; a third person", sealAct("make")},
		{"record", "--filing NUMBER SEAL", "note that it is on record (备案)", runSealRecord},
		{"activate", "--why TEXT SEAL", "take it into use", sealAct("activate")},
		{"suspend", "--why TEXT SEAL", "take it out of use for a time", sealAct("suspend")},
		{"resume", "--why TEXT SEAL", "take it into use again", sealAct("resume")},
		{"cancel", "--why TEXT SEAL", "end it, or refuse an application; its certificate is revoked", sealAct("cancel")},
		{"lost", "--why TEXT SEAL", "report a loss or leak: it ends at once and a remake is applied for", sealAct("lost")},
		{"list", "[--office USCC] [--state STATE]", "the register of seals", runSealList},
		{"show", "SEAL", "one seal with its history", runSealShow},
		{"uses", "[--after LINE] SEAL", "its use log, failures among it", runSealUses},
		{"authorise", "--matter CODE|PREFIX* (--caller ID | --office USCC) --to TIME [--from TIME] [--limit N] --why TEXT SEAL", "let somebody else use it", runSealAuthorise},
		{"authorisations", "SEAL", "what lets it be used", runSealGrants},
		{"document", "FILE.pdf --seal SEAL [--profile P] [--level L] [--at PAGE,X,Y] [--keyword K] [--field F] [--ride] --matter M -o OUT.pdf", "seal a PDF", runSealDocument},
		{"remote", "FILE.pdf --server URL --key-file FILE --seal SEAL [--at PAGE,X,Y] [--field F] --matter M -o OUT.pdf", "seal a PDF that does not leave this system", runSealRemote},
		{"withdraw", "--line N --why TEXT SEAL", "take an authorisation back", runSealWithdraw},
	}
}

func runSeal(ctx context.Context, p *program, args []string) error {
	return runVerb(ctx, p, "seal", sealVerbs(), args)
}

// inside answers requests by a handler of this process: a house that was opened here is asked as a running service is.
type inside struct{ handler http.Handler }

// RoundTrip implements http.RoundTripper.
func (i inside) RoundTrip(r *http.Request) (*http.Response, error) {
	w := &answer{header: http.Header{}, status: http.StatusOK}
	if r.Body == nil {
		r.Body = http.NoBody
	}
	i.handler.ServeHTTP(w, r)
	return &http.Response{
		StatusCode: w.status, Status: fmt.Sprint(w.status, " ", http.StatusText(w.status)), Header: w.header, Body: io.NopCloser(&w.body), Request: r,
	}, nil
}

// answer keeps what a handler writes.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header implements http.ResponseWriter.
func (a *answer) Header() http.Header { return a.header }

// WriteHeader implements http.ResponseWriter.
func (a *answer) WriteHeader(status int) { a.status = status }

// Write implements http.ResponseWriter.
func (a *answer) Write(b []byte) (int, error) { return a.body.Write(b) }

// keyed sends an Idempotency-Key with every creating request.
type keyed struct {
	next http.RoundTripper
	key  string
}

// RoundTrip implements http.RoundTripper.
func (k keyed) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodPost {
		r = r.Clone(r.Context())
		r.Header.Set("Idempotency-Key", k.key)
	}
	return k.next.RoundTrip(r)
}

// sealFlags are what every verb about seals takes.
type sealFlags struct {
	operatorFlags
	key *string
}

func (p *program) sealFlags(name string) sealFlags {
	o := p.operatorFlags("seal " + name)
	return sealFlags{o, o.fs.String("key", "", "idempotency key of what is created; a fresh one by default")}
}

// at asks the running service, or the house opened here, as who holds the operator's key. n arguments are left after the flags.
func (o sealFlags) at(ctx context.Context, p *program, args []string, n int, act func(s service, rest []string) error) error {
	name := strings.TrimPrefix(o.fs.Name(), "yinzheng ")
	if err := o.fs.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return usageError{name + " : " + err.Error()}
	}
	if o.fs.NArg() != n {
		return usageError{fmt.Sprintf("%s : %d arguments after the flags, not %d", name, n, o.fs.NArg())}
	}
	if *o.operator == "" {
		return usageError{name + " : --operator FILE is missing: the register wants to know who is asking"}
	}
	secret, err := os.ReadFile(*o.operator)
	if err != nil {
		return fmt.Errorf("reading the operator's key : %w", err)
	}
	idempotency := *o.key
	if idempotency == "" {
		idempotency = rand.Text()
	}
	ask := func(base string, next http.RoundTripper) error {
		s := newService(base, strings.TrimSpace(string(secret)))
		s.client.Transport = keyed{next, idempotency}
		err := act(s, o.fs.Args())
		var problem *answerError
		if errors.As(err, &problem) && problem.Code == "UNAUTHENTICATED" {
			return hinted{fmt.Errorf("%s : %w", name, err), "make a key with yinzheng key add --may seal.apply (or seal.decide, or seal.make)"}
		}
		if err != nil {
			return fmt.Errorf("%s : %w", name, err)
		}
		return nil
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

// change asks for one change of a seal and tells how it stands then.
func (o sealFlags) change(ctx context.Context, p *program, s service, path string, in any) error {
	var b httpapi.SealBody
	if err := s.call(ctx, http.MethodPost, path, in, &b); err != nil {
		return err
	}
	return o.tell(p, b, func(w io.Writer) {
		fmt.Fprintf(w, "%s\t%s\t%s\n", b.ID, b.State, b.Name)
		if b.ReplacedBy != "" {
			fmt.Fprintf(w, "%s\tapplied\tits remake\n", b.ReplacedBy)
		}
	})
}

func runSealApply(ctx context.Context, p *program, args []string) error {
	o := p.sealFlags("apply")
	text := map[string]*string{
		"office": o.fs.String("office", "", "unified social credit code of the owner"), "owner": o.fs.String("owner", "", "full name of the owner"),
		"name": o.fs.String("name", "", "name of the seal; owner and line by default"), "line": o.fs.String("line", "", "the line below the star"),
		"why": o.fs.String("why", "", "reason"), "replaces": o.fs.String("replaces", "", "a seal of the office that has ended"),
	}
	number := map[string]*int{"type": o.fs.Int("type", 0, "type of the seal; 1 by default"), "size": o.fs.Int("size", 0, "diameter in millimetres; 42 by default")}
	picture := o.fs.String("picture", "", "square PNG; drawn by default")
	return o.at(ctx, p, args, 0, func(s service, _ []string) error {
		in := map[string]any{}
		for name, v := range text {
			if *v != "" {
				in[name] = *v
			}
		}
		for name, v := range number {
			if *v != 0 {
				in[name] = *v
			}
		}
		if *picture != "" {
			b, err := os.ReadFile(*picture)
			if err != nil {
				return fmt.Errorf("reading the picture : %w", err)
			}
			in["picture"] = base64.StdEncoding.EncodeToString(b)
		}
		return o.change(ctx, p, s, "/v1/seals", in)
	})
}

// sealAct makes the verb of a change that takes no more than a reason; making needs none.
func sealAct(name string) func(context.Context, *program, []string) error {
	return func(ctx context.Context, p *program, args []string) error {
		o := p.sealFlags(name)
		var why *string
		if name != "make" {
			why = o.fs.String("why", "", "reason")
		}
		return o.at(ctx, p, args, 1, func(s service, rest []string) error {
			var in any
			if why != nil {
				if *why == "" {
					return usageError{"seal " + name + " : --why TEXT is missing"}
				}
				in = map[string]any{"why": *why}
			}
			return o.change(ctx, p, s, "/v1/seals/"+url.PathEscape(rest[0])+"/"+name, in)
		})
	}
}

func runSealRecord(ctx context.Context, p *program, args []string) error {
	o := p.sealFlags("record")
	filing := o.fs.String("filing", "", "number of the record (备案编号)")
	return o.at(ctx, p, args, 1, func(s service, rest []string) error {
		return o.change(ctx, p, s, "/v1/seals/"+url.PathEscape(rest[0])+"/record", map[string]any{"filing": *filing})
	})
}

func runSealList(ctx context.Context, p *program, args []string) error {
	o := p.sealFlags("list")
	office := o.fs.String("office", "", "unified social credit code")
	state := o.fs.String("state", "", "applied, approved, made, recorded, active, suspended, cancelled, lost or expired")
	return o.at(ctx, p, args, 0, func(s service, _ []string) error {
		seals := []httpapi.SealBody{}
		for cursor := ""; ; {
			q := url.Values{"limit": {"500"}}
			for name, v := range map[string]string{"office": *office, "state": *state, "cursor": cursor} {
				if v != "" {
					q.Set(name, v)
				}
			}
			var page struct {
				Seals  []httpapi.SealBody `json:"seals"`
				Cursor string             `json:"cursor"`
			}
			if err := s.call(ctx, http.MethodGet, "/v1/seals?"+q.Encode(), nil, &page); err != nil {
				return err
			}
			seals = append(seals, page.Seals...)
			if cursor = page.Cursor; cursor == "" {
				break
			}
		}
		return o.tell(p, seals, func(w io.Writer) {
			fmt.Fprintln(w, "SEAL\tSTATE\tOFFICE\tNAME\tRECORD\tUNTIL")
			for _, b := range seals {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", b.ID, b.State, b.Office, b.Name, dash(b.Filing), dayOf(b.NotAfter))
			}
		})
	})
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func dayOf(t *time.Time) string {
	if t == nil {
		return "-"
	}
	return t.Format(time.DateOnly)
}
