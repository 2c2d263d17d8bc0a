package registry

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"qianshao/registry/area"
	"qianshao/registry/place"
	"qianshao/storage/timeline"
)

// Who sees the point best stands first; a camera is judged by where it stood and
// looked at the time.
func TestFindByView(t *testing.T) {
	t.Parallel()
	r := open(t, Config{Now: newClock().now})
	cam := func(dev string, lon float64, azimuth Field[float64], want Status) Camera {
		return put(t, r, Draft{DeviceID: dev, Lon: Set(lon), Lat: Set(25.0), Azimuth: azimuth, FOV: Set(80.0), Division: Set("522301003001")}, want)
	}
	// All west of the point: east, 90 degrees, is towards it.
	first := cam("towards", 104.898, Set(100.0), Created) // 202 m
	cam("away", 104.8991, Set(270.0), Created)            // 91 m
	cam("beside", 104.8990, Set(0.0), Created)            // 101 m
	cam("unsure", 104.8989, Clear[float64](), Created)    // 111 m
	names := func(in Where, window timeline.Span) (out string) {
		t.Helper()
		found, _, err := r.Find(t.Context(), in, window, 0, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range found {
			out += f.DeviceID + " " + string(f.View) + "; "
			if in.Divisions == nil && in.Group == "" && math.Abs(f.Bearing-90) > 0.1 {
				t.Errorf("%s: bearing %v", f.DeviceID, f.Bearing)
			}
		}
		return out
	}
	here := Where{Lon: 104.9, Lat: 25, RadiusM: 500}
	if got, want := names(here, timeline.Span{}), "towards facing; unsure unknown; beside beside; away away; "; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	cam("towards", 104.898, Set(280.0), Updated)
	if got, want := names(here, timeline.Span{}), "unsure unknown; beside beside; away away; towards away; "; got != want {
		t.Errorf("turned: got %s, want %s", got, want)
	}
	then := timeline.Span{From: first.EnrolledAt, To: first.EnrolledAt + 1}
	if got, want := names(here, then), "towards facing; "; got != want {
		t.Errorf("then: got %s, want %s", got, want)
	}
	square := Where{Polygon: area.Polygon{{104.8985, 24.9995}, {104.9015, 24.9995}, {104.9015, 25.0005}, {104.8985, 25.0005}}}
	if got, want := names(square, timeline.Span{}), "unsure unknown; beside beside; away away; "; got != want {
		t.Errorf("polygon: got %s, want %s", got, want)
	}
	put(t, r, Draft{DeviceID: "elsewhere", Lon: Set(104.9), Lat: Set(25.0), Division: Set("522328100001")}, Created)
	sorted := func(in Where) string { // names are not given: the order is that of random ids
		return strings.Join(slices.Sorted(strings.SplitSeq(names(in, timeline.Span{}), "; ")), ";")
	}
	for _, code := range []string{"522301", "522301003000", "522301003001"} {
		if got, want := sorted(Where{Divisions: []string{code}}), ";away ;beside ;towards ;unsure "; got != want {
			t.Errorf("%s: %s", code, got)
		}
	}
	err := r.ReplaceSitePlaces(t.Context(), Group, []SitePlace{{Kind: Group, Ref: "both", Name: "两处", Divisions: []string{"522328", "522301003001"}}})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := sorted(Where{Group: "both"}), ";away ;beside ;elsewhere ;towards ;unsure "; got != want {
		t.Errorf("group: %s", got)
	}
	found, more, err := r.Find(t.Context(), Where{Lon: 104.9, Lat: 25, RadiusM: 500}, timeline.Span{}, 2, func(f *Found) bool { return f.DeviceID != "unsure" && f.Lifecycle == Active })
	if err != nil || len(found) != 2 || more != 2 || found[0].DeviceID != "elsewhere" || len(found[0].Streams) == 0 {
		t.Errorf("two of them: %+v, %d more, %v", found, more, err)
	}
	for _, bad := range []Where{{Lon: 200}, {Lon: 1, Lat: 1, RadiusM: -1}, {Divisions: []string{"52x"}}, {Group: "none"}, {Polygon: area.Polygon{{1, 1}}}, {Lon: math.NaN()}} {
		var fe *FieldError
		if _, _, err := r.Find(t.Context(), bad, timeline.Span{}, 0, nil); !errors.As(err, &fe) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}

func TestViewRound(t *testing.T) {
	t.Parallel()
	all, ten := 360.0, 10.0
	for _, c := range []struct {
		p    Place
		want View
	}{
		{Place{Lon: 104.899, Lat: 25, FOV: &all}, Facing},
		{Place{Lon: 104.899, Lat: 25, FOV: &all, Range: &ten}, Unsure}, // 101 m away
		{Place{Lon: 104.90001, Lat: 25, Azimuth: &ten}, Facing},        // below it
		{Place{Lon: 104.899, Lat: 25}, Unsure},
	} {
		if got, _ := c.p.View(104.9, 25); got != c.want {
			t.Errorf("%+v: %s, want %s", c.p, got, c.want)
		}
	}
}

// Positions in other systems are kept as they were given, and stand at their place in
// WGS-84; also when they come back from the acts.
func TestCoordinateSystems(t *testing.T) {
	t.Parallel()
	log := &actLog{}
	r := open(t, Config{Acts: log})
	draft := Draft{DeviceID: "gcj", Lon: Set(104.8954673), Lat: Set(25.09204), System: Set(place.GCJ02), Name: Set("路口"), CommonName: Set("老粮站"), Landmark: Set("供销社")}
	cam := put(t, r, draft, Created)
	check := func(what string, p *Place) {
		t.Helper()
		if p == nil || math.Abs(p.Lon-104.893014) > 1e-6 || math.Abs(p.Lat-25.095147) > 1e-6 || p.System != place.GCJ02 || p.Raw == nil || *p.Raw != (place.Point{Lon: 104.8954673, Lat: 25.09204}) {
			t.Errorf("%s: %+v", what, p)
		}
	}
	check("put", cam.Place)
	put(t, r, draft, Unchanged)
	// An azimuth alone does not move it.
	cam = put(t, r, Draft{DeviceID: "gcj", Azimuth: Set(10.0)}, Updated)
	check("turned", cam.Place)
	found, err := r.Near(t.Context(), 104.893014, 25.095147, 1, timeline.Span{})
	if err != nil || len(found) != 1 {
		t.Fatalf("%d, %v", len(found), err)
	}
	check("found", &found[0].At)

	replayed := open(t, Config{})
	if _, err := replayed.Replay(t.Context(), log.list); err != nil {
		t.Fatal(err)
	}
	got, err := replayed.Get(t.Context(), cam.ID)
	if err != nil || got.CommonName != "老粮站" || got.Landmark != "供销社" {
		t.Fatalf("%+v, %v", got, err)
	}
	check("replayed", got.Place)

	// The same pair in WGS-84 stands elsewhere.
	cam = put(t, r, Draft{DeviceID: "gcj", System: Set(place.WGS84)}, Updated)
	if p := cam.Place; p.Lon != 104.8954673 || p.System != "" || p.Raw != nil {
		t.Errorf("%+v", p)
	}
	out, err := r.Upsert(t.Context(), []Draft{{DeviceID: "gcj", System: Set(place.System("beijing54"))}})
	if err != nil || out[0].Field != "coord_system" {
		t.Errorf("%+v, %v", out, err)
	}
}

func TestSearchPlaces(t *testing.T) {
	t.Parallel()
	r := open(t, Config{})
	ask := func(query string, known func(*area.Spot) bool) string {
		t.Helper()
		list, err := r.SearchPlaces(t.Context(), query, 3, known)
		if err != nil {
			t.Fatal(err)
		}
		if len(list) == 0 {
			return ""
		}
		return string(list[0].Kind) + " " + list[0].Name
	}
	if got := ask("jushanjiedao", nil); got != "township 桔山街道" {
		t.Errorf("%q", got)
	}
	put(t, r, Draft{DeviceID: "XY-7", Name: Set("三合村路口"), Landmark: Set("供销社"), Lon: Set(104.9), Lat: Set(25.1)}, Created)
	for _, query := range []string{"三合村路口", "shclk", "gongxiaoshe", "xy-7"} { // at once
		if got := ask(query, nil); got != "camera 三合村路口" {
			t.Errorf("%q: %q", query, got)
		}
	}
	var asked area.Spot
	if got := ask("三合村路口", func(s *area.Spot) bool { asked = *s; return false }); got == "camera 三合村路口" || asked.Ref != "local:XY-7" || !asked.Placed || asked.Lon != 104.9 {
		t.Errorf("turned down: %q, %+v", got, asked)
	}
	if got := ask("25.1, 104.9", nil); got != "point WGS84 104.900000, 25.100000" {
		t.Errorf("%q", got)
	}
	err := r.ReplaceSitePlaces(t.Context(), Group, []SitePlace{{Kind: Group, Ref: "yilong", Name: "义龙新区", Divisions: []string{"522328", "522301003"}}})
	if err != nil {
		t.Fatal(err)
	}
	err = r.ReplaceSitePlaces(t.Context(), Landmark, []SitePlace{{Kind: Landmark, Ref: "1", Name: "牛马市场", At: &place.Point{Lon: 104.9, Lat: 25.1}, System: place.WGS84}})
	if err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string]string{"ylxq": "group 义龙新区", "nmsc": "landmark 牛马市场"} {
		if got := ask(query, nil); got != want {
			t.Errorf("%q: %q", query, got)
		}
	}
	for _, bad := range [][]SitePlace{
		{{Kind: Group, Ref: "x", Name: "无"}},
		{{Kind: Landmark, Ref: "x", Name: "无"}},
		{{Kind: Outline, Ref: "522301", Name: "无"}},
		{{Kind: Group, Ref: "x", Name: "甲", Divisions: []string{"999999"}}},
		{{Kind: Group, Ref: "", Name: "甲", Divisions: []string{"522301"}}},
		{{Kind: Group, Ref: "x", Name: "甲", Divisions: []string{"522301"}}, {Kind: Group, Ref: "x", Name: "乙", Divisions: []string{"522301"}}},
	} {
		var fe *FieldError
		if err := r.ReplaceSitePlaces(t.Context(), bad[0].Kind, bad); !errors.As(err, &fe) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	if got := ask("ylxq", nil); got != "group 义龙新区" {
		t.Errorf("after a bad list: %q", got)
	}
}
