package api_test

import (
	"net/http"
	"net/url"
	"testing"

	"qianshao/registry"
	"qianshao/registry/place"
	"qianshao/storage/timeline"
)

func TestPlaces(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	_, err := s.reg.Upsert(t.Context(), []registry.Draft{{
		Carrier: "unicom", DeviceID: "XY-1", Name: registry.Set("三合村路口"), CommonName: registry.Set("老粮站"), Division: registry.Set("522301003001"),
		Lon: registry.Set(104.8954673), Lat: registry.Set(25.09204), System: registry.Set(place.GCJ02), Azimuth: registry.Set(90.0),
	}})
	if err != nil {
		t.Fatal(err)
	}
	type found struct {
		Items []struct {
			Kind, Ref, Name string
			Also, Path      []string
			Lon, Lat        *float64
		}
	}
	ask := func(query string) (got found) {
		t.Helper()
		s.json("/api/v1/places?q="+url.QueryEscape(query), &got)
		return got
	}
	if got := ask("laoliangzhan"); len(got.Items) != 1 || got.Items[0].Kind != "camera" || got.Items[0].Also[0] != "unicom:XY-1" || got.Items[0].Also[1] != "老粮站" ||
		len(got.Items[0].Path) < 2 || got.Items[0].Path[0] != "兴义市" || *got.Items[0].Lon > 104.894 {
		t.Errorf("%+v", got)
	}
	if got := ask("juShan"); len(got.Items) == 0 || got.Items[0].Name != "桔山街道" || got.Items[0].Ref != "522301003000" || got.Items[0].Lon != nil {
		t.Errorf("%+v", got)
	}
	if got := ask("104.895, 25.092"); len(got.Items) != 3 || got.Items[0].Kind != "point" || *got.Items[0].Lat != 25.092 || *got.Items[1].Lat == 25.092 {
		t.Errorf("%+v", got)
	}
	if got := ask("哪里都不是"); got.Items == nil || len(got.Items) != 0 {
		t.Errorf("%+v", got)
	}
	s.problem("/api/v1/places", http.StatusBadRequest, "bad_parameter")

	var list struct {
		Items []struct {
			DeviceID string  `json:"carrier_device_id"`
			System   string  `json:"coord_system"`
			RawLon   float64 `json:"raw_lon"`
			Distance float64 `json:"distance_m"`
			View     string
		}
		More int
	}
	for _, where := range []string{"near=104.894,25.095147&radius_m=200", "division=522301003000", "polygon=104.89,25.09%20104.9,25.09%20104.9,25.1%20104.89,25.1"} {
		s.json("/api/v1/cameras?"+where, &list)
		if len(list.Items) != 1 || list.Items[0].DeviceID != "XY-1" || list.Items[0].System != "GCJ02" || list.Items[0].RawLon != 104.8954673 {
			t.Errorf("%s: %+v", where, list)
		}
	}
	// In a division the list has pages, and the other filters hold.
	for in, want := range map[string]int{"in=522301003": 1, "in=522301003001&q=XY": 1, "in=522301003001&q=nobody": 0, "in=522301003001&state=streaming": 0, "in=522328": 0} {
		if s.json("/api/v1/cameras?"+in, &list); len(list.Items) != want {
			t.Errorf("%s: %+v", in, list)
		}
	}
	for _, bad := range []string{"in=x", "in=522301&near=104.894,25.095147"} {
		s.problem("/api/v1/cameras?"+bad, http.StatusBadRequest, "bad_parameter")
	}
	s.json("/api/v1/cameras?near=104.894,25.095147", &list)
	if x := list.Items[0]; x.View != "facing" || x.Distance < 90 || x.Distance > 110 {
		t.Errorf("%+v", x)
	}
	window := span(begin, begin+20*timeline.Second)
	for _, bad := range []string{"", "near=1,2&division=522301", "polygon=1,2", "division=x", "polygon=1,2%203,4"} {
		s.problem("/api/v1/footage?"+bad+"&"+window, http.StatusBadRequest, "bad_parameter")
		if bad != "" {
			s.problem("/api/v1/cameras?"+bad, http.StatusBadRequest, "bad_parameter")
		}
	}
}
