package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"qianshao/api"
	"qianshao/registry/account"
	"qianshao/registry/register"
	"qianshao/storage/live"
	"qianshao/storage/media"
	"qianshao/storage/storagetest"
	"qianshao/storage/timeline"
)

// opened is a live socket whose head came.
type opened struct {
	t      *testing.T
	conn   *websocket.Conn
	served *atomic.Int64 // requests that the server answers
	head   struct {
		ContentType string `json:"content_type"`
		MediaStart  string `json:"media_start"`
	}
}

// dial opens a live socket of a server; header may be nil.
func dial(t *testing.T, server, path string, header http.Header) (*websocket.Conn, *http.Response, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	conn, answer, err := websocket.Dial(ctx, server+path, &websocket.DialOptions{HTTPHeader: header})
	if err == nil {
		conn.SetReadLimit(-1)
		t.Cleanup(func() { conn.CloseNow() }) //nolint:errcheck // most are closed already
	}
	return conn, answer, err
}

func openLive(t *testing.T, server, path string, header http.Header) *opened {
	t.Helper()
	conn, _, err := dial(t, server, path, header)
	if err != nil {
		t.Fatal(err)
	}
	o := &opened{t: t, conn: conn}
	kind, b, err := conn.Read(t.Context())
	if err != nil || kind != websocket.MessageText || json.Unmarshal(b, &o.head) != nil {
		t.Fatalf("the first message: %v %q, %v", kind, b, err)
	}
	return o
}

// read reads what comes until more than least bytes are there, or it ends.
func (o *opened) read(least int) ([]byte, error) {
	o.t.Helper()
	ctx, cancel := context.WithTimeout(o.t.Context(), 10*time.Second)
	defer cancel()
	var all []byte
	for len(all) <= least {
		kind, b, err := o.conn.Read(ctx)
		if err != nil {
			return all, err
		}
		if kind != websocket.MessageBinary {
			o.t.Fatalf("a message of kind %v: %q", kind, b)
		}
		all = append(all, b...)
	}
	return all, nil
}

// loop publishes a loop of pictures as one session, as fast as viewers take them.
func (s *site) loop(id media.CameraID, v *storagetest.Video) (publish func(n int), other func()) {
	topic := s.hub.Topic(media.StreamID(id + ".0"))
	session := &live.Session{Tracks: []media.Track{v.Track}}
	var mu sync.Mutex
	i := 0
	return func(n int) {
			mu.Lock()
			defer mu.Unlock()
			for range n {
				x := v.Samples[i%len(v.Samples)]
				topic.Publish(live.Sample{
					Session: session, Tick: int64(i) * v.Step(), Dur: uint32(v.Step()), Sync: x.Sync, Wall: begin + timeline.Micros(i)*40_000, Data: x.Data,
				})
				i++
			}
		}, func() {
			mu.Lock()
			defer mu.Unlock()
			session, i = &live.Session{Tracks: []media.Track{v.Track}}, 0
		}
}

// Through a socket comes what the plain answer has, it ends as that does, and the
// register counts it as that.
func TestLiveSocket(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	id := s.camera("local", "GATE", 104.9, 25.09)
	publish, other := s.loop(id, storagetest.NewVideo(t, storagetest.VideoSpec{}))
	const path = "/api/v1/cameras/GATE/live.mp4"

	// Both see the same pictures, each from the first on.
	topic := s.hub.Topic(media.StreamID(id + ".0"))
	plain := make(chan []byte, 1)
	var answer *http.Response
	go func() {
		defer close(plain)
		var b []byte
		answer, b = s.get(path)
		plain <- b
	}()
	if err := waitFor(t.Context(), topic.Wanted); err != nil {
		t.Fatal(err)
	}
	publish(1) // is kept
	o := openLive(t, s.url, path, nil)
	publish(74)
	other()
	publish(1) // of another session: both end
	got, err := o.read(1 << 30)
	if websocket.CloseStatus(err) != websocket.StatusNormalClosure {
		t.Errorf("the end: %v", err)
	}
	want := <-plain
	if o.head.ContentType != answer.Header.Get("Content-Type") || o.head.MediaStart != answer.Header.Get("X-Media-Start") {
		t.Errorf("%+v; plain: %v", o.head, answer.Header)
	}
	if g, w := frames(t, got), frames(t, want); g != 75 || w != 75 {
		t.Errorf("%d pictures through the socket, %d plain", g, w)
	}
	if err := s.views.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	page, err := s.entries.List(t.Context(), register.Query{Limit: 100, Written: timeline.Span{To: timeline.Forever}})
	if err != nil {
		t.Fatal(err)
	}
	var counted int64
	for i := range page.Items {
		counted += page.Items[i].Bytes
	}
	if counted != int64(len(got)+len(want)) {
		t.Errorf("%d bytes counted, %d and %d came", counted, len(got), len(want))
	}
}

