package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"qianshao/api"
	"qianshao/registry"
	"qianshao/registry/register"
	"qianshao/registry/viewing"
	"qianshao/storage/live"
	"qianshao/storage/media"
	"qianshao/storage/storagetest"
	"qianshao/storage/timeline"
	"qianshao/storage/vfs/crashfs"
	"qianshao/storage/vfs/errfs"
)

func TestMain(m *testing.M) {
	// chromedp and idle connections of http.DefaultTransport are not ours.
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("internal/poll.runtime_pollWait"))
}

// site is a server over a real registry and a real archive.
type site struct {
	t       testing.TB
	reg     *registry.Registry
	archive *storagetest.Archive
	hub     *live.Hub
	disk    *errfs.FS // of the access register
	views   *viewing.Book
	entries *register.Register
	handler http.Handler
	url     string
	server  *httptest.Server
	now     func() time.Time
	mu      sync.Mutex
	joined  timeline.Micros // guarded by mu: the registry's now
}

// begin is when the fixture's footage begins: 09:00 in Guizhou.
var begin = timeline.FromTime(time.Date(2026, 11, 23, 1, 0, 0, 0, time.UTC))

// newSite starts a server. change may be nil.
func newSite(t testing.TB, change func(*api.Config)) *site {
	t.Helper()
	s := &site{t: t, archive: storagetest.New(t), hub: &live.Hub{}}
	s.now = func() time.Time { return (begin + timeline.Hour).Time() }
	s.joined = begin - timeline.Minute
	reg, err := registry.Open(t.Context(), registry.Config{Dir: t.TempDir(), Now: func() time.Time {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.joined.Time()
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := reg.Close(); err != nil {
			t.Errorf("close registry: %v", err)
		}
	})
	s.reg = reg
	s.disk = errfs.New(crashfs.New())
	book, err := register.Open(t.Context(), register.Config{FS: s.disk, Now: s.now})
	if err != nil {
		t.Fatal(err)
	}
	views := viewing.New(viewing.Config{Register: book, Now: s.now})
	t.Cleanup(func() {
		if err := errors.Join(views.Close(context.Background()), book.Close()); err != nil {
			t.Errorf("close the register: %v", err)
		}
	})
	s.views, s.entries = views, book
	cfg := api.Config{
		Registry: reg, Archive: s.archive.Archive, Live: s.hub, Viewings: views, Register: book, Version: "test", Now: s.now,
	}
	cfg.Jobs = s.imports()
	if change != nil {
		change(&cfg)
	}
	h, err := api.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	s.handler, s.url, s.server = h, server.URL, server
	return s
}

// breakRegister lets the access register's disk fail from now on.
func (s *site) breakRegister() {
	s.disk.FailAll(errfs.Datasync, "", errors.New("input/output error"))
}

// cameraAt enrols a camera as of a moment.
func (s *site) cameraAt(carrier, device string, at timeline.Micros) media.CameraID {
	s.t.Helper()
	s.mu.Lock()
	s.joined = at
	s.mu.Unlock()
	return s.camera(carrier, device, 104.9, 25.09)
}

// camera enrols a camera and returns its id.
func (s *site) camera(carrier, device string, lon, lat float64) media.CameraID {
	s.t.Helper()
	out, err := s.reg.Upsert(s.t.Context(), []registry.Draft{{
		Carrier: carrier, DeviceID: device, Name: registry.Set("院坝 " + device), URL: registry.Set("rtsp://user:secret@192.0.2.1/" + device),
		Lon: registry.Set(lon), Lat: registry.Set(lat),
	}})
	if err != nil || out[0].Status != registry.Created {
		s.t.Fatalf("enrol %s: %+v, %v", device, out, err)
	}
	return out[0].Camera
}

// record fills a camera's main stream.
func (s *site) record(id media.CameraID, script storagetest.Script) *storagetest.Recorded {
	s.t.Helper()
	script.Stream = media.StreamID(string(id) + ".0")
	if script.Start == 0 {
		script.Start = begin
	}
	return s.archive.Record(script)
}

func piece(v *storagetest.Video, seconds float64) []storagetest.Piece {
	return []storagetest.Piece{{Video: v, Seconds: seconds}}
}

// get asks and returns the answer with its whole body.
func (s *site) get(path string, header ...string) (*http.Response, []byte) {
	s.t.Helper()
	return s.do(http.MethodGet, path, header...)
}

func (s *site) do(method, path string, header ...string) (*http.Response, []byte) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 30*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, s.url+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Host" {
			r.Host = header[i+1]
		}
		r.Header.Set(header[i], header[i+1])
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	s.documented(method, path, answer.StatusCode)
	return answer, b
}

// documented wants the document to have whatever is answered.
func (s *site) documented(method, path string, status int) {
	s.t.Helper()
	if h, ok := s.handler.(*api.Handler); ok && s.server != nil && strings.HasPrefix(path, "/") {
		if err := h.Documented(method, s.url+path, status); err != nil {
			s.t.Error(err)
		}
	}
}

// json asks for JSON and decodes it.
func (s *site) json(path string, into any) {
	s.t.Helper()
	answer, b := s.get(path)
	if answer.StatusCode != http.StatusOK {
		s.t.Fatalf("%s: %s %s", path, answer.Status, b)
	}
	if err := json.Unmarshal(b, into); err != nil {
		s.t.Fatalf("%s: %v in %s", path, err, b)
	}
}

// problem asks for what must fail, and checks the form of the answer.
func (s *site) problem(path string, status int, code string, header ...string) api.Problem {
	s.t.Helper()
	answer, b := s.get(path, header...)
	var p api.Problem
	if err := json.Unmarshal(b, &p); err != nil {
		s.t.Fatalf("%s: %s: %v in %s", path, answer.Status, err, b)
	}
	if answer.StatusCode != status || p.Status != status || p.Code != code {
		s.t.Fatalf("%s: %s %s, want %d %s", path, answer.Status, b, status, code)
	}
	if answer.Header.Get("Content-Type") != "application/problem+json" || p.Next == "" || p.Detail == "" || p.Title == "" {
		s.t.Fatalf("%s: not a whole problem: %s %s", path, answer.Header.Get("Content-Type"), b)
	}
	return p
}

func span(from, to timeline.Micros) string {
	return "from=" + url.QueryEscape(from.String()) + "&to=" + url.QueryEscape(to.String())
}

func join(parts ...string) string { return strings.Join(parts, "") }
