// Package web is the pages: the workbench, an app that is built from src into dist
// and embedded as it was built (README.md).
package web

import (
	_ "embed"
	"errors"
	"io/fs"
	"net/http"
	"strconv"
)

// policy allows what the app needs and nothing from elsewhere; blob: is what
// live video is played from.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; media-src 'self' blob:; " +
	"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// notBuilt is shown in place of the app.
//
//go:embed notbuilt.html
var notBuilt []byte

// New reads the embedded app.
func New() (*App, error) {
	dist, err := fs.Sub(built, "dist")
	if err != nil {
		return nil, err
	}
	return newApp(dist, notBuilt)
}

func document(w http.ResponseWriter, status int, b []byte) error {
	h := w.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-cache")
	h.Set("Content-Length", strconv.Itoa(len(b)))
	w.WriteHeader(status)
	_, _ = w.Write(b) // the client may have left
	return nil
}

// ErrNoAsset is returned for a part that is not there: the page that named it is of
// another version, and to be loaded again.
var ErrNoAsset = errors.New("this part of the page is of another version")

// types of our files; the system's own table is not the same everywhere.
var types = map[string]string{
	".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml",
}
