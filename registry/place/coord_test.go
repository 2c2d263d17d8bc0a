package place_test

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"pgregory.net/rapid"

	"qianshao/registry/place"
)

// Vectors computed with another program (testdata/coord_vectors.json says which).
func TestCoordinates(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("testdata/coord_vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Vectors []struct {
			Name               string
			WGS84, GCJ02, BD09 [2]float64
		}
	}
	if err := json.Unmarshal(b, &file); err != nil || len(file.Vectors) < 16 {
		t.Fatalf("%d vectors, %v", len(file.Vectors), err)
	}
	for _, v := range file.Vectors {
		wgs := place.Point{Lon: v.WGS84[0], Lat: v.WGS84[1]}
		for system, want := range map[place.System][2]float64{place.WGS84: v.WGS84, place.GCJ02: v.GCJ02, place.BD09: v.BD09} {
			p := place.Point{Lon: want[0], Lat: want[1]}
			near(t, v.Name+" to "+string(system), system.FromWGS84(wgs), p, 1e-6)
			near(t, v.Name+" from "+string(system), system.ToWGS84(p), wgs, 1e-6)
		}
	}
}

func near(t interface {
	Helper()
	Errorf(string, ...any)
}, what string, got, want place.Point, limit float64,
) {
	t.Helper()
	if !(math.Abs(got.Lon-want.Lon) <= limit && math.Abs(got.Lat-want.Lat) <= limit) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

// There and back again, anywhere in the country; nothing moves outside it.
func TestCoordinatesBackAgain(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := place.Point{Lon: rapid.Float64Range(74, 135).Draw(t, "lon"), Lat: rapid.Float64Range(3, 53).Draw(t, "lat")}
		for _, s := range []place.System{place.WGS84, place.GCJ02, place.BD09} {
			near(t, string(s), s.ToWGS84(s.FromWGS84(p)), p, 1e-8)
		}
	})
	abroad := place.Point{Lon: 13.4, Lat: 52.5}
	near(t, "abroad", place.GCJ02.FromWGS84(abroad), abroad, 0)
}

func TestParseSystem(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]place.System{"wgs-84": place.WGS84, "CGCS2000": place.WGS84, "EPSG:4326": place.WGS84, " gcj_02": place.GCJ02, "BD-09": place.BD09, "高德": place.GCJ02, "百度": place.BD09, "国家2000": place.WGS84} {
		if got, err := place.ParseSystem(text); got != want || err != nil {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
	if _, err := place.ParseSystem("beijing54"); err == nil {
		t.Error("beijing54: accepted")
	}
}
