package clip_test

import (
	"fmt"
	"net/http/httptest"
	"testing"

	"qianshao/storage/storagetest"
	"qianshao/storage/timeline"
)

// BenchmarkHead plans a clip. What it takes in memory hardly grows with the
// window: the feet of segments pass by one at a time.
func BenchmarkHead(b *testing.B) {
	a := storagetest.New(b)
	v := storagetest.NewVideo(b, storagetest.VideoSpec{})
	rec := a.Record(storagetest.Script{Segment: 60, Runs: []storagetest.Run{{Pieces: []storagetest.Piece{{Video: v, Seconds: 30 * 60}}}}, Stored: true})
	h := routes(a, rec.Stream)
	for _, minutes := range []int{1, 10, 30} {
		b.Run(fmt.Sprint(minutes, "m"), func(b *testing.B) {
			first := rec.Frames[0].Wall
			path := "/clip.mp4" + query(timeline.Span{From: first, To: first + timeline.Micros(minutes)*timeline.Minute})
			b.ReportAllocs()
			for b.Loop() {
				w := httptest.NewRecorder()
				h.ServeHTTP(w, httptest.NewRequestWithContext(b.Context(), "HEAD", path, nil))
				if w.Code != 200 || w.Header().Get("Content-Length") == "" {
					b.Fatal(w.Code, w.Body)
				}
			}
		})
	}
}
