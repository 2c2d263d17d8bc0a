package api_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"qianshao/api"
	"qianshao/registry"
	"qianshao/storage/media"
	"qianshao/storage/storagetest"
	"qianshao/storage/timeline"
)

type cameraAnswer struct {
	ID        string   `json:"id"`
	Device    string   `json:"carrier_device_id"`
	Name      string   `json:"name"`
	Lon       *float64 `json:"lon"`
	State     string   `json:"state"`
	Since     *string  `json:"since"`
	Cause     string   `json:"cause"`
	LastError string   `json:"last_error"`
	Codec     string   `json:"codec"`
	FPS       float64  `json:"fps"`
	Bitrate   int64    `json:"bitrate"`
	Lifecycle string   `json:"lifecycle"`
	Streams   []struct {
		Role        string   `json:"role"`
		State       string   `json:"state"`
		Durable     *string  `json:"durable_until"`
		ClockOffset *float64 `json:"clock_offset_ms"`
	} `json:"streams"`
}

func TestCameras(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	a := s.camera("cmcc", "D1", 104.9, 25.09)
	b := s.camera("telecom", "D1", 104.91, 25.09)
	s.camera("telecom", "D2", 104.92, 25.09)
	s.reg.SetState(registry.State{
		Stream: media.StreamID(a + ".0"), Phase: registry.Streaming, Since: begin, Codec: "h264+aac", FPS: 24.9, Bitrate: 2_000_000,
		DurableUntil: begin + timeline.Second, ClockKnown: true, ClockOffset: -1500,
	})
	var list struct {
		Items []cameraAnswer `json:"items"`
		Next  string         `json:"next"`
	}
	s.json("/api/v1/cameras?limit=2", &list)
	if len(list.Items) != 2 || list.Next == "" {
		t.Fatalf("first page: %+v", list)
	}
	first := list.Items[0]
	if first.ID != string(a) || first.State != "streaming" || *first.Since != "2026-11-23T01:00:00.000000Z" || first.Codec != "h264+aac" ||
		first.FPS != 24.9 || first.Bitrate != 2_000_000 || *first.Lon != 104.9 || first.Lifecycle != "active" ||
		*first.Streams[0].ClockOffset != -1.5 || *first.Streams[0].Durable != "2026-11-23T01:00:01.000000Z" {
		t.Fatalf("camera: %+v", first)
	}
	if _, raw := s.get("/api/v1/cameras?limit=2"); strings.Contains(string(raw), "secret") || strings.Contains(string(raw), "rtsp://") {
		t.Fatalf("addresses are told: %s", raw)
	}
	after := list.Next
	list.Next = ""
	s.json("/api/v1/cameras?limit=2&after="+after, &list)
	if len(list.Items) != 1 || list.Next != "" || list.Items[0].Device != "D2" {
		t.Fatalf("second page: %+v", list)
	}
	s.json("/api/v1/cameras?q=d2", &list)
	if len(list.Items) != 1 {
		t.Fatalf("search: %+v", list)
	}
	s.json("/api/v1/cameras?state=streaming", &list)
	if len(list.Items) != 1 || list.Items[0].ID != string(a) {
		t.Fatalf("by state: %+v", list)
	}
	for ref, want := range map[string]media.CameraID{string(a): a, "cmcc:D1": a, "telecom:D1": b} {
		var one cameraAnswer
		if s.json("/api/v1/cameras/"+ref, &one); one.ID != string(want) {
			t.Fatalf("%s is %s, want %s", ref, one.ID, want)
		}
	}
	if p := s.problem("/api/v1/cameras/D1", http.StatusConflict, "ambiguous_camera"); len(p.Candidates) != 2 || p.Candidates[0].ID != a {
		t.Fatalf("candidates: %+v", p.Candidates)
	}
	s.problem("/api/v1/cameras/D9", http.StatusNotFound, "unknown_camera")
	s.problem("/api/v1/cameras?limit=0", http.StatusBadRequest, "bad_parameter")
	s.problem("/api/v1/cameras?limit=x", http.StatusBadRequest, "bad_parameter")
	s.problem("/api/v1/cameras?after=nonsense", http.StatusBadRequest, "bad_parameter")
}

