package place_test

import (
	"fmt"
	"testing"

	"qianshao/registry/place"
)

func gazetteer() *place.Gazetteer {
	list := append(place.DivisionEntries(),
		place.Entry{Kind: place.Group, Ref: "yilong", Name: "义龙新区", Also: []string{"义龙"}},
		place.Entry{Kind: place.Landmark, Ref: "m1", Name: "桔山牛马市场", Also: []string{"牛市"}, Division: "522301003000"},
		place.Entry{Kind: place.Camera, Ref: "c_bvuk2lbmxks5vpkx", Name: "三合村路口", Also: []string{"unicom:XY-0031", "老粮站", "East Gate"}, Division: "522301003000"},
		place.Entry{Kind: place.Camera, Ref: "c_bvuk2lbmxks5vpky", Name: "三合村路口2号", Also: []string{"unicom:XY-0032"}, Division: "522328100000"},
		place.Entry{Kind: place.Camera, Ref: "c_bvuk2lbmxks5vpkz", Name: "重庆街 Gate 7"},
	)
	return place.NewGazetteer(list)
}

func TestSearch(t *testing.T) {
	t.Parallel()
	g := gazetteer()
	for query, want := range map[string][]string{ // the first hits
		"兴义":           {"兴义市"},
		"xingyi":       {"兴义市"},
		"XINGYI shi":   {"兴义市"},
		"xys":          {"兴义市"},
		"桔山":           {"桔山街道"},
		"jushan":       {"桔山街道"},
		"jsjd":         {"桔山街道"},
		"桔山街道":         {"桔山街道"},
		"522301003":    {"桔山街道"},
		"522328":       {"安龙县"},
		"义龙":           {"义龙新区"},
		"ylxq":         {"义龙新区"},
		"牛市":           {"桔山牛马市场"},
		"niushi":       {"桔山牛马市场"},
		"nmsc":         {"桔山牛马市场"}, // from the middle, at a syllable
		"三合村路口":        {"三合村路口", "三合村路口2号"},
		"兴义 三合":        nil,
		"桔山 三合村":       {"三合村路口"},
		"jushan shlk":  nil,
		"安龙 三合村路口":     {"三合村路口2号"},
		"xy-0031":      {"三合村路口"},
		"ＸＹ－００３１":      {"三合村路口"},
		"老粮站":          {"三合村路口"},
		"laoliangzhan": {"三合村路口"},

		"chongqingjie": {"重庆街 Gate 7"},
		"zhongqingjie": {"重庆街 Gate 7"}, // a wrong reading that people type, too
		"qingjie":      {"重庆街 Gate 7"},
		"east gate":    {"三合村路口"},
		"gate 7":       {"重庆街 Gate 7"},
		"没有这个地方":       nil,
	} {
		hits := g.Search(query, 5, nil)
		if want == nil {
			if query == "没有这个地方" && len(hits) > 0 {
				t.Errorf("%q: %v", query, hits[0].Entry)
			}
			continue
		}
		for i, name := range want {
			if i >= len(hits) || hits[i].Entry.Name != name {
				t.Errorf("%q: hit %d is not %s; %s", query, i, name, names(hits))
				break
			}
		}
	}
	if hits := g.Search("三合村路口", 5, func(e *place.Entry) bool { return e.Kind != place.Camera }); len(hits) != 0 {
		t.Errorf("turned down, and found: %s", names(hits))
	}
	for _, query := range []string{"", "  ", "，", "\x00", "ushan", "hongqing"} {
		if hits := g.Search(query, 5, nil); len(hits) != 0 {
			t.Errorf("%q: %s", query, names(hits))
		}
	}
}

func names(hits []place.Hit) (out []string) {
	for _, h := range hits {
		out = append(out, fmt.Sprintf("%s(%d)", h.Entry.Name, h.Score))
	}
	return out
}

func FuzzSearch(f *testing.F) {
	for _, text := range []string{"兴义 三合", "xys", "５２２", "\xff", "gate-7"} {
		f.Add(text)
	}
	g := gazetteer()
	f.Fuzz(func(t *testing.T, query string) {
		hits := g.Search(query, 3, nil)
		if len(hits) > 3 {
			t.Errorf("%q: %d hits", query, len(hits))
		}
		for i, h := range hits {
			if h.Score <= 0 || i > 0 && h.Score > hits[i-1].Score {
				t.Errorf("%q: %s", query, names(hits))
			}
		}
	})
}

// A hundred thousand cameras, named as villages name them.
func many() *place.Gazetteer {
	list := place.DivisionEntries()
	var villages []place.Division
	for _, d := range place.Divisions() {
		if d.Kind == place.Village {
			villages = append(villages, d)
		}
	}
	what := []string{"村口", "路口", "桥头", "小卖部", "三岔路口", "院坝", "养牛场", "水井边"}
	for i := range 100_000 {
		d := villages[i%len(villages)]
		list = append(list, place.Entry{
			Kind: place.Camera, Ref: fmt.Sprintf("c_%016d", i), Name: fmt.Sprintf("%s%s%d号", d.Short(), what[i%len(what)], i/len(villages)+1),
			Also: []string{fmt.Sprintf("unicom:DEV%06d", i)}, Division: d.Code,
		})
	}
	return place.NewGazetteer(list)
}

func BenchmarkSearch(b *testing.B) {
	g := many()
	for _, query := range []string{"兴义", "xys", "jushan", "村口", "l", "兴义 路口", "dev077123", "三岔路口7号"} {
		b.Run(query, func(b *testing.B) {
			hits := 0
			for b.Loop() {
				hits += len(g.Search(query, 20, nil))
			}
			if hits == 0 {
				b.Error("nothing found")
			}
		})
	}
}

func BenchmarkNewGazetteer(b *testing.B) {
	for b.Loop() {
		many()
	}
}
