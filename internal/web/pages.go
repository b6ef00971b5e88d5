package web

import (
	"bytes"
	"errors"
	"html/template"
	"io"
	"net/http"

	"yinzheng/internal/qr"
	"yinzheng/licences"
	"yinzheng/verify"
)

// maxForm bounds an upload: a document, its receipt, and the form around them.
const maxForm = verify.MaxDocument + verify.MaxReceipt + 1<<20

func (p *Pages) home(w http.ResponseWriter, r *http.Request) {
	var counted *Numbers // stays nil, and off the page, when nothing is known
	if numbers, err := p.cfg.Numbers(r.Context()); err != nil {
		p.cfg.Log.ErrorContext(r.Context(), "counting", "err", err)
	} else {
		counted = &numbers
	}
	p.render(w, r, http.StatusOK, "home", struct {
		Numbers *Numbers
		Wallet  bool
		Seals   bool
	}{counted, p.cfg.Wallet != nil, p.cfg.Seals != nil})
}

// verify judges an uploaded document and shows every step. Nothing of the upload is kept.
func (p *Pages) verify(w http.ResponseWriter, r *http.Request) {
	select {
	case p.judges <- struct{}{}:
		defer func() { <-p.judges }()
	case <-r.Context().Done():
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	in, err := upload(r)
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		p.refuse(w, r, http.StatusRequestEntityTooLarge, "BODY_TOO_LARGE")
		return
	case err != nil:
		p.refuse(w, r, http.StatusBadRequest, "BODY_BROKEN")
		return
	case in.Document == nil && in.Receipt == nil:
		p.refuse(w, r, http.StatusUnprocessableEntity, "DOCUMENT_MISSING")
		return
	}
	report, err := p.cfg.Judge(r.Context(), in, p.cfg.Now())
	if err != nil {
		p.cfg.Log.ErrorContext(r.Context(), "judging an upload", "err", err)
		p.refuse(w, r, http.StatusInternalServerError, "INTERNAL")
		return
	}
	page, err := reportView(r.Context(), report, bytes.NewReader(in.Document), int64(len(in.Document)), p.cfg.Painter, language(r))
	if err != nil {
		p.cfg.Log.ErrorContext(r.Context(), "drawing an upload", "err", err)
		p.refuse(w, r, http.StatusInternalServerError, "INTERNAL")
		return
	}
	p.render(w, r, http.StatusOK, "report", page)
}

// upload reads the form as it streams in: nothing goes to a temporary file.
func upload(r *http.Request) (verify.Input, error) {
	var in verify.Input
	parts, err := r.MultipartReader()
	if err != nil {
		return in, err
	}
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return in, nil
		}
		if err != nil {
			return in, err
		}
		content, err := io.ReadAll(part)
		if err != nil {
			return in, err
		}
		switch {
		case len(content) == 0:
		case part.FormName() == "document":
			in.Document = content
		case part.FormName() == "receipt":
			in.Receipt = content
		}
	}
}

// shown uses a token. Only a person's own request does: a HEAD or a browser that fetches ahead leaves it unused.
func (p *Pages) shown(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	if r.Method == http.MethodHead {
		return
	}
	if r.Header.Get("Sec-Purpose") != "" || r.Header.Get("Purpose") == "prefetch" {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	s, err := p.cfg.Licences.Show(r.Context(), r.PathValue("token"))
	switch {
	case errors.Is(err, licences.ErrNoPresentation):
		p.refuse(w, r, http.StatusNotFound, "TOKEN_UNKNOWN")
	case errors.Is(err, licences.ErrUsed):
		p.refuse(w, r, http.StatusGone, "TOKEN_USED")
	case errors.Is(err, licences.ErrTokenExpired):
		p.refuse(w, r, http.StatusGone, "TOKEN_EXPIRED")
	case err != nil:
		p.cfg.Log.ErrorContext(r.Context(), "showing a presentation", "err", err)
		p.refuse(w, r, http.StatusInternalServerError, "INTERNAL")
	default:
		p.render(w, r, http.StatusOK, "shown", shownView(s, language(r)))
	}
}

// checked answers the code printed on a face: what the register says now, and that paper is no proof.
func (p *Pages) checked(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	c, err := p.cfg.Licences.CheckByCode(r.Context(), r.PathValue("code"))
	switch {
	case errors.Is(err, licences.ErrNoLicence):
		p.refuse(w, r, http.StatusNotFound, "CODE_UNKNOWN")
	case err != nil:
		p.cfg.Log.ErrorContext(r.Context(), "checking a printed code", "err", err)
		p.refuse(w, r, http.StatusInternalServerError, "INTERNAL")
	default:
		p.render(w, r, http.StatusOK, "checked", checkedView(c, language(r)))
	}
}

// wallet is the demonstration's citizen, who shows a licence by a code that lives a minute.
func (p *Pages) wallet(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	card, err := p.cfg.Wallet(r.Context())
	if err != nil {
		p.cfg.Log.ErrorContext(r.Context(), "wallet", "err", err)
		p.refuse(w, r, http.StatusServiceUnavailable, "BUSY")
		return
	}
	code, err := qr.Encode(card.URL, qr.M)
	if err != nil {
		p.refuse(w, r, http.StatusInternalServerError, "INTERNAL")
		return
	}
	p.render(w, r, http.StatusOK, "wallet", struct {
		Card
		QR      template.HTML
		Seconds int
	}{card, template.HTML(code.SVG(card.KindName)), int(card.Expires.Sub(p.cfg.Now()).Seconds())}) //nolint:gosec // our own SVG, its title escaped by qr
}