type timelineAnswer struct {
	Covered []timeline.Span `json:"covered"`
	Gaps    []timeline.Gap  `json:"gaps"`
	Until   timeline.Micros `json:"until"`
	Buckets []struct {
		From    timeline.Micros `json:"from"`
		Covered float64         `json:"covered"`
	} `json:"buckets"`
}

func TestTimeline(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	id := s.camera("local", "T1", 104.9, 25.09)
	v := storagetest.NewVideo(t, storagetest.VideoSpec{})
	s.record(id, storagetest.Script{Open: true, Runs: []storagetest.Run{{Pieces: piece(v, 60)}, {After: 120, Pieces: piece(v, 60)}}})
	ctx := t.Context()
	if err := s.archive.Index.Alive(ctx, "n", 1, begin-timeline.Hour, begin+2*timeline.Hour); err != nil {
		t.Fatal(err)
	}
	at := func(sec timeline.Micros) timeline.Micros { return begin + sec*timeline.Second }
	var got timelineAnswer
	s.json(join("/api/v1/cameras/T1/timeline?", span(at(30), at(230))), &got)
	if len(got.Covered) != 2 || got.Covered[0] != (timeline.Span{From: at(30), To: at(60)}) || got.Covered[1] != (timeline.Span{From: at(180), To: at(230)}) {
		t.Fatalf("covered %+v", got.Covered)
	}
	if len(got.Gaps) != 1 || got.Gaps[0].Span != (timeline.Span{From: at(60), To: at(180)}) || got.Gaps[0].Cause != timeline.Unknown || got.Until != at(230) {
		t.Fatalf("gaps %+v until %s", got.Gaps, got.Until)
	}
	s.json(join("/api/v1/cameras/T1/timeline?bucket_s=60&", span(at(0), at(240))), &got)
	if len(got.Buckets) != 4 || got.Buckets[0].Covered != 1 || got.Buckets[1].Covered != 0 || got.Buckets[3].Covered != 1 {
		t.Fatalf("buckets %+v", got.Buckets)
	}
	// The future is neither footage nor gap, before enrolment there is no gap.
	s.json(join("/api/v1/cameras/T1/timeline?", span(at(-86400), at(86400))), &got)
	if got.Until != begin+timeline.Hour || len(got.Gaps) != 3 || got.Gaps[0].From != begin-timeline.Minute || got.Gaps[2].To != begin+timeline.Hour {
		t.Fatalf("gaps %+v until %s", got.Gaps, got.Until)
	}
	// Times as people write them: a zone, and a + that became a space.
	s.json("/api/v1/cameras/T1/timeline?from=2026-11-23T09:00:30+08:00&to=2026-11-23T09:03:50%2B08:00", &got)
	if len(got.Covered) != 2 || got.Covered[0].From != at(30) {
		t.Fatalf("in Beijing time: %+v", got.Covered)
	}
	for _, bad := range []string{
		"from=x&to=y", "", span(at(9), at(9)), span(at(9), at(8)), span(at(0), at(86400*500)), span(at(0), at(9)) + "&stream=third",
		span(at(0), at(86400*300)) + "&bucket_s=1", span(at(0), at(9)) + "&bucket_s=-1", span(at(0), at(9)) + "&viewing=" + strings.Repeat("x", 200),
	} {
		s.problem("/api/v1/cameras/T1/timeline?"+bad, http.StatusBadRequest, "bad_parameter")
	}
}

