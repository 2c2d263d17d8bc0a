package area_test

import (
	"errors"
	"math"
	"testing"

	"qianshao/registry/area"
	"qianshao/storage/media"
)

const someone = media.CameraID("c_abcdefgh234567ab")

func TestHolds(t *testing.T) {
	t.Parallel()
	square := area.Polygon{{104.8, 25.0}, {104.9, 25.0}, {104.9, 25.1}, {104.8, 25.1}, {104.8, 25.0}}
	hollow := area.Polygon{{0, 0}, {4, 0}, {4, 4}, {2, 1}, {0, 4}} // open, and bent inwards
	village := area.Spot{Division: "522301103205"}
	at := func(lon, lat float64) area.Spot { return area.Spot{Lon: lon, Lat: lat, Placed: true} }
	for _, tt := range []struct {
		name string
		area area.Area
		spot area.Spot
		want bool
	}{
		{"nothing", area.Area{}, village, false},
		{"its prefecture", area.Area{Divisions: []string{"522300000000"}}, village, true},
		{"its county", area.Area{Divisions: []string{"522301"}}, village, true},
		{"its county, filled up", area.Area{Divisions: []string{"522301000000"}}, village, true},
		{"its township", area.Area{Divisions: []string{"522301103"}}, village, true},
		{"its village", area.Area{Divisions: []string{"522301103205"}}, village, true},
		{"another village", area.Area{Divisions: []string{"522301103206"}}, village, false},
		{"another county", area.Area{Divisions: []string{"522302"}}, village, false},
		{"a camera without a division", area.Area{Divisions: []string{"522301"}}, at(104.85, 25.05), false},
		{"one of several", area.Area{Divisions: []string{"522302", "522301103"}}, village, true},
		{"in the circle", area.Area{Circles: []area.Circle{{104.9, 25.1, 1000}}}, at(104.909, 25.1), true},
		{"outside of it", area.Area{Circles: []area.Circle{{104.9, 25.1, 1000}}}, at(104.911, 25.1), false},
		{"a camera without a place", area.Area{Circles: []area.Circle{{0, 0, 50_000}}}, village, false},
		{"in the square", area.Area{Polygons: []area.Polygon{square}}, at(104.85, 25.05), true},
		{"beside it", area.Area{Polygons: []area.Polygon{square}}, at(104.91, 25.05), false},
		{"above it", area.Area{Polygons: []area.Polygon{square}}, at(104.85, 25.11), false},
		{"in the bend", area.Area{Polygons: []area.Polygon{hollow}}, at(2, 2), false},
		{"below the bend", area.Area{Polygons: []area.Polygon{hollow}}, at(2, 0.5), true},
		{"by name", area.Area{Cameras: []string{string(someone)}}, area.Spot{Camera: someone}, true},
		{"as carrier:device", area.Area{Cameras: []string{"unicom:XY-1"}}, area.Spot{Camera: someone, Ref: "unicom:XY-1"}, true},
		{"another device", area.Area{Cameras: []string{"unicom:XY-1"}}, area.Spot{Camera: someone, Ref: "unicom:XY-11"}, false},
		{"another by name", area.Area{Cameras: []string{string(someone)}}, village, false},
	} {
		if got := tt.area.Holds(&tt.spot); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	good := area.Area{
		Divisions: []string{"522301", "522301103", "522301103205"}, Circles: []area.Circle{{104.9, 25.1, 500}},
		Polygons: []area.Polygon{{{104, 25}, {105, 25}, {105, 26}}}, Cameras: []string{string(someone), "unicom:XY-1"},
	}
	if err := good.Check(); err != nil {
		t.Error(err)
	}
	for name, bad := range map[string]area.Area{
		"a code of five":     {Divisions: []string{"52230"}},
		"a name":             {Divisions: []string{"兴义市"}},
		"no radius":          {Circles: []area.Circle{{104.9, 25.1, 0}}},
		"all the world":      {Circles: []area.Circle{{104.9, 25.1, 1e7}}},
		"swapped":            {Circles: []area.Circle{{25.1, 104.9, 500}}},
		"no number":          {Circles: []area.Circle{{math.NaN(), 25, 500}}},
		"a line":             {Polygons: []area.Polygon{{{104, 25}, {105, 25}}}},
		"off the earth":      {Polygons: []area.Polygon{{{104, 25}, {105, 25}, {105, math.Inf(1)}}}},
		"too many points":    {Polygons: []area.Polygon{make(area.Polygon, 1001)}},
		"no camera's id":     {Cameras: []string{"GATE"}},
		"too many divisions": {Divisions: make([]string, 201)},
	} {
		if err := bad.Check(); !errors.Is(err, area.ErrBad) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if !(&area.Area{}).Empty() || good.Empty() {
		t.Error("Empty")
	}
}

func TestDistance(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ lon1, lat1, lon2, lat2, want float64 }{
		{0, 0, 0, 0, 0}, {0, 0, 0, 1, 111195}, {179.5, 0, -179.5, 0, 111195}, {0, 90, 123, 90, 0}, {0, 0, 180, 0, math.Pi * area.EarthRadius},
	} {
		if got := area.Distance(c.lon1, c.lat1, c.lon2, c.lat2); math.Abs(got-c.want) > 1 {
			t.Errorf("%v: %f", c, got)
		}
	}
}

func FuzzParsePolygon(f *testing.F) {
	f.Add("104,25 105,25 105,26")
	f.Add("104,25 105,25 105")
	f.Add("NaN,25 105,25 105,1e999")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := area.ParsePolygon(text)
		if err != nil {
			if !errors.Is(err, area.ErrBad) {
				t.Errorf("%q: %v", text, err)
			}
			return
		}
		a := area.Area{Polygons: []area.Polygon{p}}
		if err := a.Check(); err != nil {
			t.Errorf("%q: %v", text, err)
		}
		a.Holds(&area.Spot{Lon: 104.9, Lat: 25.2, Placed: true})
	})
}
