package api_test

import (
	"context"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"qianshao/api"
	"qianshao/api/web/webtest"
	"qianshao/registry"
	"qianshao/storage/index"
	"qianshao/storage/live"
	"qianshao/storage/media"
	"qianshao/storage/storagetest"
	"qianshao/storage/timeline"
)

// number reads the number burnt into the picture on screen.
const number = `(() => {
	const c = document.createElement('canvas'); c.width = 160; c.height = 96;
	const g = c.getContext('2d', {willReadFrequently: true});
	g.drawImage(document.querySelector('#video'), 0, 0, 160, 96);
	const p = g.getImageData(0, 0, 160, 16).data;
	let word = 0;
	for (let i = 0; i < 10; i++) {
		let sum = 0;
		for (let r = 4; r < 12; r++) for (let c = i*16+4; c < i*16+12; c++) sum += p[(r*160+c)*4+1];
		word = word << 1 | (sum/64 > 128 ? 1 : 0);
	}
	return word >> 1;
})()`

// broadcast publishes a loop as a camera's live pictures, in real time, until
// the test ends. sent tells when each number went out last.
func (s *site) broadcast(id media.CameraID, v *storagetest.Video) (sent func(number int) time.Time) {
	topic := s.hub.Topic(media.StreamID(id + ".0"))
	session := &live.Session{Tracks: []media.Track{v.Track}}
	var mu sync.Mutex
	at := make([]time.Time, v.Spec.Frames)
	ctx, cancel := context.WithCancel(s.t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		tick := time.NewTicker(time.Second / time.Duration(v.Spec.FPS))
		defer tick.Stop()
		for i := 0; ; i++ {
			select {
			case <-ctx.Done():
				return
			case now := <-tick.C:
				x := v.Samples[i%len(v.Samples)]
				mu.Lock()
				at[x.Number] = now
				mu.Unlock()
				if topic.Wanted() {
					topic.Publish(live.Sample{
						Session: session, Tick: int64(i) * v.Step(), Dur: uint32(v.Step()), Sync: x.Sync, Wall: timeline.FromTime(now), Data: x.Data,
					})
				}
			}
		}
	})
	s.t.Cleanup(func() { cancel(); wg.Wait() })
	return func(n int) time.Time { mu.Lock(); defer mu.Unlock(); return at[n] }
}

// streaming says that a camera records.
func (s *site) streaming(id media.CameraID, codec string) {
	s.reg.SetState(registry.State{Stream: media.StreamID(id + ".0"), Phase: registry.Streaming, Since: timeline.FromTime(s.now()), Codec: codec, FPS: 25})
}

