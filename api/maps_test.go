package api_test

import (
	"net/http"
	"testing"

	"qianshao/api"
	"qianshao/api/tiles"
)

func TestMaps(t *testing.T) {
	t.Parallel()
	maps, err := tiles.Open(t.Context(), tiles.Config{Sources: []string{
		"base tiles/testdata/map.pmtiles 底图", "away http://127.0.0.1:1/{z}/{x}/{y}?tk={token}",
	}, Token: "hunter2"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := maps.Close(); err != nil {
			t.Error(err)
		}
	})
	s := newSite(t, func(cfg *api.Config) { cfg.Maps = maps })
	var list struct {
		Items []struct {
			Name, Title, Format string
			MaxZoom             int `json:"max_zoom"`
		}
	}
	s.json("/api/v1/maps", &list)
	if len(list.Items) != 2 || list.Items[0].Title != "底图" || list.Items[0].MaxZoom != 6 || list.Items[1].Name != "away" {
		t.Errorf("%+v", list)
	}
	answer, b := s.get("/tiles/base/6/50/27")
	if answer.StatusCode != http.StatusOK || answer.Header.Get("Content-Type") != "image/png" || len(b) == 0 || answer.Header.Get("Cache-Control") == "" {
		t.Errorf("%s %v", answer.Status, answer.Header)
	}
	for path, code := range map[string]string{
		"/tiles/base/7/0/0": "no_tile", "/tiles/base/6/3/0": "no_tile", "/tiles/none/1/0/0": "no_tile", "/tiles/base/1/2/0": "no_tile",
	} {
		s.problem(path, http.StatusNotFound, code)
	}
	s.problem("/tiles/base/a/0/0", http.StatusBadRequest, "bad_parameter")
	s.problem("/tiles/away/1/0/0", http.StatusBadGateway, "map_away")

	none := newSite(t, nil)
	none.json("/api/v1/maps", &list)
	if list.Items == nil || len(list.Items) != 0 {
		t.Errorf("%+v", list)
	}
	none.problem("/tiles/base/1/0/0", http.StatusNotFound, "no_tile")
}
