package web

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

func TestAppParts(t *testing.T) {
	t.Parallel()
	app, err := newApp(fstest.MapFS{
		"index.html":     {Data: []byte("<title>app</title>")},
		"icon.svg":       {Data: []byte("<svg/>")},
		"app/main.js":    {Data: []byte("long and plain")},
		"app/main.js.gz": {Data: []byte("short")},
		"app/other.css":  {Data: []byte("a{}")},
		"app/secret.txt": {Data: []byte("no")},
	}, nil)
	if err != nil || !app.Built() {
		t.Fatal("not built", err)
	}
	for _, c := range []struct{ path, accept, body, encoding string }{
		{"/app/main.js", "gzip, deflate, br", "short", "gzip"},
		{"/app/main.js", "br;q=1, GZIP;q=0.5", "short", "gzip"},
		{"/app/main.js", "", "long and plain", ""},
		{"/app/main.js", "gzip;q=0", "long and plain", ""},
		{"/app/main.js", "gzipper", "long and plain", ""},
		{"/app/other.css", "gzip", "a{}", ""},
	} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, c.path, nil)
		r.Header.Set("Accept-Encoding", c.accept)
		if err := app.Part(w, r); err != nil {
			t.Fatalf("%s: %v", c.path, err)
		}
		h := w.Result().Header
		if w.Body.String() != c.body || h.Get("Content-Encoding") != c.encoding || !strings.Contains(h.Get("Cache-Control"), "immutable") {
			t.Errorf("%s, Accept-Encoding %q: %q %v", c.path, c.accept, w.Body, h)
		}
		if strings.HasSuffix(c.path, "main.js") && h.Get("Vary") != "Accept-Encoding" {
			t.Errorf("%s: a cache is not told that there are two", c.path)
		}
	}
	for _, path := range []string{"/app/main.js.gz", "/app/secret.txt", "/app/../index.html", "/app/none.js", "/app/"} {
		r := httptest.NewRequest(http.MethodGet, "/app/x", nil)
		r.URL.Path = path
		if err := app.Part(httptest.NewRecorder(), r); !errors.Is(err, ErrNoAsset) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestAppNotBuilt(t *testing.T) {
	t.Parallel()
	app, err := newApp(fstest.MapFS{".keep": {}}, []byte("run make web"))
	if err != nil || app.Built() {
		t.Fatal("it is built", err)
	}
	w := httptest.NewRecorder()
	if err := app.Document(w, nil); err != nil || !strings.Contains(w.Body.String(), "make web") {
		t.Fatalf("%q, %v", w.Body, err)
	}
}