func TestPage(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("-short: drives a browser")
	}
	s := newSite(t, func(cfg *api.Config) { cfg.LoopbackOnly, cfg.Now = true, time.Now })
	s.now = time.Now
	// Footage of today in Guizhou: two stretches with a gap between them. Shortly
	// after midnight there, of yesterday.
	start := timeline.FromTime(time.Now()) - 40*timeline.Minute
	if (start+8*timeline.Hour)%timeline.Day > timeline.Day-41*timeline.Minute {
		start -= timeline.Hour
	}
	today := (start+8*timeline.Hour)/timeline.Day == (timeline.FromTime(time.Now())+8*timeline.Hour)/timeline.Day
	id := s.cameraAt("local", "QX-1", start-timeline.Hour)
	v := storagetest.NewVideo(t, storagetest.VideoSpec{})
	rec := s.record(id, storagetest.Script{Start: start, Segment: 60, Runs: []storagetest.Run{{Pieces: piece(v, 15*60)}, {After: 15 * 60, Pieces: piece(v, 9*60)}}})
	ctx := t.Context()
	if err := s.archive.Index.Alive(ctx, "n", 1, start-2*timeline.Hour, start+2*timeline.Hour); err != nil {
		t.Fatal(err)
	}
	stream := media.StreamID(id + ".0")
	err := s.archive.Index.AppendCauses(ctx, index.CauseInterval{
		ID: "x", Stream: stream, Span: timeline.Span{From: start + 14*timeline.Minute, To: start + 31*timeline.Minute}, Cause: timeline.CameraOffline, Source: "ingest",
	})
	if err != nil {
		t.Fatal(err)
	}
	sent := s.broadcast(id, v)
	s.streaming(id, "h264")
	jpeg := s.cameraAt("local", "QX-2", start)
	s.record(jpeg, storagetest.Script{Start: start, Runs: []storagetest.Run{{Pieces: piece(storagetest.NewVideo(t, storagetest.VideoSpec{Codec: media.MJPEG}), 60)}}})
	s.streaming(jpeg, "mjpeg")
	locked := s.cameraAt("telecom", "QX-3", start)
	s.reg.SetState(registry.State{
		Stream: media.StreamID(locked + ".0"), Phase: registry.Waiting, Cause: timeline.AuthFailed, LastError: "401 Unauthorized", Since: start,
	})

	p := webtest.Open(t, s.url+"/cameras", 1280, 1000)
	p.Until("three cameras", "document.querySelectorAll('#list button').length === 3")
	if text := webtest.Ask[string](p, "document.querySelector('#cameras').innerText"); !strings.Contains(text, "录像中") || !strings.Contains(text, "等待处理") || !strings.Contains(text, "用户名或密码错误") {
		t.Fatalf("the list says %s", text)
	}
	if !webtest.Ask[bool](p, "document.body.innerText.includes('未启用账号 · 仅限本机')") {
		t.Error("the page does not say that there are no accounts")
	}
	p.Do(chromedp.SendKeys("#q", "qx-3"))
	p.Until("one camera", "document.querySelectorAll('#list button').length === 1")
	webtest.Ask[any](p, "{ const q = document.querySelector('#q'); q.value = 'nothing like it'; q.dispatchEvent(new Event('input')); }")
	p.Until("no camera", "document.querySelector('#list-note').innerText.includes('没有符合条件的摄像头')")
	webtest.Ask[any](p, "document.querySelector('#list-note button').click()")

	// Live: the picture is that of at most half a second ago, and so is the clock.
	p.Pick("QX-1")
	p.Until("live", "document.querySelector('#video').currentTime > 0.5 && document.querySelector('#message').hidden")
	for i := 0; ; i++ {
		n := webtest.Ask[int](p, number)
		age, clock := time.Since(sent(n)), timeline.FromTime(time.Now())-p.Wall()
		if age < 500*time.Millisecond && clock < timeline.Second/2 {
			t.Logf("live: the picture is %v old, the clock %v behind", age, time.Duration(clock)*time.Microsecond)
			break
		}
		if i == 20 { // the browser starts beside other tests
			t.Fatalf("live: the picture is %v old, the clock %d µs behind", age, clock)
		}
		p.Until("a further picture", "await new Promise((ok) => document.querySelector('#video').requestVideoFrameCallback(() => ok(true)))")
	}
	p.Shot("live")

	// A click on the timeline plays from there; the clock is that of the picture.
	if !today {
		p.Do(chromedp.Click("#prev"))
	}
	p.Until("the timeline", "document.querySelector('#gaps-list').children.length > 0")
	at := start + 5*timeline.Minute
	p.ClickAt(at)
	p.Until("playback", "document.querySelector('#mode').textContent === '回放' && document.querySelector('#video').currentTime > 0.3 && document.querySelector('#message').hidden")
	if off := p.Wall() - at; off < -2*timeline.Minute || off > 2*timeline.Minute { // a pixel is more than a minute
		t.Errorf("a click at %s plays %s", at, p.Wall())
	}
	webtest.Ask[any](p, "{ const v = document.querySelector('#video'); v.pause(); v.currentTime = 3.5; await new Promise((ok) => v.addEventListener('seeked', ok, {once: true})); }")
	p.Until("the picture", "await new Promise((ok) => requestAnimationFrame(() => requestAnimationFrame(() => ok(true))))")
	shown, wall := webtest.Ask[int](p, number), p.Wall()
	var want storagetest.Frame
	for _, f := range rec.Frames {
		if f.Wall <= wall+2000 { // the clock shows milliseconds
			want = f
		}
	}
	if shown != want.Number || math.Abs(float64(wall-want.Wall)) > 41_000 {
		t.Errorf("at %s picture %d is shown, recorded was %d at %s", wall, shown, want.Number, want.Wall)
	}
	p.Shot("play")

	// Marks make a clip.
	webtest.Ask[any](p, "document.querySelector('#mark-in').click()")
	webtest.Ask[any](p, "{ const v = document.querySelector('#video'); v.currentTime = 6.5; await new Promise((ok) => v.addEventListener('seeked', ok, {once: true})); }")
	p.Until("the clock", "document.querySelector('#clock').textContent !== '' && true")
	webtest.Ask[any](p, "document.querySelector('#mark-out').click()")
	link := webtest.Ask[string](p, "document.querySelector('#save').getAttribute('href') || ''")
	if answer, b := s.do("HEAD", link); link == "" || answer.StatusCode != 200 || answer.ContentLength <= 0 {
		t.Errorf("the clip %q: %s %s", link, answer.Status, b)
	}

	// A click into the gap says why, and leads on.
	p.ClickAt(start + 22*timeline.Minute)
	p.Until("the gap", "document.querySelector('#message').innerText.includes('此刻没有录像：摄像头离线')")
	p.Shot("gap")
	webtest.Ask[any](p, "[...document.querySelectorAll('#message button')].find((b) => b.textContent.includes('之后')).click()")
	p.Until("footage after the gap", "document.querySelector('#video').currentTime > 0 && document.querySelector('#message').hidden")
	if off := p.Wall() - (start + 30*timeline.Minute); off < -timeline.Second/1000 || off > 3*timeline.Second { // the clock shows milliseconds
		t.Errorf("after the gap %s is played", p.Wall())
	}

	// By keyboard: from the timeline, and the short cuts.
	p.Do(chromedp.Focus("#timeline"))
	p.Do(chromedp.SendKeys("#timeline", kb.Home+kb.PageUp))
	if !webtest.Ask[bool](p, "document.querySelector('#hover').textContent.includes('00:00:00')") {
		t.Errorf("at the start of the day the page says %q", webtest.Ask[string](p, "document.querySelector('#hover').textContent"))
	}
	webtest.Ask[any](p, "document.activeElement.blur()")
	p.Do(chromedp.KeyEvent("r"))
	p.Until("live again", "document.querySelector('#mode').textContent === '实时' && document.querySelector('#video').currentTime > 0.2")

	// Days.
	p.Do(chromedp.Click("#prev"))
	p.Do(chromedp.Click("#prev"))
	p.Until("an empty day", "document.querySelector('#gaps-sum').textContent.includes('没有缺失') && document.querySelector('#gaps-sum').textContent.includes('0 秒')")
	p.Do(chromedp.Click("#today"))

	// A coding that no browser plays: pictures, and it is said.
	p.Pick("QX-2")
	p.Until("pictures", "document.querySelector('#picture').naturalWidth === 160 && document.querySelector('#message').innerText.includes('MJPEG')")
	if off := p.Wall() - (start + timeline.Minute); off < -2*timeline.Second || off > 0 {
		t.Errorf("the newest picture is of %s", p.Wall())
	}
	p.Shot("pictures")

	// A camera that needs a person.
	p.Pick("QX-3")
	p.Until("the cause", "document.querySelector('#facts').innerText.includes('请更正用户名和密码')")

	// English.
	p.Do(chromedp.Click("#lang"))
	if text := webtest.Ask[string](p, "document.body.innerText"); !strings.Contains(text, "wrong user name or password") || !strings.Contains(text, "needs attention") {
		t.Errorf("in English: %s", text)
	}
	p.Shot("english")
	if bad := p.Complaints("404", "503", "net::ERR"); len(bad) > 0 {
		t.Errorf("the console says %q", bad)
	}
}

