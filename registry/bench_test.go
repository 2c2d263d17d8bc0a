package registry

import (
	"fmt"
	"testing"

	"qianshao/storage/timeline"
)

// BenchmarkLookUp is what a clip request asks of the registry, among 10,000
// cameras.
func BenchmarkLookUp(b *testing.B) {
	r := open(b, Config{})
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

// Cameras around a point, of a prefecture's hundred thousand: villages of some eighty
// cameras within a kilometre.
func BenchmarkFind(b *testing.B) {
	const villages, all = 1300, 100_000
	at := func(v int) (lon, lat float64) {
		return 104.6 + 1.8*float64(v*7919%villages)/villages, 24.7 + 1.2*float64(v)/villages
	}
	r := open(b, Config{})
	for from := 0; from < all; from += 1000 {
		drafts := make([]Draft, 1000)
		for k := range drafts {
			i := from + k
			lon, lat := at(i % villages)
			drafts[k] = Draft{
				DeviceID: fmt.Sprintf("dev-%06d", i), URL: Set("rtsp://u:p@10.0.0.1/a"), Azimuth: Set(float64(i % 360)), FOV: Set(80.0), Range: Set(60.0),
				Lon: Set(lon + 0.01*(float64(i*31%1000)/1000-.5)), Lat: Set(lat + 0.01*(float64(i*17%1000)/1000-.5)),
			}
		}
		if _, err := r.Upsert(b.Context(), drafts); err != nil {
			b.Fatal(err)
		}
	}
	for _, c := range []struct {
		radius float64
		limit  int
	}{{500, 20}, {500, 50}, {3000, 20}} {
		b.Run(fmt.Sprintf("%gm/%d", c.radius, c.limit), func(b *testing.B) {
			b.ReportAllocs()
			v := 0
			for b.Loop() {
				v++
				lon, lat := at(v % villages)
				found, _, err := r.Find(b.Context(), Where{Lon: lon, Lat: lat, RadiusM: c.radius}, timeline.Span{}, c.limit, nil)
				if err != nil || len(found) == 0 {
					b.Fatalf("%d found, %v", len(found), err)
				}
			}
		})
	}
}
