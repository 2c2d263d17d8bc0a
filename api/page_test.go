package api_test

import (
	"context"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"qianshao/api"
	"qianshao/registry"
	"qianshao/storage/index"
	"qianshao/storage/live"
	"qianshao/storage/media"
	"qianshao/storage/storagetest"
	"qianshao/storage/timeline"
)

const chromium = "/usr/bin/chromium"

// tab is a browser tab on the page. What it complains about fails the test.
type tab struct {
	*testing.T
	ctx context.Context
	mu  sync.Mutex
	bad []string
}

func openTab(t *testing.T, url string, width, height int64) *tab {
	t.Helper()
	if _, err := exec.LookPath(chromium); err != nil {
		t.Skipf("no %s; install the package chromium", chromium)
	}
	opts := append([]chromedp.ExecAllocatorOption{}, chromedp.DefaultExecAllocatorOptions[:]...)
	for _, f := range []string{"no-sandbox", "disable-gpu", "no-first-run", "disable-background-networking", "disable-component-update", "disable-sync"} {
		opts = append(opts, chromedp.Flag(f, true))
	}
	opts = append(opts, chromedp.ExecPath(chromium), chromedp.Flag("autoplay-policy", "no-user-gesture-required"))
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	t.Cleanup(cancel)
	ctx, stop := chromedp.NewExecAllocator(ctx, opts...)
	t.Cleanup(stop)
	ctx, stop = chromedp.NewContext(ctx)
	t.Cleanup(stop)
	p := &tab{T: t, ctx: ctx}
	p.do(chromedp.EmulateViewport(width, height))
	console := chromedp.Console(ctx)
	listening := make(chan struct{})
	var done sync.WaitGroup
	done.Go(func() {
		close(listening)
		for m, err := range console {
			if err != nil {
				return
			}
			if m.IsException() || m.Type == "error" {
				p.mu.Lock()
				p.bad = append(p.bad, m.String())
				p.mu.Unlock()
			}
		}
	})
	<-listening
	t.Cleanup(func() { stop(); done.Wait() })
	if _, err := chromedp.Run(ctx, chromedp.Navigate(url)); err != nil {
		t.Fatalf("open %s: %v", url, err)
	}
	return p
}

func (p *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	p.Helper()
	if err := chromedp.Do(p.ctx, steps...); err != nil {
		p.Fatal(err)
	}
}

func ask[T any](p *tab, format string, args ...any) T {
	p.Helper()
	expr := fmt.Sprintf(format, args...)
	v, err := chromedp.Run(p.ctx, chromedp.Evaluate[T]("(async () => "+expr+")()", chromedp.EvalAwaitPromise))
	if err != nil {
		p.Fatalf("%s: %v", expr, err)
	}
	return v
}

// until waits, picture by picture, until an expression is true.
func (p *tab) until(what, format string, args ...any) {
	p.Helper()
	expr := fmt.Sprintf(format, args...)
	ok := ask[bool](p, `{
		const until = performance.now() + 20000;
		while (performance.now() < until) {
			if (%s) return true;
			await new Promise((ok) => setTimeout(ok, 40));
		}
		return false;
	}`, expr)
	if !ok {
		p.shot("failed")
		p.Fatalf("%s: not within 20 s; the page says: %s", what, ask[string](p, "document.body.innerText"))
	}
}

// complaints returns what the console said, without what is meant to fail.
func (p *tab) complaints(but ...string) (out []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
next:
	for _, s := range p.bad {
		for _, b := range but {
			if strings.Contains(s, b) {
				continue next
			}
		}
		out = append(out, s)
	}
	return out
}

// shot keeps a screenshot where QIANSHAO_SHOTS says.
func (p *tab) shot(name string) {
	p.Helper()
	dir := os.Getenv("QIANSHAO_SHOTS")
	if dir == "" {
		return
	}
	b, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		p.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, p.Name()+"_"+name+".png"), b, 0o600); err != nil {
		p.Fatal(err)
	}
}

// wall is the moment that the page says is on screen.
func (p *tab) wall() timeline.Micros {
	p.Helper()
	text := ask[string](p, "document.querySelector('#clock').textContent")
	at, err := time.Parse("2006-01-02 15:04:05.000 -07:00", text)
	if err != nil {
		p.Fatalf("the clock says %q", text)
	}
	return timeline.FromTime(at)
}

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

