// Package tiles gives the map's background from where a site has it: a PMTiles or
// MBTiles file, or a map service (WMTS, XYZ) that is asked on the browser's behalf,
// so that no request of a page leaves this server and a service's token never
// leaves it either. Tiles are those of web maps: EPSG:3857, 256 pixels, z/x/y from the north-west.
package tiles

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
)

// ErrNone is returned for a tile that the source does not have.
var ErrNone = errors.New("the map has no such tile")

// maxTile bounds a tile, in bytes.
const maxTile = 4 << 20

// maxZoom is the deepest zoom there is.
const maxZoom = 24

// Tile is one tile as it is answered.
type Tile struct {
	Body     []byte
	Type     string // image/png, image/jpeg, image/webp, application/x-protobuf
	Encoding string // gzip, or empty
}

// Info says what a source has.
type Info struct {
	Name        string     `json:"name" doc:"as in /tiles/{source}" example:"base"`
	Title       string     `json:"title" doc:"as it is shown" example:"天地图"`
	Format      string     `json:"format" enum:"png,jpeg,webp,mvt" doc:"mvt: vector tiles"`
	MinZoom     int        `json:"min_zoom"`
	MaxZoom     int        `json:"max_zoom"`
	Bounds      [4]float64 `json:"bounds" doc:"west, south, east, north in WGS-84 degrees" example:"[104.5,24.6,106.6,26.2]"`
	Attribution string     `json:"attribution,omitempty" doc:"who made it, to be shown"`
}

// source is where tiles come from.
type source interface {
	io.Closer
	info() Info
	tile(ctx context.Context, z, x, y int) (Tile, error)
}

// Sources are a site's maps; nil has none. Any number of goroutines may use
// them.
type Sources struct {
	list   []source
	byName map[string]source
}

// Config names a site's maps.
type Config struct {
	// Sources are lines NAME LOCATION [TITLE]: the location is a file (.pmtiles,
	// .mbtiles) or a URL with {z}, {x}, {y} and, where it needs one, {token}.
	Sources []string
	Token   string // takes the place of {token}
	Client  *http.Client
}

var nameForm = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,31}$`)

// Open opens all sources. The error names the line that is wrong, without the token.
func Open(ctx context.Context, cfg Config) (_ *Sources, err error) {
	s := &Sources{byName: map[string]source{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	for _, line := range cfg.Sources {
		name, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		location, title, _ := strings.Cut(strings.TrimSpace(rest), " ")
		if !nameForm.MatchString(name) || location == "" {
			return nil, fmt.Errorf("map %q: write NAME LOCATION [TITLE], the name of a-z 0-9 _ -", line)
		}
		if s.byName[name] != nil {
			return nil, fmt.Errorf("map %s: the name is there twice", name)
		}
		one, err := open(ctx, name, location, strings.TrimSpace(title), &cfg)
		if err != nil {
			return nil, fmt.Errorf("map %s: %w", name, err)
		}
		s.list, s.byName[name] = append(s.list, one), one
	}
	return s, nil
}

func open(ctx context.Context, name, location, title string, cfg *Config) (source, error) {
	if title == "" {
		title = name
	}
	switch {
	case strings.HasPrefix(location, "https://"), strings.HasPrefix(location, "http://"):
		return openService(name, title, location, cfg)
	case strings.EqualFold(filepath.Ext(location), ".pmtiles"):
		return openPMTiles(name, title, location)
	case strings.EqualFold(filepath.Ext(location), ".mbtiles"):
		return openMBTiles(ctx, name, title, location)
	}
	return nil, fmt.Errorf("%q is neither a URL nor a .pmtiles or .mbtiles file", location)
}

// List says what there is, in the order of the settings.
func (s *Sources) List() []Info {
	out := []Info{}
	if s == nil {
		return out
	}
	for _, one := range s.list {
		out = append(out, one.info())
	}
	return out
}

// Tile returns a tile; the error wraps ErrNone where there is none.
func (s *Sources) Tile(ctx context.Context, name string, z, x, y int) (Tile, error) {
	var one source
	if s != nil {
		one = s.byName[name]
	}
	if one == nil {
		return Tile{}, fmt.Errorf("map %.40q: %w", name, ErrNone)
	}
	if z < 0 || z > maxZoom || x < 0 || y < 0 || x >= 1<<z || y >= 1<<z {
		return Tile{}, ErrNone
	}
	if i := one.info(); z < i.MinZoom || z > i.MaxZoom {
		return Tile{}, ErrNone
	}
	t, err := one.tile(ctx, z, x, y)
	if err != nil && !errors.Is(err, ErrNone) {
		return t, fmt.Errorf("map %s: %w", name, err)
	}
	return t, err
}

// Close closes the files.
func (s *Sources) Close() error {
	var all error
	for _, one := range s.list {
		all = errors.Join(all, one.Close())
	}
	return all
}

// formatOf is what a tile's first bytes say it is.
func formatOf(b []byte) string {
	switch t := http.DetectContentType(b); t {
	case "image/png", "image/jpeg", "image/webp":
		return strings.TrimPrefix(t, "image/")
	}
	return "mvt"
}

func typeOf(format string) string {
	if format == "mvt" {
		return "application/x-protobuf"
	}
	return "image/" + format
}

// gzipped reports whether bytes are gzip's.
func gzipped(b []byte) bool { return len(b) > 2 && b[0] == 0x1f && b[1] == 0x8b }

// answer is a tile with what its bytes say.
func answer(format string, b []byte) (Tile, error) {
	if len(b) == 0 {
		return Tile{}, ErrNone
	}
	t := Tile{Body: b, Type: typeOf(format)}
	if gzipped(b) {
		t.Encoding = "gzip"
	}
	return t, nil
}