func TestFootageNear(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	near := s.camera("local", "N1", 104.9, 25.09)
	s.camera("local", "N2", 104.901, 25.09)
	s.camera("local", "N3", 104.95, 25.09)
	v := storagetest.NewVideo(t, storagetest.VideoSpec{})
	s.record(near, storagetest.Script{Runs: []storagetest.Run{{Pieces: piece(v, 10)}}})
	var got struct {
		Items []struct {
			ID       string          `json:"id"`
			Distance float64         `json:"distance_m"`
			Covered  []timeline.Span `json:"covered"`
			Gaps     []timeline.Gap  `json:"gaps"`
		} `json:"items"`
		More int `json:"more"`
	}
	window := span(begin, begin+20*timeline.Second)
	s.json("/api/v1/footage?near=104.9,25.09&radius_m=500&"+window, &got)
	if len(got.Items) != 2 || got.Items[0].ID != string(near) || got.Items[0].Distance != 0 || len(got.Items[0].Covered) != 1 || len(got.Items[0].Gaps) != 1 ||
		got.Items[1].Distance < 90 || len(got.Items[1].Covered) != 0 || len(got.Items[1].Gaps) != 1 {
		t.Fatalf("near: %+v", got)
	}
	s.json("/api/v1/footage?near=104.9,25.09&radius_m=500&limit=1&"+window, &got)
	if len(got.Items) != 1 || got.More != 1 {
		t.Fatalf("limited: %+v", got)
	}
	for _, bad := range []string{"near=1", "near=200,5", "near=NaN,5", "near=1,2&radius_m=0", "near=1,2&radius_m=99999"} {
		s.problem("/api/v1/footage?"+bad+"&"+window, http.StatusBadRequest, "bad_parameter")
	}
}

// Footage says how the camera's clock stood when it was recorded, whatever it does
// now; where it was not measured, nothing.
func TestClockOffsetOfItsTime(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	id := s.camera("local", "N1", 104.9, 25.09)
	// A minute in segments of four seconds: slow, then set by hand, then without reports.
	s.record(id, storagetest.Script{
		Runs: []storagetest.Run{{Pieces: piece(storagetest.NewVideo(t, storagetest.VideoSpec{}), 60)}},
		Clock: func(end timeline.Micros) (off, unc int64) {
			switch {
			case end <= begin+20*timeline.Second:
				return -35_000_000 - int64(end-begin)/1000, 12_000
			case end <= begin+40*timeline.Second:
				return 250, 15_500
			}
			return 0, -1
		},
	})
	s.reg.SetState(registry.State{Stream: id.Stream(0), Phase: registry.Streaming, ClockKnown: true, ClockOffset: 7_000_000, ClockUncertainty: 10_000})
	type stretch struct {
		From timeline.Micros `json:"from"`
		To   timeline.Micros `json:"to"`
		Off  float64         `json:"offset_ms"`
		By   float64         `json:"uncertainty_ms"`
	}
	type clock struct {
		Off  *float64  `json:"clock_offset_ms"`
		By   *float64  `json:"clock_uncertainty_ms"`
		When []stretch `json:"clock_offsets"`
	}
	at := func(seconds timeline.Micros) timeline.Micros { return begin + seconds*timeline.Second }
	says := func(off, by float64, when ...stretch) clock { return clock{&off, &by, when} }
	for _, tt := range []struct {
		from, to timeline.Micros
		want     clock
	}{
		{at(1), at(11), says(-35_012, 12, stretch{at(1), at(11), -35_008, 16})},
		{at(25), at(27), says(.25, 15.5, stretch{at(25), at(27), .25, 15.5})},
		{at(1), at(60), says(.25, 15.5, stretch{at(1), at(20), -35_012, 20}, stretch{at(20), at(40), .25, 15.5})},
		{at(-60), at(3600), says(.25, 15.5, stretch{at(0), at(20), -35_012, 20}, stretch{at(20), at(40), .25, 15.5})},
		{at(41), at(60), clock{When: []stretch{}}},
		{at(120), at(3600), clock{When: []stretch{}}},
		{at(7200), at(7300), clock{When: []stretch{}}}, // not yet
	} {
		var got struct {
			Items []clock `json:"items"`
		}
		s.json("/api/v1/footage?near=104.9,25.09&"+span(tt.from, tt.to), &got)
		if diff := cmp.Diff([]clock{tt.want}, got.Items); diff != "" {
			t.Errorf("footage from %s (-want +got)\n%s", tt.from, diff)
		}
		var line clock
		s.json("/api/v1/cameras/N1/timeline?"+span(tt.from, tt.to), &line)
		if diff := cmp.Diff(tt.want, line); diff != "" {
			t.Errorf("timeline from %s (-want +got)\n%s", tt.from, diff)
		}
	}
	// A clip says what the first segment says that knows.
	for _, tt := range []struct {
		from, to timeline.Micros
		want     string
	}{
		{at(1), at(3), "-35004000;uncertainty=12000"},
		{at(18), at(30), "-35020000;uncertainty=12000"},
		{at(38), at(50), "250;uncertainty=15500"},
		{at(45), at(50), ""},
	} {
		answer, _ := s.get("/api/v1/cameras/N1/clip.mp4?" + span(tt.from, tt.to))
		if got := answer.Header.Get("X-Clip-Clock-Offset-Us"); answer.StatusCode != http.StatusOK || got != tt.want {
			t.Errorf("clip from %s: %s, %q, want %q", tt.from, answer.Status, got, tt.want)
		}
	}
}

