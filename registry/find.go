package registry

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"

	"qianshao/registry/area"
	"qianshao/registry/place"
	"qianshao/storage/media"
	"qianshao/storage/timeline"
)

// Where is what cameras are looked for by: a circle, a polygon or divisions.
type Where struct {
	// Lon and Lat are a point, WGS-84 degrees, and RadiusM metres around it.
	Lon, Lat, RadiusM float64
	Polygon           area.Polygon // in place of the circle
	Divisions         []string     // in place of both: codes of 4 to 12 digits
	Group             string       // in place of all: the site's own id of a group of divisions
}

// Found is a camera that was looked for.
type Found struct {
	Camera
	// At is the place the distance is measured to, and Valid the time the
	// camera stood there: for a past window not always Camera.Place. Of divisions it is
	// the last one in the window; where none is known, Valid is empty.
	At    Place
	Valid timeline.Span
	// DistanceM is from the point, or from the middle of the polygon, and View how
	// it looks there; 0 and "" of divisions.
	DistanceM float64
	View      View
	Bearing   float64 // from the camera, degrees clockwise from north
}

// Find returns the cameras that stood somewhere at some time in the window, once each, with
// the one of the places they had in it that saw the point best. Those that see it best stand
// first: one that looks away counts as four times as far away as one that faces
// it. Those of divisions stand in order of their names. Cameras that were not
// enrolled during the window are left out; an empty window means now. Of those that
// keep does not turn down (nil: none) at most limit are returned (0: all), and how
// many more there are. What keep sees is the camera without its streams.
func (r *Registry) Find(ctx context.Context, in Where, window timeline.Span, limit int, keep func(*Found) bool) (found []Found, more int, err error) {
	if err := r.resolve(ctx, &in); err != nil {
		return nil, 0, err
	}
	if window.Empty() {
		now := r.now()
		window = timeline.Span{From: now, To: now + 1}
	}
	if in.Divisions != nil {
		found, err = r.inDivisions(ctx, in.Divisions, window)
	} else {
		found, err = r.inCircle(ctx, in, window)
	}
	if err != nil {
		return nil, 0, fmt.Errorf("find cameras: %w", r.db.Explain(err))
	}
	if keep != nil {
		found = slices.DeleteFunc(found, func(f Found) bool { return !keep(&f) })
	}
	slices.SortFunc(found, func(a, b Found) int {
		if in.Divisions != nil {
			return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(string(a.ID), string(b.ID)))
		}
		return cmp.Or(cmp.Compare(a.rank(), b.rank()), strings.Compare(string(a.ID), string(b.ID)))
	})
	if limit > 0 && len(found) > limit {
		found, more = found[:limit], len(found)-limit
	}
	err = r.fillFound(ctx, found)
	if err == nil && in.Divisions != nil {
		err = r.fillPlaces(ctx, found, in.Divisions, window)
	}
	if err != nil {
		return nil, 0, fmt.Errorf("find cameras: %w", r.db.Explain(err))
	}
	return found, more, nil
}

// rank is less for one that sees the point better.
func (f *Found) rank() float64 { return f.DistanceM * f.View.weight() }

// resolve checks what is looked for, finds a group's divisions, and the circle around a
// polygon.
func (r *Registry) resolve(ctx context.Context, w *Where) error {
	if w.Group != "" {
		site, err := r.SitePlaces(ctx)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(site, func(p SitePlace) bool { return p.Kind == Group && p.Ref == w.Group })
		if i < 0 {
			return &FieldError{"group", CodeOutOfRange, fmt.Sprintf("%.40q is no group that the site brought along", w.Group)}
		}
		w.Divisions = site[i].Divisions
	}
	switch {
	case w.Divisions != nil:
		stems := make([]string, len(w.Divisions))
		for i, d := range w.Divisions {
			if !stemForm.MatchString(d) {
				return badDivision("division")
			}
			stems[i] = place.Stem(d)
		}
		w.Divisions = stems
		return nil
	case w.Polygon != nil:
		if err := (&area.Area{Polygons: []area.Polygon{w.Polygon}}).Check(); err != nil {
			return &FieldError{"polygon", CodeOutOfRange, err.Error()}
		}
		w.Lon, w.Lat, w.RadiusM = w.Polygon.Around()
		return nil
	case !(math.Abs(w.Lon) <= 180 && math.Abs(w.Lat) <= 90):
		return &FieldError{"near", CodeOutOfRange, "give LON,LAT in WGS-84 degrees: -180 to 180, -90 to 90"}
	case !(w.RadiusM >= 0):
		return &FieldError{"radius_m", CodeOutOfRange, "give metres, 0 or more"}
	}
	return nil
}

