package main

import (
	"fmt"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"qianshao/registry"
)

// groundFacts are what the browser's tests know of a second, small site: it has base
// maps, and cameras without footage.
type groundFacts struct {
	URL string `json:"url"`
	// Token is for the map service alone.
	Token string    `json:"token"`
	Spot  []float64 `json:"spot"`
	// Cameras are three on the spot, and a fourth 60 m east of it.
	Cameras []theirs `json:"cameras"`
}

// groundSite starts a server with two base maps: a file, whose tiles have the colour
// (z, x, y), and a map service, whose tiles have (200, x, y), low bytes each.
func groundSite(t *testing.T) groundFacts {
	t.Helper()
	f := groundFacts{Token: "hunter2/ground"}
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		var x, y uint
		_, err := fmt.Sscan(q.Get("TILECOL")+" "+q.Get("TILEROW"), &x, &y)
		if err != nil || q.Get("REQUEST") != "GetTile" || q.Get("tk") != f.Token {
			http.Error(w, "no", http.StatusForbidden)
			return
		}
		tile := image.NewPaletted(image.Rect(0, 0, 256, 256), color.Palette{color.RGBA{200, uint8(x), uint8(y), 255}}) //nolint:gosec // the low byte is meant
		_ = png.Encode(w, tile)                                                                                        // the server may have left
	}))
	t.Cleanup(service.Close)
	file, err := filepath.Abs("../../api/tiles/testdata/map.pmtiles")
	if err != nil {
		t.Fatal(err)
	}
	settings := settingsFile(t, fmt.Sprintf("maps:\n  token: %q\n  sources:\n    - %q\n    - %q\n", f.Token,
		"base "+file+" 地形",
		"tdt "+service.URL+"/img_w/wmts?SERVICE=WMTS&REQUEST=GetTile&TILEMATRIX={z}&TILEROW={y}&TILECOL={x}&tk={token} 影像"))
	dir := t.TempDir()
	f.Spot, f.Cameras = poleCameras(t, dir)
	f.URL = start(t, "serve", "--config", settings, "--listen", "127.0.0.1:0", "--data", dir).url
	return f
}

// poleCameras enrols an hour ago three cameras on one pole of a village, and one
// beside it.
func poleCameras(t *testing.T, dir string) (spot []float64, out []theirs) {
	t.Helper()
	places, err := readVillages()
	if err != nil {
		t.Fatal(err)
	}
	v := &places[0]
	reg, err := registry.Open(t.Context(), registry.Config{Dir: dir, Now: func() time.Time { return time.Now().Add(-time.Hour) }})
	if err != nil {
		t.Fatal(err)
	}
	for i, east := range []float64{0, 0, 1e-6, 6e-4} {
		d := registry.Draft{
			Carrier: "telecom", DeviceID: fmt.Sprintf("pole-%d", i+1), Name: registry.Set(fmt.Sprintf("路口球机 %d", i+1)), URL: registry.Set(fmt.Sprintf("rtsp://127.0.0.1:9/%d", i)),
			Division: registry.Set(v.code), Lon: registry.Set(v.lon + east), Lat: registry.Set(v.lat), Azimuth: registry.Set(float64(120 * i)), FOV: registry.Set(90.0), Range: registry.Set(60.0),
		}
		got, err := reg.Upsert(t.Context(), []registry.Draft{d})
		if err != nil || got[0].Status != registry.Created {
			t.Fatalf("%+v, %v", got, err)
		}
		out = append(out, theirs{ID: string(got[0].Camera), Name: fmt.Sprintf("路口球机 %d", i+1)})
	}
	if err := reg.Close(); err != nil {
		t.Fatal(err)
	}
	return []float64{v.lon, v.lat}, out
}
