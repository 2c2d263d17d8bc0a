// Package web is the pages. The workbench (src, built into dist) is an app of its
// own: README.md. What it has no page for yet, the list of cameras, is plain HTML,
// CSS and modules of JavaScript in static, embedded and served as they stand, under
// a folder whose name changes with their content, so that browsers keep them for
// good and never mix two versions.
package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
)

//go:embed static
var files embed.FS

// Prefix is the folder of everything but the page itself.
const Prefix = "/assets/"

// policy allows what the page needs and nothing from elsewhere; blob: is what
// live video is played from.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; media-src 'self' blob:; " +
	"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// parts is what the pages have in common; notBuilt is shown in place of the app.
const (
	parts    = "parts.html"
	notBuilt = "notbuilt.html"
)

// Config is what the page says about the server.
type Config struct {
	Version string
	NoAuth  bool // there are no accounts: the pages say so
}

// Page serves the pages. Its methods may be called by many goroutines.
type Page struct {
	*App
	pages  map[string][]byte // by file name
	folder string            // Prefix + hash of all files
	files  map[string][]byte
}

// New reads the embedded files.
func New(cfg Config) (*Page, error) {
	p := &Page{pages: map[string][]byte{}, files: map[string][]byte{}}
	static, err := fs.Sub(files, "static")
	if err != nil {
		return nil, err
	}
	var names []string
	err = fs.WalkDir(static, ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		names = append(names, name)
		p.files[name], err = fs.ReadFile(static, name)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("page: %w", err)
	}
	slices.Sort(names)
	sum := sha256.New()
	for _, name := range names {
		_, _ = fmt.Fprintf(sum, "%s %d\n", name, len(p.files[name]))
		_, _ = sum.Write(p.files[name])
	}
	p.folder = Prefix + hex.EncodeToString(sum.Sum(nil)[:8]) + "/"
	pages, err := template.ParseFS(static, "*.html")
	if err != nil {
		return nil, fmt.Errorf("page: %w", err)
	}
	for _, name := range names {
		if path.Ext(name) != ".html" {
			continue
		}
		delete(p.files, name)
		if name == parts {
			continue
		}
		var b bytes.Buffer
		if err := pages.ExecuteTemplate(&b, name, map[string]any{"Assets": p.folder, "Version": cfg.Version, "NoAuth": cfg.NoAuth}); err != nil {
			return nil, fmt.Errorf("page: %w", err)
		}
		p.pages[name] = b.Bytes()
	}
	dist, err := fs.Sub(built, "dist")
	if err != nil {
		return nil, err
	}
	if p.App, err = newApp(dist, p.pages[notBuilt]); err != nil {
		return nil, err
	}
	return p, nil
}

// Index serves the page of cameras and footage.
func (p *Page) Index(w http.ResponseWriter, _ *http.Request) error { return p.page(w, "index.html") }

func (p *Page) page(w http.ResponseWriter, name string) error {
	return document(w, http.StatusOK, p.pages[name])
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

// ErrNoAsset is returned by Asset for an old folder or an unknown name: the page
// that named it is to be loaded again.
var ErrNoAsset = errors.New("this part of the page is of another version")

// types of our files; the system's own table is not the same everywhere.
var types = map[string]string{
	".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml",
}

// Asset serves a part of the page.
func (p *Page) Asset(w http.ResponseWriter, r *http.Request) error {
	name, ok := strings.CutPrefix(r.URL.Path, p.folder)
	b, found := p.files[name]
	if !ok || !found {
		return ErrNoAsset
	}
	h := w.Header()
	h.Set("Content-Type", types[path.Ext(name)])
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Content-Length", strconv.Itoa(len(b)))
	_, _ = w.Write(b) // the client may have left
	return nil
}