func TestClipRoutes(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	id := s.camera("local", "C1", 104.9, 25.09)
	s.camera("local", "C2", 104.9, 25.09)
	v := storagetest.NewVideo(t, storagetest.VideoSpec{})
	s.record(id, storagetest.Script{Runs: []storagetest.Run{{Pieces: piece(v, 20)}}})
	window := span(begin+2*timeline.Second, begin+8*timeline.Second)
	for file, kind := range map[string]string{"clip.mp4": "video/mp4", "play.mp4": "video/mp4", "playlist.m3u8": "application/vnd.apple.mpegurl"} {
		answer, b := s.get("/api/v1/cameras/C1/" + file + "?" + window)
		if answer.StatusCode != http.StatusOK || !strings.HasPrefix(answer.Header.Get("Content-Type"), kind) || answer.ContentLength != int64(len(b)) || len(b) == 0 {
			t.Fatalf("%s: %s %v, %d bytes", file, answer.Status, answer.Header, len(b))
		}
		head, _ := s.do(http.MethodHead, "/api/v1/cameras/C1/"+file+"?"+window)
		if head.ContentLength != answer.ContentLength || head.Header.Get("ETag") != answer.Header.Get("ETag") {
			t.Fatalf("HEAD of %s: %v", file, head.Header)
		}
	}
	p := s.problem("/api/v1/cameras/C1/clip.mp4?"+span(begin+timeline.Minute, begin+2*timeline.Minute), http.StatusNotFound, "no_footage")
	if p.Before == nil || p.Before.To != begin+20*timeline.Second || p.After != nil {
		t.Fatalf("nearest: %+v %+v", p.Before, p.After)
	}
	s.problem("/api/v1/cameras/C2/clip.mp4?"+window, http.StatusNotFound, "no_footage")
	s.problem("/api/v1/cameras/C1/clip.mp4?"+window+"&trim=half", http.StatusBadRequest, "bad_parameter")
	s.problem("/api/v1/cameras/C1/clip.mp4?"+span(begin, begin+30*timeline.Day), http.StatusUnprocessableEntity, "window_too_long")
	s.problem("/api/v1/cameras/C1/clip.mp4?as_of=1.1&"+window, http.StatusGone, "gone")
	s.problem("/api/v1/cameras/C1/clip.mp4?"+window, http.StatusPreconditionFailed, "changed", "If-Match", `"x"`)
	s.problem("/api/v1/cameras/C1/clip.mp4?"+window, http.StatusRequestedRangeNotSatisfiable, "bad_range", "Range", "bytes=0-1,4-5")
}

func TestSystemRoutes(t *testing.T) {
	t.Parallel()
	reg := prometheus.NewRegistry()
	c := prometheus.NewCounter(prometheus.CounterOpts{Name: "qianshao_test_total", Help: "of a test"})
	reg.MustRegister(c)
	var broken error
	s := newSite(t, func(cfg *api.Config) {
		cfg.Metrics = reg
		cfg.Checks = []api.Check{{Name: "store", Next: "bring it back", Run: func(context.Context) error { return broken }}}
	})
	if answer, b := s.get("/metrics"); answer.StatusCode != http.StatusOK || !strings.Contains(string(b), "qianshao_test_total 0") {
		t.Fatalf("metrics: %s %s", answer.Status, b)
	}
	var health struct{ Status, Version string }
	if s.json("/healthz", &health); health.Status != "ok" || health.Version != "test" {
		t.Fatalf("healthz: %+v", health)
	}
	var ready struct {
		Status string
		Checks []api.CheckResult
	}
	if s.json("/readyz", &ready); ready.Status != "ready" || len(ready.Checks) != 5 {
		t.Fatalf("readyz: %+v", ready)
	}
	broken = errors.New("no route to the store")
	p := s.problem("/readyz", http.StatusServiceUnavailable, "not_ready")
	if last := p.Checks[len(p.Checks)-1]; last.OK || last.Name != "store" || last.Next != "bring it back" || !strings.Contains(last.Error, "no route") {
		t.Fatalf("readyz: %+v", p.Checks)
	}
	s.problem("/nothing/here", http.StatusNotFound, "no_such_route")
	if answer, _ := s.do(http.MethodPost, "/api/v1/cameras"); answer.StatusCode != http.StatusMethodNotAllowed || answer.Header.Get("Allow") == "" {
		t.Fatalf("POST: %s", answer.Status)
	}
}