// clickAt clicks the timeline at a moment.
func (p *tab) clickAt(at timeline.Micros) {
	p.Helper()
	p.do(chromedp.ScrollIntoView("#timeline"))
	const local = 8 * timeline.Hour
	part := float64((at+local)%timeline.Day) / float64(timeline.Day)
	xy := ask[[]float64](p, "{ const r = document.querySelector('#timeline').getBoundingClientRect(); return [r.left + r.width * %f, r.top + 45]; }", part)
	p.do(chromedp.MouseClickXY(xy[0], xy[1]))
}

// pick clicks a camera in the list.
func (p *tab) pick(device string) {
	p.Helper()
	p.until("the list", "[...document.querySelectorAll('#list button')].some((b) => b.textContent.includes('%s'))", device)
	ask[any](p, "[...document.querySelectorAll('#list button')].find((b) => b.textContent.includes('%s')).click()", device)
}

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

	p := openTab(t, s.url+"/", 1280, 1000)
	p.until("three cameras", "document.querySelectorAll('#list button').length === 3")
	if text := ask[string](p, "document.querySelector('#cameras').innerText"); !strings.Contains(text, "录像中") || !strings.Contains(text, "等待处理") || !strings.Contains(text, "用户名或密码错误") {
		t.Fatalf("the list says %s", text)
	}
	if !ask[bool](p, "document.body.innerText.includes('仅限本机访问')") {
		t.Error("the page does not say that it is for this machine only")
	}
	p.do(chromedp.SendKeys("#q", "qx-3"))
	p.until("one camera", "document.querySelectorAll('#list button').length === 1")
	ask[any](p, "{ const q = document.querySelector('#q'); q.value = 'nothing like it'; q.dispatchEvent(new Event('input')); }")
	p.until("no camera", "document.querySelector('#list-note').innerText.includes('没有符合条件的摄像头')")
	ask[any](p, "document.querySelector('#list-note button').click()")

	// Live: the picture is that of at most half a second ago, and so is the clock.
	p.pick("QX-1")
	p.until("live", "document.querySelector('#video').currentTime > 0.5 && document.querySelector('#message').hidden")
	for i := 0; ; i++ {
		n := ask[int](p, number)
		age, clock := time.Since(sent(n)), timeline.FromTime(time.Now())-p.wall()
		if age < 500*time.Millisecond && clock < timeline.Second/2 {
			t.Logf("live: the picture is %v old, the clock %v behind", age, time.Duration(clock)*time.Microsecond)
			break
		}
		if i == 20 { // the browser starts beside other tests
			t.Fatalf("live: the picture is %v old, the clock %d µs behind", age, clock)
		}
		p.until("a further picture", "await new Promise((ok) => document.querySelector('#video').requestVideoFrameCallback(() => ok(true)))")
	}
	p.shot("live")

	// A click on the timeline plays from there; the clock is that of the picture.
	if !today {
		p.do(chromedp.Click("#prev"))
	}
	p.until("the timeline", "document.querySelector('#gaps-list').children.length > 0")
	at := start + 5*timeline.Minute
	p.clickAt(at)
	p.until("playback", "document.querySelector('#mode').textContent === '回放' && document.querySelector('#video').currentTime > 0.3 && document.querySelector('#message').hidden")
	if off := p.wall() - at; off < -2*timeline.Minute || off > 2*timeline.Minute { // a pixel is more than a minute
		t.Errorf("a click at %s plays %s", at, p.wall())
	}
	ask[any](p, "{ const v = document.querySelector('#video'); v.pause(); v.currentTime = 3.5; await new Promise((ok) => v.addEventListener('seeked', ok, {once: true})); }")
	p.until("the picture", "await new Promise((ok) => requestAnimationFrame(() => requestAnimationFrame(() => ok(true))))")
	shown, wall := ask[int](p, number), p.wall()
	var want storagetest.Frame
	for _, f := range rec.Frames {
		if f.Wall <= wall+2000 { // the clock shows milliseconds
			want = f
		}
	}
	if shown != want.Number || math.Abs(float64(wall-want.Wall)) > 41_000 {
		t.Errorf("at %s picture %d is shown, recorded was %d at %s", wall, shown, want.Number, want.Wall)
	}
	p.shot("play")

	// Marks make a clip.
	ask[any](p, "document.querySelector('#mark-in').click()")
	ask[any](p, "{ const v = document.querySelector('#video'); v.currentTime = 6.5; await new Promise((ok) => v.addEventListener('seeked', ok, {once: true})); }")
	p.until("the clock", "document.querySelector('#clock').textContent !== '' && true")
	ask[any](p, "document.querySelector('#mark-out').click()")
	link := ask[string](p, "document.querySelector('#save').getAttribute('href') || ''")
	if answer, b := s.do("HEAD", link); link == "" || answer.StatusCode != 200 || answer.ContentLength <= 0 {
		t.Errorf("the clip %q: %s %s", link, answer.Status, b)
	}

	// A click into the gap says why, and leads on.
	p.clickAt(start + 22*timeline.Minute)
	p.until("the gap", "document.querySelector('#message').innerText.includes('此刻没有录像：摄像头离线')")
	p.shot("gap")
	ask[any](p, "[...document.querySelectorAll('#message button')].find((b) => b.textContent.includes('之后')).click()")
	p.until("footage after the gap", "document.querySelector('#video').currentTime > 0 && document.querySelector('#message').hidden")
	if off := p.wall() - (start + 30*timeline.Minute); off < -timeline.Second/1000 || off > 3*timeline.Second { // the clock shows milliseconds
		t.Errorf("after the gap %s is played", p.wall())
	}

	// By keyboard: from the timeline, and the short cuts.
	p.do(chromedp.Focus("#timeline"))
	p.do(chromedp.SendKeys("#timeline", kb.Home+kb.PageUp))
	if !ask[bool](p, "document.querySelector('#hover').textContent.includes('00:00:00')") {
		t.Errorf("at the start of the day the page says %q", ask[string](p, "document.querySelector('#hover').textContent"))
	}
	ask[any](p, "document.activeElement.blur()")
	p.do(chromedp.KeyEvent("r"))
	p.until("live again", "document.querySelector('#mode').textContent === '实时' && document.querySelector('#video').currentTime > 0.2")

	// Days.
	p.do(chromedp.Click("#prev"))
	p.do(chromedp.Click("#prev"))
	p.until("an empty day", "document.querySelector('#gaps-sum').textContent.includes('没有缺失') && document.querySelector('#gaps-sum').textContent.includes('0 秒')")
	p.do(chromedp.Click("#today"))

	// A coding that no browser plays: pictures, and it is said.
	p.pick("QX-2")
	p.until("pictures", "document.querySelector('#picture').naturalWidth === 160 && document.querySelector('#message').innerText.includes('MJPEG')")
	if off := p.wall() - (start + timeline.Minute); off < -2*timeline.Second || off > 0 {
		t.Errorf("the newest picture is of %s", p.wall())
	}
	p.shot("pictures")

	// A camera that needs a person.
	p.pick("QX-3")
	p.until("the cause", "document.querySelector('#facts').innerText.includes('请更正用户名和密码')")

	// English.
	p.do(chromedp.Click("#lang"))
	if text := ask[string](p, "document.body.innerText"); !strings.Contains(text, "wrong user name or password") || !strings.Contains(text, "needs attention") {
		t.Errorf("in English: %s", text)
	}
	p.shot("english")
	if bad := p.complaints("404", "503", "net::ERR"); len(bad) > 0 {
		t.Errorf("the console says %q", bad)
	}
}

