package main

import (
	"encoding/base64"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"qianshao/api/web/webtest"
	"qianshao/ingest/rtsp/rtsptest"
	"qianshao/ingest/rtsp/rtsptest/audit"
	"qianshao/ingest/rtsp/rtsptest/camtest"
	"qianshao/ingest/rtsp/rtsptest/framecode"
	"qianshao/storage/timeline"
)

// strip is the top edge of the picture on screen, 640 wide, as luma in base64.
const strip = `(() => {
	const c = document.createElement('canvas'); c.width = 640; c.height = 20;
	const g = c.getContext('2d', {willReadFrequently: true});
	const v = document.querySelector('#video');
	g.drawImage(v, 0, 0, v.videoWidth, v.videoWidth / 32, 0, 0, 640, 20);
	const p = g.getImageData(0, 0, 640, 20).data;
	let s = '';
	for (let i = 0; i < p.length; i += 4) s += String.fromCharCode(p[i + 1]);
	return btoa(s);
})()`

// An investigator opens the page of a server that records: the list, live, and a
// click on today's timeline, judged by the number burnt into the picture. Nothing
// is fetched from elsewhere.
func TestPageOfServer(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes a quarter minute")
	}
	ctx := t.Context()
	dir := filepath.Join(t.TempDir(), "data")
	p := start(t, "serve", "--listen", "127.0.0.1:0", "--data", dir)
	srv := camtest.Start(t, rtsptest.Config{NoSub: true, Width: 640, Height: 360})
	if out, errs, code := qianshao(t, "camera", "add", "GATE", srv.URL(1), "--name", "村口大门", "--data", dir); code != exitOK {
		t.Fatalf("camera add: exit %d\n%s%s", code, out, errs)
	}
	if err := waitRecorded(ctx, dir, "GATE", 5*timeline.Second); err != nil {
		t.Fatal(err)
	}
	tab := webtest.Open(t, p.url+"/cameras", 1280, 1000)
	number := func(near timeline.Micros) uint64 {
		t.Helper()
		raw, err := base64.StdEncoding.DecodeString(webtest.Ask[string](tab, strip))
		if err != nil {
			t.Fatal(err)
		}
		code, err := framecode.Read(raw, 640, 640)
		if err != nil {
			t.Fatal(err)
		}
		return audit.Unwrap(int(code), srv.LoopFrames(), srv.FrameAt(int64(near)))
	}
	tab.Pick("村口大门")
	tab.Until("live", "document.querySelector('#video').currentTime > 0.5 && document.querySelector('#message').hidden")
	for i := 0; ; i++ {
		behind := timeline.Micros(srv.Now() - srv.FrameTime(number(timeline.Micros(srv.Now()))))
		if behind < timeline.Second/2 {
			t.Logf("live is %d ms behind", behind/1000)
			break
		}
		if i == 20 { // the browser starts beside other tests
			t.Fatalf("live is %d ms behind", behind/1000)
		}
		tab.Until("a further picture", "await new Promise((ok) => document.querySelector('#video').requestVideoFrameCallback(() => ok(true)))")
	}
	tab.Shot("live")

	// A click on the timeline, where the footage is a few pixels wide at most:
	// playback begins at the footage nearest to it.
	got, err := askAll(t, dir, "GATE")
	if err != nil {
		t.Fatal(err)
	}
	tab.ClickAt(got.Covered[0].From)
	tab.Until("an answer", "!document.querySelector('#message').hidden || document.querySelector('#mode').textContent === '回放'")
	tab.Until("playback", `(() => {
		const b = [...document.querySelectorAll('#message button')].find((b) => b.checkVisibility());
		if (b) b.click();
		return document.querySelector('#mode').textContent === '回放' && document.querySelector('#video').currentTime > 0.3 && document.querySelector('#message').hidden;
	})()`)
	tab.Do(chromedp.Focus("#timeline"))
	webtest.Ask[any](tab, "document.querySelector('#video').pause()")
	tab.Until("the picture", "await new Promise((ok) => requestAnimationFrame(() => requestAnimationFrame(() => ok(true))))")
	wall := tab.Wall()
	shown := timeline.Micros(srv.FrameTime(number(wall)))
	if off := wall - shown; off < -placed || off > placed {
		t.Errorf("the clock says %s, the picture is of %s", wall, shown)
	}
	tab.Shot("playback")
	for _, address := range webtest.Ask[[]string](tab, "performance.getEntriesByType('resource').map((e) => e.name)") {
		if !strings.HasPrefix(address, p.url) && !strings.HasPrefix(address, "blob:"+p.url) && !strings.HasPrefix(address, "data:") {
			t.Errorf("the page fetched %s", address)
		}
	}
	if bad := tab.Complaints("404"); len(bad) > 0 {
		t.Errorf("the console says %q", bad)
	}
	p.terminate(t)
}