func TestPageOnAPhone(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("-short: drives a browser")
	}
	s := newSite(t, func(cfg *api.Config) { cfg.Now = time.Now })
	p := webtest.Open(t, s.url+"/cameras", 390, 844)
	p.Until("what to do first", "document.querySelector('#list-note').innerText.includes('qianshao import')")
	id := s.cameraAt("local", "PHONE-1", timeline.FromTime(time.Now())-timeline.Minute)
	v := storagetest.NewVideo(t, storagetest.VideoSpec{})
	s.broadcast(id, v)
	s.streaming(id, "h264")
	p.Pick("PHONE-1") // it appears by itself
	p.Until("live", "document.querySelector('#video').currentTime > 0.2")
	p.Shot("live")
	if wide := webtest.Ask[int](p, "document.documentElement.scrollWidth"); wide > 390 {
		t.Errorf("the page is %d pixels wide", wide)
	}
	if webtest.Ask[bool](p, "document.querySelector('#cameras').checkVisibility()") {
		t.Error("the list is in the way")
	}
	p.Do(chromedp.Click("#back"))
	p.Until("the list", "document.querySelector('#cameras').checkVisibility() && document.activeElement.dataset.id !== undefined")
	if bad := p.Complaints("404"); len(bad) > 0 {
		t.Errorf("the console says %q", bad)
	}
	// The server goes away, and comes into view as such.
	s.server.Close()
	p.Until("offline", "document.querySelector('#offline').checkVisibility() && document.querySelector('#offline').innerText.includes('连接中断')")
	p.Shot("offline")
}
