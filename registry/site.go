package registry

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"qianshao/registry/label"
	"qianshao/registry/place"
)

// SiteKind is what sort of place a site brought along.
type SiteKind string

// A landmark is a point; a group several divisions under a name without a code; an
// outline the border of a division, for the map.
const (
	Landmark SiteKind = "landmark"
	Group    SiteKind = "group"
	Outline  SiteKind = "outline"
)

// SitePlace is a place that the site brought along.
type SitePlace struct {
	Kind SiteKind
	// Ref is the site's own id of it; of an outline the code of its division.
	Ref  string
	Name string
	Also []string // other names
	// At is where it is, WGS-84; Raw the pair as it was given, in System.
	At, Raw *place.Point
	System  place.System
	// Divisions are a group's parts, or where a landmark lies.
	Divisions []string
	Rings     [][][2]float64 // of an outline: LON, LAT, WGS-84
}

// SitePlaces lists what the site brought along, by kind and id.
func (r *Registry) SitePlaces(ctx context.Context) ([]SitePlace, error) {
	rows, err := r.db.R().QueryContext(ctx, `SELECT kind, ref, name, also, lon, lat, coord_system, raw_lon, raw_lat, divisions, rings FROM site_places ORDER BY kind, ref`)
	if err != nil {
		return nil, fmt.Errorf("list places: %w", r.db.Explain(err))
	}
	defer func() { _ = rows.Close() }()
	var out []SitePlace
	for rows.Next() {
		var p SitePlace
		var also, divisions, rings string
		var lon, lat, rawLon, rawLat *float64
		if err := rows.Scan(&p.Kind, &p.Ref, &p.Name, &also, &lon, &lat, &p.System, &rawLon, &rawLat, &divisions, &rings); err != nil {
			return nil, fmt.Errorf("list places: %w", err)
		}
		for text, to := range map[string]any{also: &p.Also, divisions: &p.Divisions, rings: &p.Rings} {
			if err := json.Unmarshal([]byte(text), to); err != nil {
				return nil, fmt.Errorf("list places: %s %s: %w", p.Kind, p.Ref, err)
			}
		}
		p.At, p.Raw = pointOf(lon, lat), pointOf(rawLon, rawLat)
		out = append(out, p)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list places: %w", r.db.Explain(err))
	}
	return out, nil
}

func pointOf(lon, lat *float64) *place.Point {
	if lon == nil || lat == nil {
		return nil
	}
	return &place.Point{Lon: *lon, Lat: *lat}
}

// maxSitePlaces bounds the places of one kind.
const maxSitePlaces = 50_000

// ReplaceSitePlaces puts a list in the place of all the site's places of its kind.
// The error is a *FieldError for what cannot be; nothing has changed then.
func (r *Registry) ReplaceSitePlaces(ctx context.Context, kind SiteKind, list []SitePlace) error {
	if len(list) > maxSitePlaces {
		return &FieldError{"ref", CodeBadText, fmt.Sprintf("%d places are too many: at most %d of a kind", len(list), maxSitePlaces)}
	}
	seen := map[string]bool{}
	for i := range list {
		if err := list[i].check(); err != nil {
			return err
		}
		if list[i].Kind != kind || seen[list[i].Ref] {
			return &FieldError{"ref", CodeBadText, fmt.Sprintf("%.40q is there twice", list[i].Ref)}
		}
		seen[list[i].Ref] = true
	}
	err := r.write(ctx, func(tx *sql.Tx) (bool, error) {
		if _, err := tx.ExecContext(ctx, `DELETE FROM site_places WHERE kind = ?`, string(kind)); err != nil {
			return false, err
		}
		for i := range list {
			if err := putSitePlace(ctx, tx, &list[i]); err != nil {
				return false, err
			}
		}
		return true, nil
	})
	if err != nil {
		return fmt.Errorf("enter places: %w", err)
	}
	return nil
}

func putSitePlace(ctx context.Context, tx *sql.Tx, p *SitePlace) error {
	texts := make([]string, 3)
	for i, v := range []any{p.Also, p.Divisions, p.Rings} {
		b, err := json.Marshal(v)
		if err != nil {
			return err
		}
		texts[i] = string(b)
	}
	lon, lat := pairOf(p.At)
	rawLon, rawLat := pairOf(p.Raw)
	_, err := tx.ExecContext(ctx, `INSERT INTO site_places (kind, ref, name, also, lon, lat, coord_system, raw_lon, raw_lat, divisions, rings)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, string(p.Kind), p.Ref, p.Name, texts[0], lon, lat, string(p.System), rawLon, rawLat, texts[1], texts[2])
	return err
}

func pairOf(p *place.Point) (lon, lat *float64) {
	if p == nil {
		return nil, nil
	}
	return &p.Lon, &p.Lat
}

func (p *SitePlace) check() error {
	bad := func(field, format string, args ...any) error {
		return &FieldError{field, CodeBadText, fmt.Sprintf(format, args...)}
	}
	if p.Ref == "" || label.Check(p.Ref, label.Name) != nil {
		return bad("ref", "%.40q is no id: use at most 128 characters on one line", p.Ref)
	}
	for _, name := range append([]string{p.Name}, p.Also...) {
		if name == "" || label.Check(name, label.Name) != nil {
			return bad("name", "%.40q: %s", name, badName)
		}
	}
	for _, d := range p.Divisions {
		if _, ok := place.FindDivision(d); !ok {
			return bad("divisions", "%.20q is no division that is known", d)
		}
	}
	switch p.Kind {
	case Landmark:
		if p.At == nil {
			return bad("lon", "a landmark needs lon and lat")
		}
	case Group:
		if len(p.Divisions) == 0 {
			return bad("divisions", "a group needs its parts")
		}
	case Outline:
		if len(p.Rings) == 0 {
			return bad("geometry", "an outline needs a polygon")
		}
	}
	return nil
}
