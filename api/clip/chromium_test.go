package clip_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"qianshao/api/clip"
	"qianshao/api/web/webtest"
	"qianshao/storage/media"
	"qianshao/storage/storagetest"
	"qianshao/storage/timeline"
)

// page is a blank page with what the tests need: it reads the number out of the
// picture that is shown, and waits for pictures instead of for time.
const page = `<!doctype html><video id=v muted playsinline></video><canvas id=c width=160 height=96></canvas><script>
const v = document.getElementById('v'), g = document.getElementById('c').getContext('2d', {willReadFrequently: true});
function number() {
  g.drawImage(v, 0, 0, 160, 96);
  const p = g.getImageData(0, 0, 160, 16).data;
  let word = 0;
  for (let i = 0; i < 10; i++) {
    let sum = 0;
    for (let r = 4; r < 12; r++) for (let c = i*16+4; c < i*16+12; c++) sum += p[(r*160+c)*4+1];
    word = word << 1 | (sum/64 > 128 ? 1 : 0);
  }
  return word >> 1;
}
const once = (e, name) => new Promise((ok, bad) => {
  e.addEventListener(name, ok, {once: true});
  v.addEventListener('error', () => bad(new Error(name + ': ' + (v.error && v.error.message))), {once: true});
});
async function shownAt(t) {
  const seen = once(v, 'seeked');
  const shown = new Promise(ok => v.requestVideoFrameCallback(ok));
  v.currentTime = t;
  await seen;
  // No picture is presented when the one asked for stands already.
  await Promise.race([shown, new Promise(ok => setTimeout(ok, 300))]);
  return number();
}
async function load(src) {
  const ready = once(v, 'loadeddata');
  const shown = new Promise(ok => v.requestVideoFrameCallback(ok));
  v.src = src;
  await ready;
  await shown;
  return number();
}
async function viaMSE(src, type) {
  if (!MediaSource.isTypeSupported(type)) throw new Error('not supported: ' + type);
  const ms = new MediaSource();
  const open = once(ms, 'sourceopen');
  v.src = URL.createObjectURL(ms);
  await open;
  const sb = ms.addSourceBuffer(type);
  const body = (await fetch(src)).body.getReader();
  for (;;) {
    const {done, value} = await body.read();
    if (done) break;
    const updated = once(sb, 'updateend');
    sb.appendBuffer(value);
    await updated;
  }
  ms.endOfStream();
  return {end: v.duration, ranges: [...Array(v.buffered.length).keys()].map(i => [v.buffered.start(i), v.buffered.end(i)])};
}
</script>`

// browser opens Chromium on the test page, with the stream's routes beside it.
func browser(t *testing.T, a *storagetest.Archive, stream media.StreamID) *webtest.Tab {
	t.Helper()
	footage := routes(a, stream)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = w.Write([]byte(page)) // a test's page
			return
		}
		footage.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return webtest.Open(t, s.URL+"/", 800, 600)
}

// TestChromium lets a browser say which frames it shows first and last.
func TestChromium(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("-short: drives a browser")
	}
	v := storagetest.NewVideo(t, storagetest.VideoSpec{BFrames: 2})
	s := storagetest.NewSound(t, storagetest.SoundSpec{Codec: media.AAC, Rate: 48000})
	p := func(secs float64) []storagetest.Piece {
		return []storagetest.Piece{{Video: v, Seconds: secs, Sounds: []*storagetest.Sound{s}}}
	}
	a := storagetest.New(t)
	rec := a.Record(storagetest.Script{Runs: []storagetest.Run{{Pieces: p(9)}, {After: 2.2, Pieces: p(6)}}})
	tab := browser(t, a, rec.Stream)
	first := rec.Frames[0].Wall
	for _, w := range []struct{ from, to float64 }{{1.31, 2.53}, {3.02, 5.5}, {7.9, 12.3}, {0, 4}, {12.5, 12.54}} {
		span := timeline.Span{From: first + seconds(w.from), To: first + seconds(w.to)}
		want := rec.In(span)
		last := want[len(want)-1]
		if got := webtest.Ask[int](tab, "await load(%q)", "/clip.mp4"+query(span)); got != want[0].Number {
			t.Errorf("%v: Chromium shows %d first, want %d", w, got, want[0].Number)
		}
		if got := webtest.Ask[int](tab, "await shownAt(%f)", float64(last.Wall-want[0].Wall)/1e6+0.02); got != last.Number {
			t.Errorf("%v: Chromium shows %d at the end, want %d", w, got, last.Number)
		}
		// A hidden picture that the last ones needed may count as well.
		begins := float64(last.Wall-want[0].Wall) / 1e6
		if got := webtest.Ask[float64](tab, "v.duration"); got < begins+0.035 || got > begins+0.1 {
			t.Errorf("%v: Chromium says it lasts %.3f s, its last frame begins at %.3f", w, got, begins)
		}
		middle := want[len(want)/2]
		if got := webtest.Ask[int](tab, "await shownAt(%f)", float64(middle.Wall-want[0].Wall)/1e6+0.02); got != middle.Number {
			t.Errorf("%v: Chromium shows %d in the middle, want %d", w, got, middle.Number)
		}
		if got := webtest.Ask[int](tab, "await shownAt(0)"); got != want[0].Number {
			t.Errorf("%v: Chromium shows %d back at 0, want %d", w, got, want[0].Number)
		}
	}
}

// TestChromiumPlays plays play.mp4 as a file and through Media Source
// Extensions, with G.711 as FLAC, and seeks in it.
func TestChromiumPlays(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("-short: drives a browser")
	}
	v := storagetest.NewVideo(t, storagetest.VideoSpec{BFrames: 2})
	s := storagetest.NewSound(t, storagetest.SoundSpec{Codec: media.PCMA})
	a := storagetest.New(t)
	rec := a.Record(storagetest.Script{Runs: one(v, 20, s)})
	tab := browser(t, a, rec.Stream)
	first := rec.Frames[0].Wall
	span := timeline.Span{From: first + seconds(5.3), To: first + seconds(18.7)}
	f := plan(t, a, rec.Stream, clip.Params{Kind: clip.Play, Span: span, Audio: clip.Playable})
	want := fromKey(rec, f, span)
	at := func(k int) float64 {
		return float64(want[k].Wall-want[0].Wall+timeline.Micros(v.Track.ReorderDelay)*100/9)/1e6 + 0.02
	}
	check := func(how string) {
		t.Helper()
		for _, k := range []int{len(want) / 2, 3, len(want) - 1, 0} {
			if got := webtest.Ask[int](tab, "await shownAt(%f)", at(k)); got != want[k].Number {
				t.Errorf("%s: Chromium shows %d at %.3f, want %d", how, got, at(k), want[k].Number)
			}
		}
	}
	if got := webtest.Ask[int](tab, "await load(%q)", "/play.mp4"+query(span)); got != want[0].Number {
		t.Errorf("Chromium shows %d first, want %d", got, want[0].Number)
	}
	check("file")
	mse := webtest.Ask[struct {
		End    float64
		Ranges [][2]float64
	}](tab, "await viaMSE(%q, %q)", "/play.mp4"+query(span), f.Type())
	if len(mse.Ranges) != 1 {
		t.Errorf("buffered in pieces: %v", mse.Ranges)
	}
	check("MSE")
}
