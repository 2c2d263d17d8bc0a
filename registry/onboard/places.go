package onboard

import (
	"cmp"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"qianshao/registry"
	"qianshao/registry/place"
)

// mostPlaces bounds a file of places, in bytes.
const mostPlaces = 64 << 20

// ReadPlaces reads the places of one kind from a file: landmarks and groups from CSV,
// outlines from GeoJSON (RFC 7946; Polygon and MultiPolygon). System is what
// coordinates are in that do not say so; outlines never do, so that it must be given
// for them.
//
// Landmarks have the columns name, lon, lat and, if wanted, ref, also (other names, with |
// between them), coord_system and village_code; groups name, divisions (codes with |
// between them) and, if wanted, ref and also. An error names the row.
func ReadPlaces(r io.Reader, kind registry.SiteKind, system place.System) ([]registry.SitePlace, error) {
	b, err := io.ReadAll(io.LimitReader(r, mostPlaces+1))
	if err != nil {
		return nil, err
	}
	if len(b) > mostPlaces {
		return nil, fmt.Errorf("the file is too large: at most %d MiB", mostPlaces>>20)
	}
	switch kind {
	case registry.Landmark, registry.Group:
		return readPlaceRows(strings.TrimPrefix(string(b), "\ufeff"), kind, cmp.Or(system, place.WGS84))
	case registry.Outline:
		if system == "" {
			return nil, errors.New("say which coordinate system the outlines are in: WGS84, GCJ02 or BD09")
		}
		return readOutlines(b, system)
	}
	return nil, fmt.Errorf("%q is no kind of place: use landmark, group or outline", kind)
}

var placeColumns = map[registry.SiteKind][]string{
	registry.Landmark: {"ref", "name", "also", "lon", "lat", "coord_system", "village_code"},
	registry.Group:    {"ref", "name", "also", "divisions"},
}

func readPlaceRows(text string, kind registry.SiteKind, system place.System) ([]registry.SitePlace, error) {
	c := csv.NewReader(strings.NewReader(text))
	c.TrimLeadingSpace = true
	head, err := c.Read()
	if err != nil {
		return nil, fmt.Errorf("no header: %w", err)
	}
	known := placeColumns[kind]
	for i, name := range head {
		head[i] = strings.ToLower(strings.TrimSpace(name))
		if !slices.Contains(known, head[i]) {
			return nil, fmt.Errorf("column %q is not known: use %s", name, strings.Join(known, ", "))
		}
	}
	if !slices.Contains(head, "name") {
		return nil, fmt.Errorf("there is no column name; the columns are %s", strings.Join(known, ", "))
	}
	var out []registry.SitePlace
	for row := 2; ; row++ {
		cells, err := c.Read()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		cell := map[string]string{}
		for i, v := range cells {
			cell[head[i]] = strings.TrimSpace(v)
		}
		p, err := placeOf(cell, kind, system)
		if err != nil {
			return nil, fmt.Errorf("row %d: %w", row, err)
		}
		p.Ref = cmp.Or(p.Ref, strconv.Itoa(row-1))
		out = append(out, p)
	}
}

func placeOf(cell map[string]string, kind registry.SiteKind, system place.System) (p registry.SitePlace, err error) {
	p = registry.SitePlace{Kind: kind, Ref: cell["ref"], Name: cell["name"], Also: parts(cell["also"]), Divisions: parts(cell["divisions"])}
	if code := cell["village_code"]; code != "" {
		p.Divisions = []string{code}
	}
	if kind != registry.Landmark {
		return p, nil
	}
	if text := cell["coord_system"]; text != "" {
		if system, err = place.ParseSystem(text); err != nil {
			return p, err
		}
	}
	given, _, ok := place.ParsePoint("WGS84:" + cell["lon"] + "," + cell["lat"])
	if !ok {
		return p, fmt.Errorf("lon %.20q and lat %.20q are no coordinates: write degrees like 104.8951 and 25.0920", cell["lon"], cell["lat"])
	}
	at := system.ToWGS84(given)
	p.At, p.System = &at, system
	if system != place.WGS84 {
		p.Raw = &given
	}
	return p, nil
}

// parts are the values of a cell with | between them.
func parts(cell string) []string {
	var out []string
	for _, v := range strings.Split(cell, "|") {
		if v = strings.TrimSpace(v); v != "" {
			out = append(out, v)
		}
	}
	return out
}

func readOutlines(b []byte, system place.System) ([]registry.SitePlace, error) {
	var file struct {
		Type     string
		Features []struct {
			ID         any
			Properties map[string]any
			Geometry   struct {
				Type        string
				Coordinates json.RawMessage
			}
		}
	}
	if err := json.Unmarshal(b, &file); err != nil {
		return nil, fmt.Errorf("not GeoJSON: %w", err)
	}
	if file.Type != "FeatureCollection" {
		return nil, fmt.Errorf("a FeatureCollection is wanted, and this is %.40q", file.Type)
	}
	var out []registry.SitePlace
	for i, f := range file.Features {
		code := textOf(f.Properties, "code", "adcode")
		if code == "" {
			code, _ = f.ID.(string)
		}
		p := registry.SitePlace{Kind: registry.Outline, Ref: code, Name: textOf(f.Properties, "name"), System: system}
		if _, ok := place.FindDivision(code); !ok {
			return nil, fmt.Errorf("feature %d: its property code, %.40q, is no division that is known", i+1, code)
		}
		var err error
		if p.Rings, err = rings(f.Geometry.Type, f.Geometry.Coordinates, system); err != nil {
			return nil, fmt.Errorf("feature %d, %s: %w", i+1, code, err)
		}
		p.Divisions = []string{code}
		out = append(out, p)
	}
	return out, nil
}

func textOf(properties map[string]any, names ...string) string {
	for _, name := range names {
		switch v := properties[name].(type) {
		case string:
			return v
		case float64:
			return strconv.FormatFloat(v, 'f', -1, 64)
		}
	}
	return ""
}

// rings are the rings of a polygon or of several, in WGS-84.
func rings(kind string, coordinates json.RawMessage, system place.System) ([][][2]float64, error) {
	var many [][][][]float64
	switch kind {
	case "Polygon":
		var one [][][]float64
		if err := json.Unmarshal(coordinates, &one); err != nil {
			return nil, err
		}
		many = append(many, one)
	case "MultiPolygon":
		if err := json.Unmarshal(coordinates, &many); err != nil {
			return nil, err
		}
	default:
		return nil, fmt.Errorf("a Polygon or MultiPolygon is wanted, and this is %.40q", kind)
	}
	var out [][][2]float64
	for _, polygon := range many {
		for _, ring := range polygon {
			if len(ring) < 4 {
				return nil, fmt.Errorf("a ring has 4 points at least, and this one %d", len(ring))
			}
			r := make([][2]float64, len(ring))
			for i, q := range ring {
				if len(q) < 2 || !(q[0] >= -180 && q[0] <= 180 && q[1] >= -90 && q[1] <= 90) {
					return nil, errors.New("a point is LON,LAT in degrees")
				}
				at := system.ToWGS84(place.Point{Lon: q[0], Lat: q[1]})
				r[i] = [2]float64{at.Lon, at.Lat}
			}
			out = append(out, r)
		}
	}
	if len(out) == 0 {
		return nil, errors.New("it has no ring")
	}
	return out, nil
}
