package clip_test

import (
	"bytes"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/Eyevinn/mp4ff/mp4"

	"qianshao/api/clip"
	"qianshao/storage/media"
	"qianshao/storage/storagetest"
	"qianshao/storage/timeline"
)

// serve answers clip.mp4, play.mp4 and playlist.m3u8 of one stream.
func serve(t testing.TB, a *storagetest.Archive, stream media.StreamID) string {
	t.Helper()
	s := httptest.NewServer(routes(a, stream))
	t.Cleanup(s.Close)
	return s.URL
}

func routes(a *storagetest.Archive, stream media.StreamID) http.Handler {
	kinds := map[string]clip.Kind{"/clip.mp4": clip.Clip, "/play.mp4": clip.Play, "/playlist.m3u8": clip.Playlist}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		kind, ok := kinds[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		p, err := clip.ParseParams(kind, r.URL.Query())
		if err == nil {
			var f *clip.File
			if f, err = clip.Plan(r.Context(), a.Archive, stream, p); err == nil {
				err = f.Serve(w, r)
			}
		}
		if err != nil {
			http.Error(w, err.Error(), clip.Status(err))
		}
	})
}

func query(span timeline.Span, more ...string) string {
	return "?" + strings.Join(append([]string{"from=" + span.From.String(), "to=" + span.To.String()}, more...), "&")
}

// fromKey is what play.mp4 shows: the window, and before it the pictures from
// the key frame on.
func fromKey(rec *storagetest.Recorded, f *clip.File, span timeline.Span) []storagetest.Frame {
	return rec.In(timeline.Span{From: f.Info.From - f.Info.LeadIn - 1000, To: span.To})
}

func TestPlay(t *testing.T) {
	t.Parallel()
	for _, ft := range footages {
		t.Run(ft.name, func(t *testing.T) {
			t.Parallel()
			a := storagetest.New(t)
			rec := a.Record(ft.script(t))
			url := serve(t, a, rec.Stream)
			rnd := rand.New(rand.NewPCG(8, uint64(len(ft.name))))
			for i, span := range windowsOf(rec, 3, rnd) {
				if testing.Short() && i%8 != 0 {
					continue
				}
				p := clip.Params{Kind: clip.Play, Span: span, Audio: clip.Playable}
				f, err := clip.Plan(t.Context(), a.Archive, rec.Stream, p)
				if err != nil {
					if len(rec.In(span)) > 0 {
						t.Fatal(err)
					}
					continue
				}
				want := fromKey(rec, f, span)
				path := save(t, f)
				got := decode(t, path, true)
				at := got[0].at
				for k := range got {
					got[k].at -= at
				}
				check(t, trimmed(got, want), want, want[0].Wall)
				fragments(t, path)
				sounds(t, path, ft.noisy)
				if i == 2 && ft.codec != media.MJPEG {
					// ffmpeg's HLS reader wants every part to begin at 0, so only the pictures are compared.
					got := decode(t, url+"/playlist.m3u8"+query(span), true)
					if len(trimmed(got, want)) < len(want) {
						t.Errorf("%d frames by HLS, want %d", len(got), len(want))
					}
					for k := range want {
						if got[k].hash != want[k].Video.Hashes[want[k].Number] {
							t.Fatalf("frame %d by HLS is another", k)
						}
					}
				}
				if t.Failed() {
					t.Fatalf("window %d: %s to %s", i, span.From, span.To)
				}
			}
		})
	}
}

// sounds checks that the audio decodes in silence.
func sounds(t *testing.T, path string, noisy bool) {
	t.Helper()
	ffmpeg(t, !noisy, "ffmpeg", "-i", path, "-map", "0:a?", "-c:v", "copy", "-map", "0:v", "-f", "null", "-")
}

// fragments checks the boxes: one sidx whose references meet the moofs, each of
// at least half a second but at the end of a run.
func fragments(t *testing.T, path string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	f, err := mp4.DecodeFile(bytes.NewReader(b))
	if err != nil {
		t.Errorf("mp4ff: %v", err)
		return
	}
	if len(f.Sidxs) != 1 || !f.IsFragmented() || f.Init.Moov.Mvex.Mehd == nil {
		t.Errorf("%d sidx boxes, want one, in a fragmented file with mehd", len(f.Sidxs))
		return
	}
	starts := map[uint64]int64{} // of each moof: its first picture's decode time
	for _, s := range f.Segments {
		for _, g := range s.Fragments {
			starts[g.Moof.StartPos] = int64(g.Moof.Trafs[0].Tfdt.BaseMediaDecodeTime())
			if g.Moof.Trafs[0].Tfhd.TrackID != 1 {
				t.Error("a moof without pictures in front")
			}
		}
	}
	at, when := f.Sidxs[0].AnchorPoint, int64(0)
	for i, r := range f.Sidxs[0].SidxRefs {
		dts, ok := starts[at]
		if !ok || dts != when {
			t.Errorf("reference %d points to %d at %d, there is %v at %d", i, at, when, ok, dts)
			return
		}
		at += uint64(r.ReferencedSize)
		when += int64(r.SubSegmentDuration)
	}
	if at != uint64(len(b)) {
		t.Errorf("references end at %d of %d", at, len(b))
	}
}

// trimmed leaves out the pictures behind the window that others needed.
func trimmed(got []decoded, want []storagetest.Frame) []decoded {
	end := want[len(want)-1].Wall - want[0].Wall + 1000
	for len(got) > 0 && got[len(got)-1].at > end {
		got = got[:len(got)-1]
	}
	return got
}
