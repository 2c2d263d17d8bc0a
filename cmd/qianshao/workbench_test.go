package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"qianshao/ingest/rtsp/rtsptest"
	"qianshao/ingest/rtsp/rtsptest/camtest"
	"qianshao/registry"
	"qianshao/storage/media"
	"qianshao/storage/storagetest"
	"qianshao/storage/timeline"
)

// facts are what the browser's tests know of the site that they look at.
type facts struct {
	URL string `json:"url"`
	// Cameras that recorded a working day and are away since; their pictures carry
	// the number floor((time - from) * fps) mod frames.
	Past struct {
		From    int64     `json:"from"` // unix ms
		To      int64     `json:"to"`
		FPS     int       `json:"fps"`
		Frames  int       `json:"frames"`
		Gap     [2]int64  `json:"gap"` // of the second camera
		Cameras []theirs  `json:"cameras"`
		Point   []float64 `json:"point"` // of the junction that they stand around
	} `json:"past"`
	// Cameras that record now, and did before, with numbers like those of the day.
	Live     []theirs `json:"live"`
	LiveFrom int64    `json:"live_from"` // unix ms
	// Cameras of every coding that recorded ten minutes the day before, with numbers
	// like those of the day.
	Codings struct {
		From    int64     `json:"from"`
		To      int64     `json:"to"`
		FPS     int       `json:"fps"`
		Frames  int       `json:"frames"`
		Cameras []theirs  `json:"cameras"` // nine of H.264 first
		Point   []float64 `json:"point"`
	} `json:"codings"`
	// The other site, with base maps.
	Ground groundFacts `json:"ground"`
	// And one whose cameras of every coding record now.
	Lens lensFacts `json:"lens"`
}

type theirs struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Coding string `json:"coding,omitempty"` // "h264", "h265+pcma"
}

// The workbench, in a real browser, against the program with simulated cameras and
// a recorded day: api/web/e2e, run by Playwright.
func TestWorkbench(t *testing.T) {
	web := builtWeb(t)
	t.Setenv("QIANSHAO_RETENTION_DAYS", "3650") // that day is kept
	t.Setenv("QIANSHAO_REGISTER_DAYS", "3650")
	f, dir := recordedDay(t)
	p := start(t, "serve", "--listen", "127.0.0.1:0", "--data", dir)
	f.URL = p.url
	f.Ground = groundSite(t)
	f.Lens = lensSite(t)
	playwright(t, web, f)
	p.terminate(t)
}

// builtWeb is the folder of the web app, which was built.
func builtWeb(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: drives a browser for minutes")
	}
	web, err := filepath.Abs("../../api/web")
	if err != nil {
		t.Fatal(err)
	}
	for _, need := range []string{"dist/index.html", "node_modules/.bin/playwright"} {
		if _, err := os.Stat(filepath.Join(web, need)); err != nil {
			if os.Getenv("CI") != "" { // there it is never left out
				t.Fatalf("the web app was not built: %v", err)
			}
			t.Skipf("the web app was not built (make web): %v", err)
		}
	}
	return web
}

// playwright runs the browser's tests of a site.
func playwright(t *testing.T, web string, site any, env ...string) {
	t.Helper()
	b, err := json.Marshal(site)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "facts.json")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), filepath.Join(web, "node_modules/.bin/playwright"), "test")
	cmd.Args = append(cmd.Args, strings.Fields(os.Getenv("E2E"))...) // -g NAME, --update-snapshots
	cmd.Dir = web
	cmd.Env = append(append(os.Environ(), "QIANSHAO_FACTS="+path), env...)
	out, err := cmd.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Fatal(err)
	}
}

// coded are the codings of the cameras of facts.Codings.
var coded = []struct{ video, sound media.Codec }{
	{media.H264, 0},
	{media.H264, media.PCMA},
	{media.H264, media.AAC},
	{media.H264, 0},
	{media.H264, 0},
	{media.H264, 0},
	{media.H264, 0},
	{media.H264, 0},
	{media.H264, 0},
	{media.H265, media.PCMA},
	{media.MJPEG, 0},
}

