package embedded

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"github.com/transparency-dev/tessera/api/layout"
)

// resource is every path of a C2SP tile log below its prefix (tlog-tiles): nothing else of the folder is served.
var resource = regexp.MustCompile(`^(checkpoint|tile/(entries|[0-9]|[1-5][0-9]|6[0-3])(/x[0-9]{3})*/[0-9]{3}(\.p/[1-9][0-9]{0,2})?)$`)

// maxResource bounds a path: a log of 2^63 records has no longer one.
const maxResource = 64

// Handler serves the log read-only below /log/ (C2SP tlog-tiles): tiles never change, the checkpoint always may.
func (l *Log) Handler() http.Handler {
	return http.StripPrefix("/log/", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := r.URL.Path
		if len(name) > maxResource || !resource.MatchString(name) {
			http.NotFound(w, r)
			return
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
			return
		}
		l.serve(w, r, name)
	}))
}

func (l *Log) serve(w http.ResponseWriter, r *http.Request, name string) {
	f, err := os.Open(filepath.Join(l.cfg.Dir, filepath.FromSlash(name)))
	if err != nil {
		http.NotFound(w, r)
		return
	}
	defer func() { _ = f.Close() }() // it was only read
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		http.NotFound(w, r)
		return
	}
	modified := info.ModTime()
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if name == layout.CheckpointPath {
		modified = time.Time{} // many checkpoints fall into the one second that a condition could tell apart
		w.Header().Set("Cache-Control", "no-cache")
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	} else {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		w.Header().Set("Content-Type", "application/octet-stream")
	}
	http.ServeContent(w, r, "", modified, f)
}
