package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"yinzheng/internal/httpapi"
	"yinzheng/internal/midstate"
	"yinzheng/internal/pdf/cos"
	"yinzheng/internal/pdf/increment"
	"yinzheng/internal/ses"
	"yinzheng/sealing"
)

// remoteFlags are what sealing a document that stays here takes.
type remoteFlags struct {
	fs                                                       *flag.FlagSet
	server, keyFile, seal, matter, caseID, at, field, reason *string
	out                                                      *string
}

// runSealRemote is the client of sealing in two steps: the document is read here, and nothing of it leaves but the state of a hash
// and the revision that is to be appended.
func runSealRemote(ctx context.Context, p *program, args []string) error {
	fs := p.flags("seal remote")
	f := remoteFlags{
		fs: fs, server: fs.String("server", "", "address of the service"), keyFile: fs.String("key-file", "", "file with the caller's API key"),
		seal: fs.String("seal", "", "number of the seal"), matter: fs.String("matter", "", "code of the matter"), caseID: fs.String("case", "", "number of the case"),
		at: fs.String("at", "", "page,x,y: its top left corner, in millimetres; invisible by default"), field: fs.String("field", "", "an empty signature field"),
		reason: fs.String("reason", "", "reason, shown by readers"), out: fs.String("o", "", "where the sealed PDF goes"),
	}
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		args = append(args[1:len(args):len(args)], args[0])
	}
	if err := fs.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return usageError{"seal remote : " + err.Error()}
	}
	if fs.NArg() != 1 || *f.server == "" || *f.keyFile == "" || *f.seal == "" || *f.matter == "" || *f.out == "" {
		return usageError{"seal remote : one PDF, --server, --key-file, --seal, --matter and -o are needed"}
	}
	key, err := os.ReadFile(*f.keyFile)
	if err != nil {
		return fmt.Errorf("reading the key : %w", err)
	}
	document, err := os.Open(fs.Arg(0))
	if err != nil {
		return fmt.Errorf("reading the document : %w", err)
	}
	defer func() { _ = document.Close() }() // read only
	tail, err := f.sealed(ctx, newService(*f.server, strings.TrimSpace(string(key))), document, p.now())
	if err != nil {
		return fmt.Errorf("seal remote : %w", err)
	}
	if _, err := document.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("reading the document : %w", err)
	}
	if err := writeWhole(*f.out, io.MultiReader(document, strings.NewReader(string(tail)))); err != nil {
		return err
	}
	fmt.Fprintln(p.out, *f.out)
	return nil
}

// sealed lays out the revision, has it signed and returns it.
func (f remoteFlags) sealed(ctx context.Context, s service, document *os.File, now time.Time) ([]byte, error) {
	var look httpapi.AppearanceBody
	if err := s.call(ctx, http.MethodGet, "/v1/seals/"+url.PathEscape(*f.seal)+"/appearance", nil, &look); err != nil {
		return nil, err
	}
	hash := midstate.NewSM3()
	size, err := io.Copy(hash, document)
	if err != nil {
		return nil, fmt.Errorf("reading the document : %w", err)
	}
	state, err := hash.State()
	if err != nil {
		return nil, err
	}
	file, err := cos.Open(document, size, cos.Limits{})
	if err != nil {
		return nil, fmt.Errorf("reading the document : %w", err)
	}
	prepared, err := f.layOut(file, look, now)
	if err != nil {
		return nil, err
	}
	contents, err := s.signRemote(ctx, map[string]any{
		"seal": *f.seal, "matter": *f.matter, "case": *f.caseID, "state": map[string]any{"length": state.Length, "sm3": state.SM3},
		"tail": prepared.Tail(), "gap": prepared.Gap(),
	})
	if err != nil {
		return nil, err
	}
	if err := f.check(prepared, state, contents); err != nil {
		return nil, err
	}
	return prepared.Complete(contents)
}

// layOut makes the revision with an empty signature.
func (f remoteFlags) layOut(file *cos.File, look httpapi.AppearanceBody, now time.Time) (*increment.Prepared, error) {
	var places []sealing.Place
	switch {
	case *f.at != "" && *f.field != "":
		return nil, usageError{"seal remote : --at or --field, not both"}
	case *f.at != "":
		m, err := markAt(*f.at)
		if err != nil {
			return nil, err
		}
		places = []sealing.Place{{Page: m.Page, X: m.X, Y: m.Y}}
	case *f.field != "":
		places = []sealing.Place{{Field: *f.field}}
	}
	spots, err := sealing.PlacesFor(file, places, look.Width, look.Height)
	if err != nil {
		return nil, err
	}
	spec := increment.Seal{
		Places: spots, Filter: look.Filter, SubFilter: look.SubFilter, Time: now.UTC().Truncate(time.Second), SignerName: look.Owner, Reason: *f.reason,
		Reserve: look.Reserve,
	}
	if len(places) > 0 {
		if spec.Picture, err = increment.NewPicture(look.Picture); err != nil {
			return nil, err
		}
	}
	return increment.Prepare(file, spec)
}

// signRemote has a revision signed in two steps.
func (r service) signRemote(ctx context.Context, in map[string]any) ([]byte, error) {
	if in["case"] == "" {
		delete(in, "case")
	}
	var prepared httpapi.PreparedBody
	if err := r.call(ctx, http.MethodPost, "/v1/sealings/prepare", in, &prepared); err != nil {
		return nil, err
	}
	var out struct {
		Contents []byte `json:"contents"`
	}
	err := r.call(ctx, http.MethodPost, "/v1/sealings/complete", map[string]any{"id": prepared.ID}, &out)
	return out.Contents, err
}

// errNotOurs means that what came back is no signature of this document.
var errNotOurs = errors.New("the service answered with a signature of something else")

// check wants the signature to be of this very revision, before it goes in.
func (f remoteFlags) check(prepared *increment.Prepared, base midstate.State, contents []byte) error {
	signature, err := ses.ParseSignature(contents)
	if err != nil {
		return fmt.Errorf("%w: %w", errNotOurs, err)
	}
	hash, err := midstate.Resume(base)
	if err != nil {
		return err
	}
	tail, gap := prepared.Tail(), prepared.Gap()
	for _, part := range [][]byte{tail[:gap[0]], tail[gap[1]:]} {
		if _, err := hash.Write(part); err != nil {
			return err
		}
	}
	if signature.DataHash != hash.SM3() || signature.Seal.Info.ID != *f.seal || signature.Verify() != nil {
		return errNotOurs
	}
	return nil
}