// What goes wrong once the socket stands is told in its first message.
func TestLiveSocketTellsWhy(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	id := s.camera("local", "GATE", 104.9, 25.09)
	v := *storagetest.NewVideo(t, storagetest.VideoSpec{})
	v.Track.Codec = 0 // nothing can be made of it
	publish, _ := s.loop(id, &v)
	conn, _, err := dial(t, s.url, "/api/v1/cameras/GATE/live.mp4", nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := waitFor(t.Context(), s.hub.Topic(media.StreamID(id+".0")).Wanted); err != nil {
		t.Fatal(err)
	}
	publish(1)
	var p api.Problem
	kind, b, err := conn.Read(t.Context())
	if err != nil || kind != websocket.MessageText || json.Unmarshal(b, &p) != nil || p.Status != http.StatusInternalServerError || p.Code != "internal" || p.Next == "" {
		t.Errorf("%v %q, %v", kind, b, err)
	}
	if _, _, err := conn.Read(t.Context()); websocket.CloseStatus(err) != websocket.StatusNormalClosure {
		t.Errorf("the end: %v", err)
	}
}

// frames decodes all pictures and counts them.
func frames(t *testing.T, mp4 []byte) int {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "ffmpeg", "-v", "error", "-xerror", "-i", "-", "-f", "framemd5", "-")
	cmd.Stdin = bytes.NewReader(mp4)
	out, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Fatalf("%v: %s", err, exit.Stderr)
		}
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(out)) {
		if !strings.HasPrefix(line, "#") {
			n++
		}
	}
	return n
}

// Who may not have it plainly may not have it through a socket, and no other site's
// page has it at all.
func TestLiveSocketRefused(t *testing.T) {
	t.Parallel()
	p, own, foreign := filmed(t, nil)
	p.add("li", "", account.Investigator)
	li := p.signedIn("li")
	viewing := li.viewing(p.file("li", "A1", own).ID, own)
	path := "/api/v1/cameras/" + own + "/live.mp4?viewing="
	cookie := li.cookie()
	entries := func() int {
		t.Helper()
		page, err := p.entries.List(t.Context(), register.Query{Limit: 1000, Written: timeline.Span{To: timeline.Forever}})
		if err != nil {
			t.Fatal(err)
		}
		return len(page.Items)
	}
	for name, x := range map[string]struct {
		path   string
		header http.Header
		status int
		code   string
	}{
		"nobody":         {path + viewing, nil, 401, "sign_in"},
		"no viewing":     {path, http.Header{"Cookie": {cookie}}, 403, "viewing_needed"},
		"not its camera": {"/api/v1/cameras/" + foreign + "/live.mp4?viewing=" + viewing, http.Header{"Cookie": {cookie}}, 404, "unknown_camera"},
		"another origin": {path + viewing, http.Header{"Cookie": {cookie}, "Origin": {"https://evil.example"}}, 403, "foreign_origin"},
		"another port":   {path + viewing, http.Header{"Cookie": {cookie}, "Origin": {"http://127.0.0.1:1"}}, 403, "foreign_origin"},
		"another site":   {path + viewing, http.Header{"Cookie": {cookie}, "Sec-Fetch-Site": {"cross-site"}}, 403, "foreign_origin"},
		"a sandbox":      {path + viewing, http.Header{"Cookie": {cookie}, "Origin": {"null"}}, 403, "foreign_origin"},
		"another route":  {"/api/v1/session", http.Header{"Cookie": {cookie}, "Origin": {"https://evil.example"}}, 403, "foreign_origin"},
		"bad parameter":  {path + viewing + "&audio=x", http.Header{"Cookie": {cookie}}, 400, "bad_parameter"},
	} {
		before := entries()
		_, answer, err := dial(t, p.url, x.path, x.header)
		if err == nil || answer == nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var problem api.Problem
		if err := json.NewDecoder(answer.Body).Decode(&problem); err != nil || answer.StatusCode != x.status || problem.Code != x.code {
			t.Errorf("%s: %s %+v, %v", name, answer.Status, problem, err)
		}
		if after := entries(); x.status != 400 && after != before {
			t.Errorf("%s: %d entries were %d", name, after, before)
		}
	}
	// What is no handshake is told so, as any error.
	li.want(400, `"bad_handshake"`, "GET", path+viewing, nil, "Upgrade", "websocket")
	li.want(400, `"bad_handshake"`, "GET", path+viewing, nil, "Upgrade", "h2c, WebSocket", "Connection", "Upgrade", "Sec-WebSocket-Version", "12")
	// Other routes have no sockets.
	li.want(200, `"login":"li"`, "GET", "/api/v1/session", nil, "Upgrade", "websocket")
	// Its own page has it.
	topic := p.hub.Topic(media.StreamID(own + ".0"))
	done := make(chan error, 1)
	go func() {
		done <- waitFor(t.Context(), topic.Wanted)
		publish, _ := p.loop(media.CameraID(own), storagetest.NewVideo(t, storagetest.VideoSpec{}))
		publish(1)
	}()
	o := openLive(t, p.url, path+viewing, http.Header{"Cookie": {cookie}, "Origin": {p.url}})
	if err := <-done; err != nil || !strings.Contains(o.head.ContentType, "avc1") {
		t.Errorf("%+v, %v", o.head, err)
	}
}

