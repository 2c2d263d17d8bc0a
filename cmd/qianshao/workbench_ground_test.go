package main

import (
	"bytes"
	"database/sql"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
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

// oneColour is a map tile.
func oneColour(red, green, blue int) image.Image {
	return image.NewPaletted(image.Rect(0, 0, 256, 256), color.Palette{color.RGBA{uint8(red), uint8(green), uint8(blue), 255}}) //nolint:gosec // the low byte is meant
}

// mbtiles makes an MBTiles file of the tiles that a spot is on, up to zoom 8.
func mbtiles(t *testing.T, spot []float64) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "map.mbtiles")
	db, err := sql.Open("sqlite3", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	exec := func(text string, args ...any) {
		t.Helper()
		if _, err := db.ExecContext(t.Context(), text, args...); err != nil {
			t.Fatal(err)
		}
	}
	exec(`CREATE TABLE metadata (name text, value text)`)
	exec(`CREATE TABLE tiles (zoom_level integer, tile_column integer, tile_row integer, tile_data blob)`)
	exec(`INSERT INTO metadata VALUES ('name', 'spot'), ('format', 'png'), ('minzoom', '0'), ('maxzoom', '8'), ('attribution', 'rows of a database')`)
	for z := range 9 {
		side := math.Exp2(float64(z))
		lat := spot[1] * math.Pi / 180
		x, y := int((spot[0]+180)/360*side), int((1-math.Asinh(math.Tan(lat))/math.Pi)/2*side)
		var b bytes.Buffer
		if err := png.Encode(&b, oneColour(250, x, y)); err != nil {
			t.Fatal(err)
		}
		exec(`INSERT INTO tiles VALUES (?, ?, ?, ?)`, z, x, 1<<z-1-y, b.Bytes()) // rows count from the south
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// groundSite starts a server with three base maps: a PMTiles file, whose tiles have the
// colour (z, x, y), a map service, whose tiles have (200, x, y), and an MBTiles file,
// whose tiles have (250, x, y), low bytes each.
func groundSite(t *testing.T) groundFacts {
	t.Helper()
	f := groundFacts{Token: "hunter2/ground"}
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		var x, y int
		_, err := fmt.Sscan(q.Get("TILECOL")+" "+q.Get("TILEROW"), &x, &y)
		if err != nil || q.Get("REQUEST") != "GetTile" || q.Get("tk") != f.Token {
			http.Error(w, "no", http.StatusForbidden)
			return
		}
		_ = png.Encode(w, oneColour(200, x, y)) // the server may have left
	}))
	t.Cleanup(service.Close)
	file, err := filepath.Abs("../../api/tiles/testdata/map.pmtiles")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	f.Spot, f.Cameras = poleCameras(t, dir)
	settings := settingsFile(t, fmt.Sprintf("maps:\n  token: %q\n  sources:\n    - %q\n    - %q\n    - %q\n", f.Token,
		"base "+file+" 地形",
		"tdt "+service.URL+"/img_w/wmts?SERVICE=WMTS&REQUEST=GetTile&TILEMATRIX={z}&TILEROW={y}&TILECOL={x}&tk={token} 影像", "rows "+mbtiles(t, f.Spot)+" 底图"))
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
	var drafts []registry.Draft
	for i, east := range []float64{0, 0, 1e-6, 6e-4} {
		drafts = append(drafts, registry.Draft{
			Carrier: "telecom", DeviceID: fmt.Sprintf("pole-%d", i+1), Name: registry.Set(fmt.Sprintf("路口球机 %d", i+1)), URL: registry.Set(fmt.Sprintf("rtsp://127.0.0.1:9/%d", i)),
			Division: registry.Set(v.code), Lon: registry.Set(v.lon + east), Lat: registry.Set(v.lat), Azimuth: registry.Set(float64(120 * i)), FOV: registry.Set(90.0), Range: registry.Set(60.0),
		})
	}
	return []float64{v.lon, v.lat}, enrol(t, dir, time.Now().Add(-time.Hour), drafts)
}