// Whoever opens an address that is none gets the app, which says so; programs, and
// what a page asks for, get the problem.
func TestLostPage(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	const browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
	_, start := s.get("/")
	for _, path := range []string{"/nosuch", "/nosuch/deeper?x=1", "/apiary", "/camera/"} {
		answer, b := s.get(path, "Accept", browser)
		if answer.StatusCode != http.StatusNotFound || answer.Header.Get("Content-Type") != "text/html; charset=utf-8" || !bytes.Equal(b, start) ||
			answer.Header.Get("Vary") != "Accept" || !strings.Contains(answer.Header.Get("Content-Security-Policy"), "script-src 'self'") {
			t.Errorf("%s: %s %v %.80s", path, answer.Status, answer.Header, b)
		}
		s.problem(path, http.StatusNotFound, "no_such_route", "Accept", "*/*")
		s.problem(path, http.StatusNotFound, "no_such_route", "Accept", "application/json")
	}
	for _, path := range []string{"/api/nosuch", "/api/v1/nosuch", "/tiles/nosuch"} {
		s.problem(path, http.StatusNotFound, "no_such_route", "Accept", browser)
	}
	for _, path := range []string{"/app/nosuch.js", "/app/nosuch.css"} {
		s.problem(path, http.StatusNotFound, "no_such_asset", "Accept", browser)
	}
	if answer, b := s.do(http.MethodPost, "/nosuch", "Accept", browser); answer.StatusCode != http.StatusNotFound || !bytes.Contains(b, []byte("no_such_route")) {
		t.Errorf("POST: %s %s", answer.Status, b)
	}
}

func TestOnlyForThisMachine(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(cfg *api.Config) { cfg.LoopbackOnly, cfg.Hosts = true, []string{"qianshao.test"} })
	for _, host := range []string{"evil.example", "evil.example:80", "10.0.0.1", "127.0.0.1.evil.example", "localhost.evil.example"} {
		s.problem("/api/v1/cameras", http.StatusMisdirectedRequest, "foreign_host", "Host", host)
	}
	for _, host := range []string{"localhost", "LOCALHOST:8080", "127.0.0.1:1", "[::1]:8080", "[::1]", "qianshao.test:99"} {
		if answer, b := s.get("/api/v1/cameras", "Host", host); answer.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s %s", host, answer.Status, b)
		}
	}
}

func TestHeadersAndAssets(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	answer, page := s.get("/cameras")
	if answer.StatusCode != http.StatusOK || answer.Header.Get("X-Content-Type-Options") != "nosniff" ||
		!strings.Contains(answer.Header.Get("Content-Security-Policy"), "script-src 'self'") {
		t.Fatalf("page: %s %v", answer.Status, answer.Header)
	}
	part := regexp.MustCompile(`/app/[^"]+\.js`).FindString(string(page))
	if part == "" { // not built
		part = "/app/none.js"
		s.problem(part, http.StatusNotFound, "no_such_asset")
	} else if script, _ := s.get(part); script.StatusCode != http.StatusOK || script.Header.Get("Content-Type") != "text/javascript; charset=utf-8" ||
		!strings.Contains(script.Header.Get("Cache-Control"), "immutable") {
		t.Fatalf("script: %s %v", script.Status, script.Header)
	}
	s.problem("/app/0000.js", http.StatusNotFound, "no_such_asset")
	if answer, _ := s.get("/api/v1/cameras"); strings.Contains(answer.Header.Get("Content-Security-Policy"), "self") {
		t.Fatalf("JSON may load things: %v", answer.Header)
	}
}
