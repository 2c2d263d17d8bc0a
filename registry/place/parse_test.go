package place_test

import (
	"math"
	"testing"

	"qianshao/registry/place"
)

func TestParsePoint(t *testing.T) {
	t.Parallel()
	want := place.Point{Lon: 104.895, Lat: 25.092}
	for _, text := range []string{
		"104.895,25.092", " 104.895 , 25.092 ", "104.895 25.092", "25.092,104.895", "104.895，25.092", "104.895°, 25.092°", "N25.092 E104.895",
		"25.092N, 104.895E", "东经104.895 北纬25.092", "104°53'42\" 25°5'31.2\"", "104°53′42″E,25°05′31.2″N", "104度53分42秒、25度5分31.2秒",
		"wgs84:104.895,25.092", "CGCS2000 104.895,25.092", "104:53:42, 25:05:31.2",
	} {
		p, s, ok := place.ParsePoint(text)
		if !ok || s != place.WGS84 || math.Abs(p.Lon-want.Lon) > 1e-9 || math.Abs(p.Lat-want.Lat) > 1e-9 {
			t.Errorf("%q: %v %s %v", text, p, s, ok)
		}
	}
	if p, s, ok := place.ParsePoint("GCJ-02：104.9，25.1"); !ok || s != place.GCJ02 || p.Lon != 104.9 {
		t.Errorf("with its system: %v %s %v", p, s, ok)
	}
	if p, _, ok := place.ParsePoint("-70.5,-33.4"); !ok || p.Lon != -70.5 || p.Lat != -33.4 {
		t.Errorf("southern: %v %v", p, ok)
	}
	for _, text := range []string{"", "104.895", "104.895,", "桔山", "104.895,25.092,3", "200,100", "104°75' 25°", "N25 N26", "1e3,2", "NaN,1", "104.895 25.092 x"} {
		if p, s, ok := place.ParsePoint(text); ok {
			t.Errorf("%q: taken for %v %s", text, p, s)
		}
	}
}

func FuzzParsePoint(f *testing.F) {
	for _, text := range []string{"104.895,25.092", "gcj02: 25 104", "N25°5'1\" E104°", "：，", "wgs84"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, s, ok := place.ParsePoint(text)
		if !ok {
			return
		}
		if !(math.Abs(p.Lon) <= 180 && math.Abs(p.Lat) <= 90) || s == "" {
			t.Errorf("%q: %v %q", text, p, s)
		}
	})
}

func TestDivisions(t *testing.T) {
	t.Parallel()
	n := map[place.Kind]int{}
	for _, d := range place.Divisions() {
		n[d.Kind]++
		if len(d.Code) != 12 || d.Name == "" {
			t.Errorf("%+v", d)
		}
	}
	if n[place.County] != 8 || n[place.Township] != 140 || n[place.Village] != 1294 || n[place.Prefecture] != 1 || len(n) != 4 {
		t.Errorf("%v", n)
	}
	d, ok := place.FindDivision("522301003")
	if !ok || d.Name != "桔山街道" || d.Kind != place.Township {
		t.Errorf("%+v %v", d, ok)
	}
	if got := place.Path("522301001001"); len(got) != 3 || got[0] != "兴义市" || got[1] != "黄草街道" || got[2] != "街心社区" {
		t.Errorf("%q", got)
	}
	if got := place.Path("522301000000"); len(got) != 1 || got[0] != "兴义市" {
		t.Errorf("%q", got)
	}
	for code, want := range map[string]string{"522301001001": "兴义市黄草街道街心社区", "522301": "兴义市", "522300000000": "黔西南布依族苗族自治州", "522399": "", "522301999": ""} {
		if got := place.FullName(code); got != want {
			t.Errorf("%s is %q, not %q", code, got, want)
		}
	}
	if _, ok := place.FindDivision("522399"); ok {
		t.Error("found what is not there")
	}
}
