package main

import (
	"fmt"
	"testing"
	"time"

	"qianshao/ingest/rtsp/rtsptest"
	"qianshao/ingest/rtsp/rtsptest/camtest"
	"qianshao/ingest/rtsp/rtsptest/loop"
	"qianshao/registry"
)

// lensFacts are what the browser's tests know of a third site: cameras of a village
// that all record now, of every coding.
type lensFacts struct {
	URL   string    `json:"url"`
	Point []float64 `json:"point"`
	// Cameras are nine that every browser plays, the eighth with AAC, the ninth with
	// G.711; then one of H.265 with an H.264 sub-stream, one without, one of MJPEG.
	Cameras []theirs `json:"cameras"`
}

// lensSite starts a server that records simulated cameras of every coding.
func lensSite(t *testing.T) lensFacts {
	t.Helper()
	places, err := readVillages()
	if err != nil {
		t.Fatal(err)
	}
	v := &places[0]
	f := lensFacts{Point: []float64{v.lon, v.lat}}
	small := rtsptest.Config{NoSub: true, Width: 160, Height: 96, LoopSeconds: 4, GOP: 1}
	odd := func(codec, audio loop.Codec) *rtsptest.Server {
		cfg := small
		cfg.Codec, cfg.Audio = codec, audio
		return camtest.Start(t, cfg)
	}
	var drafts []registry.Draft
	add := func(coding, url, sub string) {
		d := drafted(v, len(drafts), fmt.Sprintf("lens-%02d", len(drafts)+1), url)
		if sub != "" {
			d.SubURL = registry.Set(sub)
		}
		drafts = append(drafts, d)
		f.Cameras = append(f.Cameras, theirs{Coding: coding})
	}
	plain := camtest.Start(t, rtsptest.Config{Cameras: 8}) // of their sub-streams
	for i := range 7 {
		add("h264", plain.SubURL(i+1), "")
	}
	add("h264+aac", odd(loop.H264, loop.AAC).URL(1), "")
	add("h264+pcma", odd(loop.H264, loop.PCMA).URL(1), "")
	h265 := odd(loop.H265, "")
	add("h265, sub", h265.URL(1), plain.SubURL(8))
	add("h265", h265.URL(1), "")
	add("mjpeg", odd(loop.MJPEG, "").URL(1), "")

	dir := t.TempDir()
	for i, c := range enrol(t, dir, time.Now().Add(-time.Hour), drafts) {
		c.Coding = f.Cameras[i].Coding
		f.Cameras[i] = c
	}
	f.URL = start(t, "serve", "--listen", "127.0.0.1:0", "--data", dir).url
	return f
}
