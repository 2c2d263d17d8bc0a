package registry

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"qianshao/registry/area"
	"qianshao/registry/place"
	"qianshao/storage/media"
	"qianshao/storage/sqldb"
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

// Cameras that were turned or moved are found where they stood and looked at the time, by
// whatever they are looked for.
func TestFindAsItWas(t *testing.T) {
	t.Parallel()
	const here, there, other = "522301003001", "522328100001", "522323201209"
	r := open(t, Config{Now: newClock().now})
	cam := func(dev string, lon, azimuth float64, division string, want Status) Camera {
		return put(t, r, Draft{DeviceID: dev, Name: Set(dev), Lon: Set(lon), Lat: Set(25.0), Azimuth: Set(azimuth), FOV: Set(80.0), Division: Set(division)}, want)
	}
	cam("turned", 104.899, 90, here, Created)
	cam("gone", 104.899, 90, here, Created)
	cam("came", 105.5, 10, there, Created)
	put(t, r, Draft{DeviceID: "bare", Name: Set("bare"), Division: Set(here)}, Created)
	late := put(t, r, Draft{DeviceID: "late", Name: Set("late")}, Created)
	then := timeline.Span{From: late.EnrolledAt, To: late.EnrolledAt + 1}
	cam("turned", 104.899, 270, here, Updated)
	cam("gone", 105.5, 20, there, Updated)
	cam("came", 104.8989, 100, here, Updated)
	put(t, r, Draft{DeviceID: "bare", Division: Set(other)}, Updated)
	cam("late", 104.8988, 80, here, Updated)
	if err := r.ReplaceSitePlaces(t.Context(), Group, []SitePlace{{Kind: Group, Ref: "g", Name: "片区", Divisions: []string{here, other}}}); err != nil {
		t.Fatal(err)
	}
	names := func(in Where, window timeline.Span) (out string) {
		t.Helper()
		found, more, err := r.Find(t.Context(), in, window, 0, nil)
		if err != nil || more > 0 {
			t.Fatal(more, err)
		}
		for _, f := range found {
			if out += f.DeviceID; !f.Valid.Empty() {
				out += fmt.Sprintf(" %v %v", f.At.Lon, *f.At.Azimuth)
			}
			out += strings.TrimRight(" "+string(f.View), " ") + "; "
			if today, _ := r.Get(t.Context(), f.ID); !today.Place.equal(f.Place) {
				t.Errorf("%s stands at %+v today, found: %+v", f.DeviceID, today.Place, f.Place)
			}
		}
		return out
	}
	circle := Where{Lon: 104.9, Lat: 25, RadiusM: 500}
	square := Where{Polygon: area.Polygon{{104.8985, 24.9995}, {104.9015, 24.9995}, {104.9015, 25.0005}, {104.8985, 25.0005}}}
	always := timeline.Span{From: 1, To: timeline.Forever}
	sight := func(list string) string { return strings.ReplaceAll(list, ";", " facing;") }
	for _, c := range []struct {
		name   string
		in     Where
		window timeline.Span
		want   string
	}{
		// "late" has no place then; who has no division then is found by today's.
		{"then, a division", Where{Divisions: []string{here}}, then, "bare; gone 104.899 90; late; turned 104.899 90; "},
		{"then, a group", Where{Group: "g"}, then, "bare; gone 104.899 90; late; turned 104.899 90; "},
		{"then, elsewhere", Where{Divisions: []string{"522328"}}, then, "came 105.5 10; "},
		{"now, a division", Where{Divisions: []string{here}}, timeline.Span{}, "came 104.8989 100; late 104.8988 80; turned 104.899 270; "},
		{"now, a group", Where{Group: "g"}, timeline.Span{}, "bare; came 104.8989 100; late 104.8988 80; turned 104.899 270; "},
		{"now, elsewhere", Where{Divisions: []string{"522328"}}, timeline.Span{}, "gone 105.5 20; "},
		// Both, each where it stood in that division; of one that was turned the last view.
		{"all along, a division", Where{Divisions: []string{here}}, always, "bare; came 104.8989 100; gone 104.899 90; late 104.8988 80; turned 104.899 270; "},
		{"all along, elsewhere", Where{Divisions: []string{there}}, always, "came 105.5 10; gone 105.5 20; "},
		{"all along, everywhere", Where{Divisions: []string{"5223"}}, always, "bare; came 104.8989 100; gone 105.5 20; late 104.8988 80; turned 104.899 270; "},
	} {
		if got := names(c.in, c.window); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
	sorted := func(in Where, window timeline.Span) string { // of two at one place either may be first
		return strings.Join(slices.Sorted(strings.SplitAfterSeq(names(in, window), "; ")), "")
	}
	for name, in := range map[string]Where{"circle": circle, "polygon": square} {
		if got, want := sorted(in, then), sight("gone 104.899 90; turned 104.899 90; "); got != want {
			t.Errorf("then, a %s: %s", name, got)
		}
		if got, want := sorted(in, timeline.Span{}), sight("came 104.8989 100; late 104.8988 80; ")+"turned 104.899 270 away; "; got != want {
			t.Errorf("now, a %s: %s", name, got)
		}
		// The better of its two views counts.
		if got, want := sorted(in, always), sight("came 104.8989 100; gone 104.899 90; late 104.8988 80; turned 104.899 90; "); got != want {
			t.Errorf("all along, a %s: %s", name, got)
		}
	}
}

// The divisions of a registry of before hold for its past, until they are changed.
func TestDivisionsOfBefore(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	before := fstest.MapFS{}
	err := fs.WalkDir(migrationFiles, "migrations", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || e.Name() >= "00006" {
			return err
		}
		text, err := fs.ReadFile(migrationFiles, path)
		before[e.Name()] = &fstest.MapFile{Data: text}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	db, err := sqldb.Open(t.Context(), filepath.Join(dir, dbName), before, sqldb.Options{})
	if err != nil {
		t.Fatal(err)
	}
	id := media.NewCameraID()
	_, err = db.W().ExecContext(t.Context(), `INSERT INTO cameras (id, carrier, device_id, name, lifecycle, enrolled_us, removed_us, retention_days, division)
		VALUES (?, 'local', 'gate', '', 'active', 5, 0, 0, '522301003001')`, string(id))
	_, err2 := db.W().ExecContext(t.Context(), `INSERT INTO streams (camera, n, url, username, transport, tls_sha256) VALUES (?, 0, '', '', 'tcp', '')`, string(id))
	if err := errors.Join(err, err2, db.Close()); err != nil {
		t.Fatal(err)
	}
	r := open(t, Config{Dir: dir})
	put(t, r, Draft{DeviceID: "gate", Division: Set("522328100001")}, Updated)
	for division, n := range map[string]int{"522301003001": 1, "522328100001": 0} {
		found, _, err := r.Find(t.Context(), Where{Divisions: []string{division}}, timeline.Span{From: 6, To: 7}, 0, nil)
		if err != nil || len(found) != n {
			t.Errorf("%s: %+v, %v", division, found, err)
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