var stemForm = regexp.MustCompile(`^[0-9]{4,12}$`)

func badDivision(field string) *FieldError {
	return &FieldError{field, CodeOutOfRange, "give a division's code, 4 to 12 digits"}
}

// afterStem comes after all codes that begin with a stem: : comes after 9.
func afterStem(stem string) string { return stem + ":" }

// briefly is what a search needs of a camera, behind a place.
const briefly = `c.id, c.carrier, c.device_id, c.name, c.division, c.lifecycle`

func (f *Found) brief() []any {
	return []any{&f.ID, &f.Carrier, &f.DeviceID, &f.Name, &f.Division, &f.Lifecycle}
}

// enrolledIn is whether a camera's main stream was enrolled during a window: one that
// is there still mostly was, without a further look.
const enrolledIn = ` AND (c.lifecycle = 'active' AND c.enrolled_us < ? OR
	EXISTS (SELECT 1 FROM enrolments e WHERE e.stream = c.id || '.0' AND e.from_us < ? AND e.to_us > ?))`

func enrolledArgs(window timeline.Span) []any {
	return []any{int64(window.To), int64(window.To), int64(window.From)}
}

// within is a condition on division, with what to bind to it.
func within(stems []string) (sql string, args []any) {
	for _, stem := range stems {
		args = append(args, stem, afterStem(stem))
	}
	return `(division >= ? AND division < ?` + strings.Repeat(` OR division >= ? AND division < ?`, len(stems)-1) + `)`, args
}

// forever is timeline.Forever as the index of past divisions has it.
const forever = `253402300799999999`

// inDivisions lists by the divisions that cameras stood in during the window, or now where
// none is known of then. Most are there still: those alone that are not cost a look-up each.
func (r *Registry) inDivisions(ctx context.Context, stems []string, window timeline.Span) ([]Found, error) {
	in, args := within(stems)
	during := []any{int64(window.To), int64(window.From)}
	rows, err := r.db.R().QueryContext(ctx, `SELECT `+briefly+` FROM cameras c WHERE `+in+` AND (c.division_us < ? OR NOT EXISTS
			(SELECT 1 FROM camera_divisions d WHERE d.camera = c.id AND d.valid_from < ? AND d.valid_to > ?))`+enrolledIn+`
		UNION ALL SELECT `+briefly+` FROM cameras c WHERE c.id IN (SELECT camera FROM camera_divisions
			WHERE `+in+` AND valid_from < ? AND valid_to > ? AND valid_to < `+forever+`)`+enrolledIn,
		slices.Concat(args, during[:1], during, enrolledArgs(window), args, during, enrolledArgs(window))...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var out []Found
	had := map[media.CameraID]bool{}
	for rows.Next() {
		var f Found
		if err := rows.Scan(f.brief()...); err != nil {
			return nil, err
		}
		if !had[f.ID] {
			had[f.ID] = true
			out = append(out, f)
		}
	}
	return out, rows.Err()
}

// fillPlaces sets where cameras of divisions stood: the last place in the window while
// they were there.
func (r *Registry) fillPlaces(ctx context.Context, found []Found, stems []string, window timeline.Span) error {
	in, args := within(stems)
	at := make(map[media.CameraID]*Found, len(found))
	ids := make([]any, len(found))
	for i := range found {
		at[found[i].ID], ids[i] = &found[i], string(found[i].ID)
	}
	during := []any{int64(window.To), int64(window.From)}
	for part := range slices.Chunk(ids, streamsAtOnce) {
		const then = ` EXISTS (SELECT 1 FROM camera_divisions d WHERE d.camera = p.camera AND d.valid_from < ? AND d.valid_to > ?`
		rows, err := r.db.R().QueryContext(ctx, `SELECT camera, valid_from, valid_to, `+placeColumns+` FROM camera_places p
			WHERE camera IN (?`+strings.Repeat(", ?", len(part)-1)+`) AND valid_from < ? AND valid_to > ? AND (
				`+then+` AND d.valid_from < p.valid_to AND d.valid_to > p.valid_from AND `+in+`) OR NOT `+then+`)) ORDER BY valid_from`,
			slices.Concat(part, during, during, args, during)...)
		if err != nil {
			return err
		}
		if err := scanPlaces(rows, at); err != nil {
			return err
		}
	}
	return nil
}

func scanPlaces(rows *sql.Rows, at map[media.CameraID]*Found) error {
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var camera media.CameraID
		var valid timeline.Span
		var p Place
		var raw [2]*float64
		if err := rows.Scan(append([]any{&camera, &valid.From, &valid.To}, p.scan(&raw)...)...); err != nil {
			return err
		}
		p.scanned(raw)
		at[camera].At, at[camera].Valid = p, valid
	}
	return rows.Err()
}

