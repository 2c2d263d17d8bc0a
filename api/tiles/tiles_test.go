package tiles

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// testdata/map.pmtiles has the tiles of zooms 0 to 6 as PNG, those of mapTile, without
// the ones whose column is 3; it was converted from MBTiles by another program
// (go-pmtiles 1.31.2 convert).

// mapTile is a PNG whose colour tells which tile it is.
func mapTile(t testing.TB, z, x, y int) []byte {
	t.Helper()
	if b, ok := mapTiles.Load([3]int{z, x, y}); ok {
		return b.([]byte)
	}
	m := image.NewPaletted(image.Rect(0, 0, 4, 4), color.Palette{color.RGBA{uint8(z), uint8(x), uint8(y), 255}})
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	mapTiles.Store([3]int{z, x, y}, b.Bytes())
	return b.Bytes()
}

var mapTiles sync.Map

// writeMBTiles makes the MBTiles file that map.pmtiles came from.
func writeMBTiles(t testing.TB, path string) {
	t.Helper()
	db, err := sql.Open("sqlite3", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1) // one transaction
	exec := func(text string, args ...any) {
		t.Helper()
		if _, err := db.ExecContext(t.Context(), text, args...); err != nil {
			t.Fatal(err)
		}
	}
	exec(`BEGIN`)
	exec(`CREATE TABLE metadata (name text, value text)`)
	exec(`CREATE TABLE tiles (zoom_level integer, tile_column integer, tile_row integer, tile_data blob)`)
	exec(`CREATE UNIQUE INDEX tile_index ON tiles (zoom_level, tile_column, tile_row)`)
	for name, value := range map[string]string{
		"name": "test", "format": "png", "minzoom": "0", "maxzoom": "6", "bounds": "104.5,24.6,106.6,26.2", "attribution": `<a href="https://example.test">made for a test</a>`,
	} {
		exec(`INSERT INTO metadata VALUES (?, ?)`, name, value)
	}
	for z := range 7 {
		for x := range 1 << z {
			for y := range 1 << z {
				if x != 3 {
					exec(`INSERT INTO tiles VALUES (?, ?, ?, ?)`, z, x, 1<<z-1-y, mapTile(t, z, x, y))
				}
			}
		}
	}
	exec(`COMMIT`)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestFiles(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("-short: the race detector makes two minutes of these five thousand rows, read one after the other")
	}
	path := filepath.Join(t.TempDir(), "map.mbtiles")
	writeMBTiles(t, path)
	if to := os.Getenv("QIANSHAO_WRITE_MBTILES"); to != "" { // to make testdata/map.pmtiles from
		writeMBTiles(t, to)
	}
	s, err := Open(t.Context(), Config{Sources: []string{"rows " + path + " 底图", "curve testdata/map.pmtiles"}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	for i, info := range s.List() {
		if info.Format != "png" || info.MinZoom != 0 || info.MaxZoom != 6 || info.Attribution != "made for a test" || info.Bounds[0] != 104.5 || info.Bounds[3] != 26.2 {
			t.Errorf("%+v", info)
		}
		if want := []string{"底图", "curve"}[i]; info.Title != want {
			t.Errorf("%q, want %q", info.Title, want)
		}
	}
	for _, name := range []string{"rows", "curve"} {
		for z := range 8 {
			for x := range 1 << z {
				for y := range 1 << z {
					got, err := s.Tile(t.Context(), name, z, x, y)
					if x == 3 || z == 7 {
						if !errors.Is(err, ErrNone) {
							t.Fatalf("%s %d/%d/%d: %v", name, z, x, y, err)
						}
						continue
					}
					if err != nil || got.Type != "image/png" || got.Encoding != "" || !bytes.Equal(got.Body, mapTile(t, z, x, y)) {
						t.Fatalf("%s %d/%d/%d: %v, %d bytes of %s", name, z, x, y, err, len(got.Body), got.Type)
					}
				}
			}
		}
		for _, bad := range [][3]int{{-1, 0, 0}, {0, 1, 0}, {2, 0, 4}, {2, -1, 0}, {40, 0, 0}} {
			if _, err := s.Tile(t.Context(), name, bad[0], bad[1], bad[2]); !errors.Is(err, ErrNone) {
				t.Errorf("%v: %v", bad, err)
			}
		}
	}
	if _, err := s.Tile(t.Context(), "other", 0, 0, 0); !errors.Is(err, ErrNone) {
		t.Error(err)
	}
}

// A map service is asked with the token, which neither errors nor answers tell; what it
// said before is shown while it is away.
func TestService(t *testing.T) {
	t.Parallel()
	const token = "a secret/token"
	var asked atomic.Int64
	var away atomic.Bool
	wmts := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		q := r.URL.Query()
		var z, x, y int
		_, err := fmt.Sscan(q.Get("TILEMATRIX")+" "+q.Get("TILECOL")+" "+q.Get("TILEROW"), &z, &x, &y)
		switch {
		case err != nil || q.Get("tk") != token || q.Get("REQUEST") != "GetTile":
			http.Error(w, "no", http.StatusForbidden)
		case away.Load():
			http.Error(w, "later", http.StatusServiceUnavailable)
		case x == 3:
			http.NotFound(w, r)
		case x == 2:
			_, _ = w.Write([]byte("<ServiceException>quota</ServiceException>"))
		default:
			_, _ = w.Write(mapTile(t, z, x, y))
		}
	}))
	defer wmts.Close()
	line := "tdt " + wmts.URL + "/vec_w/wmts?SERVICE=WMTS&REQUEST=GetTile&TILEMATRIX={z}&TILEROW={y}&TILECOL={x}&tk={token} 天地图 矢量"
	s, err := Open(t.Context(), Config{Sources: []string{line}, Token: token})
	if err != nil {
		t.Fatal(err)
	}
	if info := s.List()[0]; info.Title != "天地图 矢量" || strings.Contains(fmt.Sprint(info), "secret") {
		t.Errorf("%+v", info)
	}
	for range 3 {
		got, err := s.Tile(t.Context(), "tdt", 3, 5, 1)
		if err != nil || !bytes.Equal(got.Body, mapTile(t, 3, 5, 1)) {
			t.Fatal(err)
		}
	}
	if n := asked.Load(); n != 1 {
		t.Errorf("%d requests for one tile", n)
	}
	if _, err := s.Tile(t.Context(), "tdt", 3, 3, 1); !errors.Is(err, ErrNone) {
		t.Error(err)
	}
	if _, err := s.Tile(t.Context(), "tdt", 3, 2, 1); err == nil || !strings.Contains(err.Error(), "no picture") {
		t.Error(err)
	}
	away.Store(true)
	if _, err := s.Tile(t.Context(), "tdt", 3, 6, 1); err == nil || !strings.Contains(err.Error(), "503") {
		t.Error(err)
	}
	one := s.byName["tdt"].(*service)
	one.mu.Lock()
	one.kept["3/5/1"].Value.(*keptTile).at = one.kept["3/5/1"].Value.(*keptTile).at.Add(-2 * serviceKeeps)
	one.mu.Unlock()
	if _, err := s.Tile(t.Context(), "tdt", 3, 5, 1); err != nil {
		t.Errorf("away, and asked before: %v", err)
	}
	wmts.Close()
	_, err = s.Tile(t.Context(), "tdt", 3, 7, 1)
	if err == nil || strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "tk=") {
		t.Errorf("%v", err)
	}
}

