package onboard

import (
	"math"
	"os"
	"strings"
	"testing"

	"qianshao/registry"
	"qianshao/registry/place"
)

func TestReadPlaces(t *testing.T) {
	t.Parallel()
	list, err := ReadPlaces(strings.NewReader("\ufeffname, lon,lat,coord_system,also,village_code\n牛马市场,104.8954673,25.09204,GCJ-02,牛市|大市场,522301003000\n三岔口,104.9,25.1,,,\n"), registry.Landmark, "")
	if err != nil || len(list) != 2 {
		t.Fatalf("%d, %v", len(list), err)
	}
	p := list[0]
	if p.Name != "牛马市场" || p.Ref != "1" || len(p.Also) != 2 || p.Also[1] != "大市场" || p.Divisions[0] != "522301003000" || p.System != place.GCJ02 ||
		math.Abs(p.At.Lon-104.893014) > 1e-6 || p.Raw == nil || p.Raw.Lon != 104.8954673 {
		t.Errorf("%+v", p)
	}
	if list[1].Raw != nil || list[1].At.Lat != 25.1 {
		t.Errorf("%+v", list[1])
	}
	list, err = ReadPlaces(strings.NewReader("ref,name,divisions\nyilong,义龙新区,522328 | 522301003\n"), registry.Group, "")
	if err != nil || len(list) != 1 || list[0].Ref != "yilong" || len(list[0].Divisions) != 2 {
		t.Errorf("%+v, %v", list, err)
	}
	const square = `{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"code":"522301","name":"兴义市"},
		"geometry":{"type":"Polygon","coordinates":[[[104.8,25],[104.9,25],[104.9,25.1],[104.8,25]]]}}]}`
	list, err = ReadPlaces(strings.NewReader(square), registry.Outline, place.GCJ02)
	if err != nil || len(list) != 1 || len(list[0].Rings) != 1 || len(list[0].Rings[0]) != 4 || list[0].Rings[0][0][0] == 104.8 {
		t.Errorf("%+v, %v", list, err)
	}
	for what, c := range map[string]struct {
		text string
		kind registry.SiteKind
		want string
	}{
		"no system":      {square, registry.Outline, "coordinate system"},
		"wrong column":   {"name,longitude\n", registry.Landmark, "longitude"},
		"no name":        {"lon,lat\n", registry.Landmark, "column name"},
		"no numbers":     {"name,lon,lat\n甲,x,25\n", registry.Landmark, "row 2"},
		"unknown system": {"name,lon,lat,coord_system\n甲,104,25,bj54\n", registry.Landmark, "row 2"},
		"ragged":         {"name,lon,lat\n甲,104\n", registry.Landmark, "fields"},
		"empty":          {"", registry.Group, "header"},
		"other kind":     {"", "lake", "landmark, group or outline"},
	} {
		if _, err := ReadPlaces(strings.NewReader(c.text), c.kind, ""); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", what, err)
		}
	}
	for _, bad := range []string{
		"{", `{"type":"Feature"}`, `{"type":"FeatureCollection","features":[{"properties":{"code":"999999"}}]}`,
		strings.Replace(square, "Polygon", "Point", 1), strings.Replace(square, "[104.8,25],[104.9,25],", "", 1), strings.Replace(square, "104.9,25.1", "104.9", 1),
	} {
		if _, err := ReadPlaces(strings.NewReader(bad), registry.Outline, place.WGS84); err == nil {
			t.Errorf("%.60s: accepted", bad)
		}
	}
}

func FuzzReadPlaces(f *testing.F) {
	f.Add("name,lon,lat\n甲,104,25\n", uint8(0))
	f.Add("name,divisions\n甲,522301\n", uint8(1))
	f.Add(`{"type":"FeatureCollection","features":[{"properties":{"code":"522301"},"geometry":{"type":"MultiPolygon","coordinates":[[[[1,2],[3,4],[5,6],[1,2]]]]}}]}`, uint8(2))
	f.Fuzz(func(t *testing.T, text string, kind uint8) {
		k := []registry.SiteKind{registry.Landmark, registry.Group, registry.Outline}[kind%3]
		list, err := ReadPlaces(strings.NewReader(text), k, place.BD09)
		if err == nil {
			for _, p := range list {
				if p.Kind != k || k == registry.Landmark && p.At == nil {
					t.Errorf("%+v", p)
				}
			}
		}
	})
}

// The example of groups names divisions that there are.
func TestExampleOfGroups(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("../../configs/groups.csv")
	if err != nil {
		t.Fatal(err)
	}
	list, err := ReadPlaces(strings.NewReader(string(b)), registry.Group, "")
	if err != nil || len(list) != 1 || list[0].Name != "义龙新区" {
		t.Fatalf("%+v, %v", list, err)
	}
	var names []string
	for _, code := range list[0].Divisions {
		d, ok := place.FindDivision(code)
		if !ok || d.Kind != place.Township {
			t.Errorf("%s: %+v", code, d)
		}
		names = append(names, d.Name)
	}
	if got, want := strings.Join(names, " "), "顶效街道 郑屯镇 万屯镇 鲁屯镇 雨樟镇 龙广镇 德卧镇 木咱镇 新桥镇"; got != want {
		t.Errorf("it is of %s, want %s", got, want)
	}
}