// inCircle searches the cells around a circle, or around the polygon's, by index, then
// measures.
func (r *Registry) inCircle(ctx context.Context, in Where, window timeline.Span) ([]Found, error) {
	where, args := boxAround(in.Lon, in.Lat, in.RadiusM).where()
	rows, err := r.db.R().QueryContext(ctx, `SELECT `+briefly+`, valid_from, valid_to, `+placeColumns+`
		FROM camera_places p JOIN cameras c ON c.id = p.camera WHERE `+where+` AND valid_from < ? AND valid_to > ?`+enrolledIn,
		append(append(args, int64(window.To), int64(window.From)), enrolledArgs(window)...)...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var out []Found
	at := map[media.CameraID]int{} // in out
	for rows.Next() {
		var f Found
		p := &f.At
		var raw [2]*float64
		if err := rows.Scan(append(append(f.brief(), &f.Valid.From, &f.Valid.To), p.scan(&raw)...)...); err != nil {
			return nil, err
		}
		p.scanned(raw)
		f.DistanceM = area.Distance(in.Lon, in.Lat, p.Lon, p.Lat)
		if f.DistanceM > in.RadiusM || in.Polygon != nil && !in.Polygon.Holds(p.Lon, p.Lat) {
			continue
		}
		f.View, f.Bearing = p.View(in.Lon, in.Lat)
		f.Place = &Place{Lon: p.Lon, Lat: p.Lat}
		i, had := at[f.ID]
		switch {
		case !had:
			at[f.ID] = len(out)
			out = append(out, f)
		case f.rank() < out[i].rank():
			out[i] = f
		}
	}
	return out, rows.Err()
}

// fillFound completes the cameras that were found.
func (r *Registry) fillFound(ctx context.Context, found []Found) error {
	at := make(map[string]*Found, len(found))
	ids := make([]any, len(found))
	for i := range found {
		at[string(found[i].ID)], ids[i] = &found[i], string(found[i].ID)
	}
	for part := range slices.Chunk(ids, streamsAtOnce) {
		list, err := r.cameras(ctx, r.db.R(), `WHERE c.id IN (?`+strings.Repeat(", ?", len(part)-1)+`)`, part...)
		if err != nil {
			return err
		}
		for _, c := range list {
			at[string(c.ID)].Camera = c
		}
	}
	return nil
}

// Cells are squares of a fiftieth of a degree, some 2 km: the index by which
// places are found, in any database.
const (
	cellsPerDegree = 50
	cellsAround    = 360 * cellsPerDegree
	// mostCells is how many are named one by one: some 20 km around a point. Beyond
	// them whole rows of cells are.
	mostCells = 500
)

// cellOf is the cell of a place.
func cellOf(lon, lat float64) int64 {
	return int64((lat+90)*cellsPerDegree)*cellsAround + int64((lon+180)*cellsPerDegree)
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

// where is the box as a condition on cell, lon and lat.
func (b box) where() (sql string, args []any) {
	sql, args = b.cells()
	sql, args = sql+` AND lat BETWEEN ? AND ?`, append(args, b.south, b.north)
	switch {
	case b.allLon:
		return sql, args
	case b.west > b.east:
		return sql + ` AND (lon >= ? OR lon <= ?)`, append(args, b.west, b.east)
	}
	return sql + ` AND lon BETWEEN ? AND ?`, append(args, b.west, b.east)
}

// cells are the cells of the box as a condition: one by one where they are few, else
// from its first row to its last.
func (b box) cells() (sql string, args []any) {
	south, north := max(b.south, -90), min(b.north, 90)
	if !b.allLon && b.west <= b.east {
		first, last := cellOf(b.west, south), cellOf(b.east, north)
		rows, columns := last/cellsAround-first/cellsAround+1, last%cellsAround-first%cellsAround+1
		if rows*columns <= mostCells {
			for y := range rows {
				for x := range columns {
					args = append(args, first+y*cellsAround+x)
				}
			}
			return `cell IN (?` + strings.Repeat(", ?", len(args)-1) + `)`, args
		}
	}
	return `cell BETWEEN ? AND ?`, []any{cellOf(-180, south), cellOf(180, north)}
}