// A socket ends when who has it may see no more, stops reading, goes away, or the
// server stops; nothing is held any longer.
func TestLiveSocketEnds(t *testing.T) {
	t.Parallel()
	type scene struct {
		*people
		viewing string
		o       *opened
		stop    func()      // of the server
		flood   func(n int) // large pictures
	}
	for name, x := range map[string]struct {
		end  func(s *scene) error
		told websocket.StatusCode // how it ends for the client; -1: broken off
	}{
		"signed out": {func(s *scene) error {
			a, err := s.book.Get(context.Background(), "li")
			return errors.Join(err, s.book.EndSessions(context.Background(), a.ID))
		}, -1},
		"the viewing is closed": {func(s *scene) error { return s.views.End(context.Background(), s.viewing) }, -1},
		"the server stops":      {func(s *scene) error { s.stop(); return nil }, websocket.StatusGoingAway},
		"the client stops reading": {func(s *scene) error {
			s.flood(100)
			return waitFor(context.Background(), func() bool { return s.o.served.Load() == 0 })
		}, -1},
		"the client says something": {func(s *scene) error { return s.o.conn.Write(context.Background(), websocket.MessageText, []byte("x")) }, websocket.StatusPolicyViolation},
		"the client goes away":      {func(s *scene) error { return s.o.conn.CloseNow() }, -1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, own, _ := filmed(t, func(cfg *api.Config) { cfg.AskAgain, cfg.Slowest = 20*time.Millisecond, 500*time.Millisecond })
			p.add("li", "", account.Investigator)
			li := p.signedIn("li")
			s := &scene{people: p, viewing: li.viewing(p.file("li", "A1", own).ID, own)}
			video := *storagetest.NewVideo(t, storagetest.VideoSpec{})
			video.Samples = slices.Clone(video.Samples)
			for i := range video.Samples {
				video.Samples[i].Data = make([]byte, 64<<10) // nobody looks at it
			}
			s.flood, _ = p.loop(media.CameraID(own), &video)
			topic := p.hub.Topic(media.StreamID(own + ".0"))
			go func() {
				if waitFor(t.Context(), topic.Wanted) == nil {
					s.flood(1)
				}
			}()
			server, serving := p.smallBuffers()
			running, stop := context.WithCancel(t.Context())
			s.stop = stop
			handler := server.Config.Handler
			server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				ctx, cancel := context.WithCancel(r.Context())
				defer cancel()
				defer context.AfterFunc(running, cancel)()
				handler.ServeHTTP(w, r.WithContext(ctx))
			})
			s.o = openLive(t, server.URL, "/api/v1/cameras/"+own+"/live.mp4?viewing="+s.viewing, http.Header{"Cookie": {li.cookie()}})
			s.o.served = serving
			if _, err := s.o.read(1); err != nil || serving.Load() != 1 {
				t.Fatalf("%v, %d served", err, serving.Load())
			}
			if err := x.end(s); err != nil {
				t.Fatal(err)
			}
			if _, err := s.o.read(1 << 30); websocket.CloseStatus(err) != x.told {
				t.Errorf("the end: %v", err)
			}
			if err := waitFor(t.Context(), func() bool { return serving.Load() == 0 }); err != nil {
				t.Error("still served")
			}
		})
	}
}