func TestPageOnAPhone(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(cfg *api.Config) { cfg.Now = time.Now })
	p := openTab(t, s.url+"/", 390, 844)
	p.until("what to do first", "document.querySelector('#list-note').innerText.includes('qianshao import')")
	id := s.cameraAt("local", "PHONE-1", timeline.FromTime(time.Now())-timeline.Minute)
	v := storagetest.NewVideo(t, storagetest.VideoSpec{})
	s.broadcast(id, v)
	s.streaming(id, "h264")
	p.pick("PHONE-1") // it appears by itself
	p.until("live", "document.querySelector('#video').currentTime > 0.2")
	p.shot("live")
	if wide := ask[int](p, "document.documentElement.scrollWidth"); wide > 390 {
		t.Errorf("the page is %d pixels wide", wide)
	}
	if ask[bool](p, "document.querySelector('#cameras').checkVisibility()") {
		t.Error("the list is in the way")
	}
	p.do(chromedp.Click("#back"))
	p.until("the list", "document.querySelector('#cameras').checkVisibility() && document.activeElement.dataset.id !== undefined")
	if bad := p.complaints("404"); len(bad) > 0 {
		t.Errorf("the console says %q", bad)
	}
	// The server goes away, and comes into view as such.
	s.server.Close()
	p.until("offline", "document.querySelector('#offline').checkVisibility() && document.querySelector('#offline').innerText.includes('连接中断')")
	p.shot("offline")
}