// recordedDay makes a data folder: six cameras of a village that recorded from 9 to
// 17 on a day, one of them with a hole of twenty minutes, and four simulated ones
// that record now.
func recordedDay(t *testing.T) (facts, string) {
	t.Helper()
	var f facts
	shanghai := time.FixedZone("", 8*3600)
	nine := time.Date(2026, 11, 24, 9, 0, 0, 0, shanghai) // a fixed day: pages are compared with how they looked
	a := storagetest.New(t)
	dir := a.Dir()
	joined := nine.Add(-24 * time.Hour)
	cameras := rtsptest.Config{NoSub: true, Width: 640, Height: 360, Cameras: 4}
	if os.Getenv("BENCH") != "" {
		cameras.Width, cameras.Height, cameras.Bitrate, cameras.SpreadGOP = 1920, 1080, 2_000_000, true
	}
	srv := camtest.Start(t, cameras)
	places, err := readVillages()
	if err != nil {
		t.Fatal(err)
	}
	stand := func(v *village, n int, when time.Time, url func(i int) string) []theirs {
		t.Helper()
		drafts := make([]registry.Draft, n)
		for i := range drafts {
			drafts[i] = drafted(v, i, fmt.Sprintf("%s-%02d", v.code[6:], i+1), url(i))
		}
		return enrol(t, dir, when, drafts)
	}
	past, live := &places[0], &places[1]
	f.Past.Cameras = stand(past, 6, joined, func(i int) string { return fmt.Sprintf("rtsp://127.0.0.1:9/%d", i) })
	before := time.Now().Add(-45 * time.Minute)
	f.LiveFrom = before.UnixMilli()
	f.Live = stand(live, 4, before.Add(-time.Minute), func(i int) string { return srv.URL(i + 1) })
	f.Past.Point = []float64{past.lon, past.lat}
	f.Past.From, f.Past.To = nine.UnixMilli(), nine.Add(8*time.Hour).UnixMilli()
	f.Past.FPS, f.Past.Frames = 5, 500
	video := storagetest.NewVideo(t, storagetest.VideoSpec{FPS: f.Past.FPS, Frames: f.Past.Frames, GOP: 10})
	const hour = 3600.0
	f.Past.Gap = [2]int64{nine.Add(3 * time.Hour).UnixMilli(), nine.Add(3*time.Hour + 20*time.Minute).UnixMilli()}
	for i, c := range f.Past.Cameras {
		runs := []storagetest.Run{{Pieces: []storagetest.Piece{{Video: video, Seconds: 8 * hour}}}}
		if i == 1 { // 3 h are whole loops, and so are 20 minutes
			runs = []storagetest.Run{
				{Pieces: []storagetest.Piece{{Video: video, Seconds: 3 * hour}}},
				{After: hour / 3, Pieces: []storagetest.Piece{{Video: video, Seconds: 5*hour - hour/3}}},
			}
		}
		script := storagetest.Script{Stream: media.CameraID(c.ID).Stream(0), Start: timeline.FromTime(nine), Runs: runs, Segment: 60, Fragment: 2}
		if i == 2 { // its clock is slow, and set at noon
			script.Clock = func(end timeline.Micros) (off, unc int64) {
				if end <= timeline.FromTime(nine.Add(3*time.Hour)) {
					return -35_000_000, 20_000
				}
				return 250_000, 20_000
			}
		}
		a.Record(script)
	}
	for _, c := range f.Live {
		runs := []storagetest.Run{{Pieces: []storagetest.Piece{{Video: video, Seconds: 44 * 60}}}}
		a.Record(storagetest.Script{Stream: media.CameraID(c.ID).Stream(0), Start: timeline.FromTime(before), Runs: runs, Segment: 60, Fragment: 2})
	}
	codings := &places[len(places)-1] // far from the others
	noon := nine.Add(-21 * time.Hour)
	c := &f.Codings
	c.FPS, c.Frames = 25, 500
	c.From, c.To, c.Point = noon.UnixMilli(), noon.Add(10*time.Minute).UnixMilli(), []float64{codings.lon, codings.lat}
	how := coded
	if os.Getenv("BENCH") != "" {
		how = append(slices.Repeat(coded[:1], 3), coded...) // nine that every browser plays
	}
	c.Cameras = stand(codings, len(how), joined, func(i int) string { return fmt.Sprintf("rtsp://127.0.0.1:9/coded/%d", i) })
	for i, h := range how {
		c.Cameras[i].Coding = strings.ToLower(h.video.String())
		p := storagetest.Piece{Video: storagetest.NewVideo(t, storagetest.VideoSpec{Codec: h.video, FPS: c.FPS, Frames: c.Frames, GOP: 50}), Seconds: 600}
		if h.sound != 0 {
			c.Cameras[i].Coding += "+" + strings.ToLower(h.sound.String())
			p.Sounds = []*storagetest.Sound{storagetest.NewSound(t, storagetest.SoundSpec{Codec: h.sound})}
		}
		a.Record(storagetest.Script{
			Stream: media.CameraID(c.Cameras[i].ID).Stream(0), Start: timeline.FromTime(noon), Runs: []storagetest.Run{{Pieces: []storagetest.Piece{p}}}, Segment: 60, Fragment: 2,
		})
	}
	if err := a.Index.Close(); err != nil {
		t.Fatal(err)
	}
	return f, dir
}

// drafted is the nth camera of a village.
func drafted(v *village, nth int, device, url string) registry.Draft {
	lon, lat, azimuth := v.spot(nth)
	return registry.Draft{
		Carrier: "telecom", DeviceID: device, Name: registry.Set(v.name + spots[nth%len(spots)]), URL: registry.Set(url),
		Division: registry.Set(v.code), Lon: registry.Set(lon), Lat: registry.Set(lat), Azimuth: registry.Set(azimuth), FOV: registry.Set(90.0), Range: registry.Set(150.0),
	}
}

// enrol enrols cameras as of a moment.
func enrol(t *testing.T, dir string, when time.Time, drafts []registry.Draft) (out []theirs) {
	t.Helper()
	reg, err := registry.Open(t.Context(), registry.Config{Dir: dir, Now: func() time.Time { return when }})
	if err != nil {
		t.Fatal(err)
	}
	got, err := reg.Upsert(t.Context(), drafts)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range got {
		c, err := reg.Get(t.Context(), o.Camera)
		if err != nil || o.Status != registry.Created {
			t.Fatalf("%+v, %v", o, err)
		}
		out = append(out, theirs{ID: string(c.ID), Name: c.Name})
	}
	if err := reg.Close(); err != nil {
		t.Fatal(err)
	}
	return out
}
