package registry

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"qianshao/registry/area"
	"qianshao/storage/timeline"
)

// Found is a camera near a point.
type Found struct {
	Camera
	// At is the place the distance is measured to, and Valid the time the
	// camera stood there: for a past window not always Camera.Place.
	At        Place
	Valid     timeline.Span
	DistanceM float64
}

// Near returns the cameras that stood within radiusM metres of a point (WGS-84
// degrees) at some time in the window, nearest first, once each, with the
// nearest of the places they had in it. Cameras that were not enrolled during
// the window are left out; an empty window means now.
func (r *Registry) Near(ctx context.Context, lon, lat, radiusM float64, window timeline.Span) ([]Found, error) {
	if !(math.Abs(lon) <= 180 && math.Abs(lat) <= 90) {
		return nil, &FieldError{"near", CodeOutOfRange, "give LON,LAT in WGS-84 degrees: -180 to 180, -90 to 90"}
	}
	if !(radiusM >= 0) {
		return nil, &FieldError{"radius_m", CodeOutOfRange, "give metres, 0 or more"}
	}
	if window.Empty() {
		now := r.now()
		window = timeline.Span{From: now, To: now + 1}
	}
	found, err := r.inBox(ctx, lon, lat, radiusM, window)
	if err != nil {
		return nil, fmt.Errorf("cameras near %s,%s: %w", number(lon), number(lat), r.db.Explain(err))
	}
	slices.SortFunc(found, func(a, b Found) int {
		switch {
		case a.DistanceM != b.DistanceM:
			if a.DistanceM < b.DistanceM {
				return -1
			}
			return 1
		}
		return strings.Compare(string(a.ID), string(b.ID))
	})
	return found, nil
}

// inBox searches a box of degrees around the circle by index, then measures.
func (r *Registry) inBox(ctx context.Context, lon, lat, radiusM float64, window timeline.Span) ([]Found, error) {
	where, args := boxAround(lon, lat, radiusM).where()
	rows, err := r.db.R().QueryContext(ctx, `SELECT camera, valid_from, valid_to, lon, lat, azimuth_deg, fov_deg, range_m
		FROM camera_places WHERE `+where+` AND valid_from < ? AND valid_to > ?
		AND EXISTS (SELECT 1 FROM enrolments e WHERE e.stream = camera || '.0' AND e.from_us < ? AND e.to_us > ?)`,
		append(args, int64(window.To), int64(window.From), int64(window.To), int64(window.From))...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	nearest := map[string]Found{}
	for rows.Next() {
		var f Found
		p := &f.At
		if err := rows.Scan(&f.ID, &f.Valid.From, &f.Valid.To, &p.Lon, &p.Lat, &p.Azimuth, &p.FOV, &p.Range); err != nil {
			return nil, err
		}
		f.DistanceM = area.Distance(lon, lat, p.Lon, p.Lat)
		if f.DistanceM > radiusM {
			continue
		}
		if had, ok := nearest[string(f.ID)]; !ok || f.DistanceM < had.DistanceM {
			nearest[string(f.ID)] = f
		}
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	return r.fillFound(ctx, nearest)
}

func (r *Registry) fillFound(ctx context.Context, nearest map[string]Found) ([]Found, error) {
	ids := make([]any, 0, len(nearest))
	for id := range nearest {
		ids = append(ids, id)
	}
	out := make([]Found, 0, len(ids))
	for part := range slices.Chunk(ids, streamsAtOnce) {
		list, err := r.cameras(ctx, r.db.R(), `WHERE c.id IN (?`+strings.Repeat(", ?", len(part)-1)+`)`, part...)
		if err != nil {
			return nil, err
		}
		for _, c := range list {
			f := nearest[string(c.ID)]
			f.Camera = c
			out = append(out, f)
		}
	}
	return out, nil
}

// box is a range of degrees. Where it crosses the date line west > east; where
// it holds a pole every longitude is in it.
type box struct {
	south, north, west, east float64
	allLon                   bool
}

// boxAround returns a box that holds every point within radiusM.
func boxAround(lon, lat, radiusM float64) box {
	const slack = 1e-6 // degrees, 0.1 m: rounding must not lose a camera on the rim
	dLat := radiusM/area.EarthRadius*180/math.Pi + slack
	b := box{south: lat - dLat, north: lat + dLat}
	// The meridians that touch the circle do so at sin(dLon) = sin(r) / cos(lat)
	// (right-angled spherical triangle with the pole).
	s := math.Sin(math.Min(radiusM/area.EarthRadius, math.Pi/2)) / math.Cos(lat*math.Pi/180)
	if !(s < 1) {
		b.allLon = true
		return b
	}
	dLon := math.Asin(s)*180/math.Pi + slack
	b.west, b.east = lon-dLon, lon+dLon
	if b.west < -180 {
		b.west += 360
	}
	if b.east > 180 {
		b.east -= 360
	}
	return b
}

// where is the box as a condition on lon and lat.
func (b box) where() (sql string, args []any) {
	sql, args = `lat BETWEEN ? AND ?`, []any{b.south, b.north}
	switch {
	case b.allLon:
		return sql, args
	case b.west > b.east:
		return sql + ` AND (lon >= ? OR lon <= ?)`, append(args, b.west, b.east)
	}
	return sql + ` AND lon BETWEEN ? AND ?`, append(args, b.west, b.east)
}
