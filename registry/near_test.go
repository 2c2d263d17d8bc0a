package registry

import (
	"context"
	"fmt"
	"math"
	"testing"

	"pgregory.net/rapid"

	"qianshao/registry/area"
	"qianshao/storage/timeline"
)

func TestNearInOrderAndInTime(t *testing.T) {
	t.Parallel()
	r := open(t, Config{Now: newClock().now})
	at := func(dev string, lon, lat float64, want Status) Camera {
		return put(t, r, Draft{DeviceID: dev, Lon: Set(lon), Lat: Set(lat)}, want)
	}
	far := at("far", 104.904, 25.0, Created)   // about 403 m
	near := at("near", 104.901, 25.0, Created) // about 101 m
	at("out", 104.91, 25.0, Created)
	put(t, r, Draft{DeviceID: "nowhere"}, Created)
	names := func(window timeline.Span) (out string) {
		found, err := r.Near(t.Context(), 104.9, 25.0, 500, window)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range found {
			out += fmt.Sprintf("%s %.0f; ", f.DeviceID, f.DistanceM)
			if f.Lifecycle == "" || len(f.Streams) == 0 {
				t.Errorf("incomplete: %+v", f)
			}
		}
		return out
	}
	if got := names(timeline.Span{}); got != "near 101; far 403; " {
		t.Errorf("got %s", got)
	}
	moved := at("near", 104.95, 25.0, Updated)
	if err := r.Remove(t.Context(), far.ID, ""); err != nil {
		t.Fatal(err)
	}
	if got := names(timeline.Span{}); got != "" {
		t.Errorf("now: %s", got)
	}
	// The past is judged by where the camera then was.
	then := timeline.Span{From: near.EnrolledAt, To: timeline.Forever}
	if got := names(then); got != "near 101; far 403; " {
		t.Errorf("then: %s", got)
	}
	if got := names(timeline.Span{From: 1, To: 2}); got != "" {
		t.Errorf("before: %s", got)
	}
	found, err := r.Near(t.Context(), 104.9, 25, 500, then)
	if err != nil || found[0].At.Lon != 104.901 || found[0].Place.Lon != moved.Place.Lon || found[0].Valid.From > near.EnrolledAt {
		t.Errorf("%+v, %v", found, err)
	}
	for _, bad := range [][3]float64{{181, 0, 1}, {0, 91, 1}, {math.NaN(), 0, 1}, {0, 0, -1}, {0, 0, math.NaN()}} {
		if _, err := r.Near(t.Context(), bad[0], bad[1], bad[2], timeline.Span{}); err == nil {
			t.Errorf("%v passed", bad)
		}
	}
}

// The box must hold every point of the circle, at poles and date line too.
func TestBoxHoldsTheCircle(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		lon := rapid.Float64Range(-180, 180).Draw(t, "lon")
		lat := rapid.Float64Range(-90, 90).Draw(t, "lat")
		radius := math.Pow(10, rapid.Float64Range(0, 7.4).Draw(t, "log radius"))
		// A point at a bearing and a distance within the radius.
		d := rapid.Float64Range(0, 1).Draw(t, "part") * math.Min(radius, math.Pi*area.EarthRadius) / area.EarthRadius
		b := rapid.Float64Range(0, 2*math.Pi).Draw(t, "bearing")
		la, lo := lat*math.Pi/180, lon*math.Pi/180
		pLat := math.Asin(math.Max(-1, math.Min(1, math.Sin(la)*math.Cos(d)+math.Cos(la)*math.Sin(d)*math.Cos(b))))
		pLon := lo + math.Atan2(math.Sin(b)*math.Sin(d)*math.Cos(la), math.Cos(d)-math.Sin(la)*math.Sin(pLat))
		x, y := math.Remainder(pLon*180/math.Pi, 360), pLat*180/math.Pi
		box := boxAround(lon, lat, radius)
		ok := box.south <= y && y <= box.north
		if !box.allLon {
			ok = ok && (box.west <= x && x <= box.east || box.west > box.east && (x >= box.west || x <= box.east))
		}
		if !ok && area.Distance(lon, lat, x, y) <= radius {
			t.Fatalf("%v,%v at %v m lies outside %+v", x, y, area.Distance(lon, lat, x, y), box)
		}
	})
}

func TestNearAcrossTheDateLine(t *testing.T) {
	t.Parallel()
	r := open(t, Config{})
	put(t, r, Draft{DeviceID: "east", Lon: Set(-179.999), Lat: Set(10.0)}, Created)
	put(t, r, Draft{DeviceID: "west", Lon: Set(179.999), Lat: Set(10.0)}, Created)
	put(t, r, Draft{DeviceID: "pole", Lon: Set(-90.0), Lat: Set(89.9999)}, Created)
	for _, c := range []struct {
		lon, lat float64
		n        int
	}{{180, 10, 2}, {-180, 10, 2}, {179.9995, 10, 2}, {0, 10, 0}, {90, 90, 1}, {90, 89.9999, 1}} {
		found, err := r.Near(t.Context(), c.lon, c.lat, 1000, timeline.Span{})
		if err != nil || len(found) != c.n {
			t.Errorf("%v: %d found, %v", c, len(found), err)
		}
	}
}

// Near finds what stood within radiusM metres of a point, all of it.
func (r *Registry) Near(ctx context.Context, lon, lat, radiusM float64, window timeline.Span) ([]Found, error) {
	found, _, err := r.Find(ctx, Where{Lon: lon, Lat: lat, RadiusM: radiusM}, window, 0, nil)
	return found, err
}
