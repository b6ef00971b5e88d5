// Package web is the pages for people: server-made HTML, one style sheet, a few lines of script that nothing depends on.
// Chinese comes first, English second; ?lang=en or the browser's preference turns it round.
package web

import (
	"bytes"
	"context"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"yinzheng/internal/gm"
	"yinzheng/internal/verdict"
	"yinzheng/internal/web/text"
	"yinzheng/licences"
	"yinzheng/verify"
)

//go:embed templates/*.html
var templateFiles embed.FS

//go:embed static/*
var staticFiles embed.FS

// Licences is what the pages ask about licences.
type Licences interface {
	Show(ctx context.Context, token string) (licences.Shown, error)
	CheckByCode(ctx context.Context, code string) (licences.Checked, error)
}

// Config is what the pages are made of.
type Config struct {
	Licences Licences
	Seals    Seals // the register of seals; nil leaves its pages out
	Judge    func(ctx context.Context, in verify.Input, at time.Time) (verify.Report, error)
	Painter  verdict.Painter                         // shows signed pages in reports; nil leaves the pictures out
	Wallet   func(ctx context.Context) (Card, error) // the demonstration's citizen; nil leaves the page out
	Numbers  func(ctx context.Context) (Numbers, error)
	Region   string // name of the region
	Now      func() time.Time
	Log      *slog.Logger
}

// Card is a licence in the demonstration's wallet with a fresh code.
type Card struct {
	KindName, Issuer, Holder string
	URL                      string
	Expires                  time.Time
}

// Numbers is what the first page counts.
type Numbers struct {
	Recorded int64 // acts in the audit record
	Logged   int64 // batch roots in the log
	Kinds    int
	Root     gm.Digest // SM3 of the region's root certificate
}

// Pages serves the pages.
type Pages struct {
	cfg       Config
	templates *template.Template
	version   string // of the static files, so that they may be cached for ever
	judges    chan struct{}
}

// MaxJudgements bounds the uploads judged at the same time: each may hold a whole document.
const MaxJudgements = 4

// New reads the templates and registers every page on the mux.
func New(mux *http.ServeMux, cfg Config) (*Pages, error) {
	p := &Pages{cfg: cfg, judges: make(chan struct{}, MaxJudgements)}
	var err error
	if p.version, err = digestOf(staticFiles); err != nil {
		return nil, err
	}
	p.templates, err = template.New("").Funcs(template.FuncMap{
		"asset": func(name string) string { return "/static/" + p.version + "/" + name },
	}).ParseFS(templateFiles, "templates/*.html")
	if err != nil {
		return nil, fmt.Errorf("reading the templates: %w", err)
	}
	static, err := fs.Sub(staticFiles, "static")
	if err != nil {
		return nil, err
	}
	files := http.StripPrefix("/static/"+p.version+"/", http.FileServerFS(static))
	mux.HandleFunc("GET /static/"+p.version+"/", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		files.ServeHTTP(w, r)
	})
	mux.HandleFunc("GET /{$}", p.home)
	mux.HandleFunc("POST /verify", p.verify)
	mux.HandleFunc("GET /verify", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, view{Lang: language(r), chosen: r.URL.Query().Has("lang")}.Link("/"), http.StatusSeeOther)
	})
	mux.HandleFunc("GET /v/{token}", p.shown)
	mux.HandleFunc("GET /c/{code}", p.checked)
	if cfg.Wallet != nil {
		mux.HandleFunc("GET /wallet", p.wallet)
	}
	if cfg.Seals != nil {
		mux.HandleFunc("GET /seals", p.seals)
		mux.HandleFunc("GET /seals/{id}", p.seal)
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		p.refuse(w, r, http.StatusNotFound, "NO_SUCH_PAGE")
	})
	return p, nil
}

func digestOf(files embed.FS) (string, error) {
	h := gm.NewHash()
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := files.ReadFile(name)
		h.Write(b)
		return err
	})
	return fmt.Sprintf("%x", h.Sum(nil)[:6]), err
}

// view is what every template gets.
type view struct {
	Lang   string // "zh-CN" or "en"
	Other  string // the link to the other language; none where a page cannot be asked for again
	chosen bool   // by the address, so that links keep it
	Title  string
	Region string
	Data   any
}

// T returns a text of the page in its language.
func (v view) T(key string) string { return text.Page(key, v.Lang) }

// Link writes the address of another page, which keeps the language that the reader chose.
func (v view) Link(path string) string {
	if !v.chosen {
		return path
	}
	return path + "?lang=" + short(v.Lang)
}

// LinkWith is Link to an address with one more parameter.
func (v view) LinkWith(path, name, value string) string {
	q := url.Values{name: {value}}
	if v.chosen {
		q.Set("lang", short(v.Lang))
	}
	return path + "?" + q.Encode()
}

// Day writes a date for people.
func (v view) Day(t time.Time) string { return t.In(verify.ChinaTime()).Format(time.DateOnly) }

// OtherLang is the language that the page is not in.
func (v view) OtherLang() string {
	if v.Lang == "en" {
		return "zh-CN"
	}
	return "en"
}

// short is a language as the addresses name it.
func short(lang string) string {
	code, _, _ := strings.Cut(lang, "-")
	return code
}

// Date writes a time for people, in Beijing's time.
func (v view) Date(t time.Time) string {
	if t.IsZero() {
		return "—"
	}
	return t.In(verify.ChinaTime()).Format("2006-01-02 15:04:05")
}

// render makes the whole page before the first byte leaves: a page is never half.
func (p *Pages) render(w http.ResponseWriter, r *http.Request, status int, name string, data any) {
	v := view{Lang: language(r), Region: p.cfg.Region, Data: data, chosen: r.URL.Query().Has("lang")}
	v.Title = v.T("title."+name) + " · " + v.T("name")
	if report, is := data.(reportPage); is {
		v.Title = v.T("verdict."+report.Sheet.Verdict.String()) + " · " + v.Title
	}
	if r.Method == http.MethodGet && name != "shown" {
		v.Other = other(r, v.OtherLang())
	}
	var page bytes.Buffer
	if err := p.templates.ExecuteTemplate(&page, name+".html", v); err != nil {
		p.cfg.Log.ErrorContext(r.Context(), "page", "name", name, "err", err)
		http.Error(w, text.Page("internal", v.Lang), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Language", v.Lang)
	w.WriteHeader(status)
	_, _ = w.Write(page.Bytes())
}

// other is the address of the same page in another language.
func other(r *http.Request, lang string) string {
	there := *r.URL
	query := there.Query()
	query.Set("lang", short(lang))
	there.RawQuery = query.Encode()
	return there.RequestURI()
}

// refuse shows why there is nothing to show.
func (p *Pages) refuse(w http.ResponseWriter, r *http.Request, status int, code string) {
	zh, en := text.Problem(code, nil)
	p.render(w, r, status, "refused", struct{ Code, ZH, EN string }{code, zh, en})
}

// language is Chinese unless the reader asks for English.
func language(r *http.Request) string {
	switch r.URL.Query().Get("lang") {
	case "en":
		return "en"
	case "zh":
		return "zh-CN"
	}
	first, _, _ := strings.Cut(r.Header.Get("Accept-Language"), ",")
	if strings.HasPrefix(strings.ToLower(first), "en") {
		return "en"
	}
	return "zh-CN"
}

// Secure sets what every answer to a browser carries.
func Secure(next http.Handler) http.Handler {
	protect := http.NewCrossOriginProtection()
	return protect.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Robots-Tag", "noindex")
		next.ServeHTTP(w, r)
	}))
}
