package registry

import (
	"fmt"
	"testing"

	"qianshao/storage/timeline"
)

// BenchmarkLookUp is what a clip request asks of the registry, among 10,000
// cameras.
func BenchmarkLookUp(b *testing.B) {
	r, err := Open(b.Context(), Config{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := r.Close(); err != nil {
			b.Error(err)
		}
	})
	drafts := make([]Draft, 10_000)
	for i := range drafts {
		drafts[i] = Draft{
			DeviceID: fmt.Sprintf("dev-%05d", i), URL: Set("rtsp://u:p@10.0.0.1/a"),
			Lon: Set(104 + float64(i%100)/100), Lat: Set(25 + float64(i/100)/100),
		}
	}
	if _, err := r.Upsert(b.Context(), drafts); err != nil {
		b.Fatal(err)
	}
	b.Run("Resolve", func(b *testing.B) {
		for b.Loop() {
			if _, err := r.Resolve(b.Context(), "dev-07777"); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Near500m", func(b *testing.B) {
		for b.Loop() {
			if found, err := r.Near(b.Context(), 104.5, 25.5, 500, timeline.Span{}); err != nil || len(found) != 1 {
				b.Fatal(len(found), err)
			}
		}
	})
	b.Run("Near5km", func(b *testing.B) {
		for b.Loop() {
			if found, err := r.Near(b.Context(), 104.5, 25.5, 5000, timeline.Span{}); err != nil || len(found) < 50 {
				b.Fatal(len(found), err)
			}
		}
	})
	b.Run("ListPage", func(b *testing.B) {
		for b.Loop() {
			if _, err := r.List(b.Context(), Query{Limit: 100, After: "local:dev-05000"}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("SetState", func(b *testing.B) {
		s := State{Stream: "c_aaaaaaaaaaaaaaaa.0", Phase: Streaming}
		b.ReportAllocs()
		for b.Loop() {
			r.SetState(s)
		}
	})
}