func TestOpenBad(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	text := filepath.Join(dir, "x.pmtiles")
	if err := os.WriteFile(text, bytes.Repeat([]byte("no map "), 100), 0o600); err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(dir, "x.mbtiles")
	if err := os.WriteFile(other, []byte("no map"), 0o600); err != nil {
		t.Fatal(err)
	}
	for line, want := range map[string]string{
		"":                                   "NAME LOCATION",
		"base":                               "NAME LOCATION",
		"Base x.pmtiles":                     "NAME LOCATION",
		"base map.png":                       "neither a URL",
		"base " + dir + "/none.pmtiles":      "no such file",
		"base " + dir + "/none.mbtiles":      "no such file",
		"base " + text:                       "not PMTiles",
		"base " + other:                      "not MBTiles",
		"base https://h/{z}/{x}":             "needs {y}",
		"base https://h/{z}/{x}/{y}?{token}": "maps.token",
		"base https://u:p@h/{z}/{x}/{y}":     "cannot be read",
	} {
		if _, err := Open(t.Context(), Config{Sources: []string{line}}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", line, err, want)
		}
	}
	if _, err := Open(t.Context(), Config{Sources: []string{"a https://h/{z}/{x}/{y}", "a https://h/{z}/{x}/{y}"}}); err == nil {
		t.Error("one name twice: accepted")
	}
}

// smallPMTiles is a whole file: one tile at zoom 0 and a leaf directory for what
// follows, nothing packed.
func smallPMTiles() []byte {
	leaf := []byte{1, 1, 2, 3, 4}             // one entry: id 1, run 2, three bytes, at 3
	root := []byte{2, 0, 1, 1, 0, 3, 5, 1, 1} // ids 0 and 1, runs 1 and 0 (a leaf), lengths 3 and 5, offsets 0 and 0
	head := make([]byte, pmHeaderBytes)
	copy(head, "PMTiles\x03")
	at := uint64(pmHeaderBytes)
	for i, n := range []int{len(root), 2, len(leaf), 6} {
		binary.LittleEndian.PutUint64(head[8+16*i:], at)
		binary.LittleEndian.PutUint64(head[16+16*i:], uint64(n))
		at += uint64(n)
	}
	head[97], head[98], head[99], head[101] = 1, 1, 2, 2
	return slices.Concat(head, root, []byte("{}"), leaf, []byte("onetwo"))
}

func TestSmallPMTiles(t *testing.T) {
	t.Parallel()
	p := &pmtiles{file: bytes.NewReader(smallPMTiles())}
	if err := p.read(); err != nil {
		t.Fatal(err)
	}
	for at, want := range map[[3]int]string{{0, 0, 0}: "one", {1, 0, 0}: "two", {1, 0, 1}: "two", {1, 1, 1}: "", {2, 0, 0}: ""} {
		got, err := p.tile(t.Context(), at[0], at[1], at[2])
		if string(got.Body) != want || (err != nil) != (want == "") {
			t.Errorf("%v: %q, %v, want %q", at, got.Body, err, want)
		}
	}
}

// A file that is damaged, or made to harm, gives errors and nothing else.
func FuzzPMTiles(f *testing.F) {
	good := smallPMTiles()
	f.Add(good, uint8(1), uint16(0), uint16(1))
	f.Add(good, uint8(0), uint16(0), uint16(0))
	f.Add(good[:pmHeaderBytes+4], uint8(3), uint16(1), uint16(2))
	f.Fuzz(func(t *testing.T, b []byte, z uint8, x, y uint16) {
		p := &pmtiles{file: bytes.NewReader(b), done: func() error { return nil }}
		if p.read() != nil {
			return
		}
		s := Sources{byName: map[string]source{"m": p}}
		got, err := s.Tile(context.Background(), "m", int(z), int(x), int(y))
		if err == nil && len(got.Body) == 0 {
			t.Error("an empty tile")
		}
	})
}
