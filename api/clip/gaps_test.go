package clip_test

import (
	"net/http/httptest"
	"testing"

	"qianshao/storage/storagetest"
	"qianshao/storage/timeline"
)

// The header names the holes in which a picture is missing, and no others.
func TestGapsNamed(t *testing.T) {
	t.Parallel()
	a := storagetest.New(t)
	v := storagetest.NewVideo(t, storagetest.VideoSpec{})
	piece := []storagetest.Piece{{Video: v, Seconds: 5}}
	rec := a.Record(storagetest.Script{Runs: []storagetest.Run{{Pieces: piece}, {After: 3, Pieces: piece}}})
	h := routes(a, rec.Stream)
	first := rec.Frames[0].Wall
	hole := timeline.Span{From: first + 5*timeline.Second, To: first + 8*timeline.Second}
	for _, c := range []struct {
		name     string
		from, to timeline.Micros
		want     string
	}{
		{"within footage", first, first + 2*timeline.Second, ""},
		{"less than a picture before it", first - 249, first + 2*timeline.Second, ""},
		{"before it", first - timeline.Second, first + 2*timeline.Second, (first - timeline.Second).String() + "/" + first.String()},
		{"over the hole", first + timeline.Second, first + 10*timeline.Second, hole.From.String() + "/" + hole.To.String()},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "HEAD", "/clip.mp4"+query(timeline.Span{From: c.from, To: c.to}), nil))
			if got := w.Header().Get("X-Clip-Gaps"); w.Code != 200 || got != c.want {
				t.Errorf("HTTP %d, gaps %q, want %q", w.Code, got, c.want)
			}
		})
	}
}
