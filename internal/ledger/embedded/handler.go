package embedded

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
)

// resource is every path of a C2SP tile log below its prefix: nothing else of the folder is served.
var resource = regexp.MustCompile(`^(checkpoint|tile/(entries|[0-9]{1,2})(/x[0-9]{3})*/[0-9]{3}(\.p/[0-9]{1,3})?)$`)

// Handler serves the log read-only below /log/ (C2SP tlog-tiles): whole tiles never change, the checkpoint always may.
func (l *Log) Handler() http.Handler {
	return http.StripPrefix("/log/", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := r.URL.Path
		if !resource.MatchString(name) {
			http.NotFound(w, r)
			return
		}
		content, err := os.ReadFile(filepath.Join(l.cfg.Dir, filepath.FromSlash(name)))
		if err != nil {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("X-Content-Type-Options", "nosniff")
		if name == checkpointFile {
			w.Header().Set("Cache-Control", "no-cache")
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		} else {
			w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
			w.Header().Set("Content-Type", "application/octet-stream")
		}
		_, _ = w.Write(content)
	}))
}
