package web

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
)

// What `make web` built, or nothing but the file that keeps the folder.
//
//go:embed all:dist
var built embed.FS

// AppPrefix is the folder of the app's parts, whose names change with their content.
const AppPrefix = "/app/"

// AppPages are the addresses inside the app: all show the same document, which
// finds its way by the address.
var AppPages = []string{"/{$}", "/trace", "/camera/{camera}", "/cameras", "/downloads", "/cases", "/audit", "/me", "/settings", "/sign-in"}

// App is the investigator's workbench: one document and its parts, as built from
// the sources beside this file. Its methods may be called by many goroutines.
type App struct {
	dist  fs.FS
	index []byte // nil: not built
	plain []byte // said instead
}

func newApp(dist fs.FS, plain []byte) (*App, error) {
	a := &App{dist: dist, plain: plain}
	index, err := fs.ReadFile(dist, "index.html")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("app: %w", err)
	}
	a.index = index
	return a, nil
}

// Built reports whether the app is in this binary.
func (a *App) Built() bool { return a.index != nil }

// Document serves every page of the app; where it was not built, how to do that.
func (a *App) Document(w http.ResponseWriter, _ *http.Request) error {
	return document(w, http.StatusOK, a.document())
}

// Lost serves an address that is none: the same document, which says so.
func (a *App) Lost(w http.ResponseWriter) {
	_ = document(w, http.StatusNotFound, a.document()) // it fails at nothing
}

func (a *App) document() []byte {
	if a.index == nil {
		return a.plain
	}
	return a.index
}

// Icon serves the icon.
func (a *App) Icon(w http.ResponseWriter, r *http.Request) error {
	return a.file(w, r, "icon.svg", "max-age=86400") // browsers look for it with every change of the address
}

// Part serves a part of the app, compressed where it was built so and the browser
// takes it.
func (a *App) Part(w http.ResponseWriter, r *http.Request) error {
	name := strings.TrimPrefix(r.URL.Path, "/")
	if strings.HasSuffix(name, ".gz") {
		return ErrNoAsset
	}
	return a.file(w, r, name, "public, max-age=31536000, immutable")
}

func (a *App) file(w http.ResponseWriter, r *http.Request, name, cache string) error {
	kind, known := types[path.Ext(name)]
	if !known || !fs.ValidPath(name) {
		return ErrNoAsset
	}
	h := w.Header()
	b, err := fs.ReadFile(a.dist, name+".gz")
	if err == nil {
		h.Set("Vary", "Accept-Encoding")
	}
	if err == nil && takesGzip(r.Header.Get("Accept-Encoding")) {
		h.Set("Content-Encoding", "gzip")
	} else if b, err = fs.ReadFile(a.dist, name); err != nil {
		h.Del("Vary")
		return ErrNoAsset
	}
	h.Set("Content-Type", kind)
	h.Set("Cache-Control", cache)
	h.Set("Content-Length", strconv.Itoa(len(b)))
	_, _ = w.Write(b) // the client may have left
	return nil
}

// takesGzip reads an Accept-Encoding header (RFC 9110 §12.5.3).
func takesGzip(accept string) bool {
	for part := range strings.SplitSeq(accept, ",") {
		name, params, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.EqualFold(name, "gzip") {
			_, q, has := strings.Cut(strings.ReplaceAll(params, " ", ""), "q=")
			weight, err := strconv.ParseFloat(q, 64)
			return !has || err == nil && weight > 0
		}
	}
	return false
}
