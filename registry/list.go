package registry

import (
	"context"
	"fmt"
	"strings"

	"qianshao/registry/area"
	"qianshao/registry/place"
	"qianshao/storage/media"
	"qianshao/storage/timeline"
)

// Query chooses cameras. The zero value is all active ones.
type Query struct {
	Limit int    // at most so many; 0: no limit
	After string // Page.Next of the page before
	Q     string // part of the name, device id or carrier; our id whole; case of a-z does not matter
	// State is the state of the main stream (a Phase), or "removed" for those that were
	// active, or "all"; empty: active ones.
	State string
	// Lifecycle, if given, are the ones to list, and State is passed over.
	Lifecycle []Lifecycle
	Carrier   string // only this carrier's; empty: of all
	// Division is a code of 4 to 12 digits: only cameras that stand there; empty: anywhere.
	Division string
	// In leaves out cameras that it says no to; nil: none.
	In func(*area.Spot) bool
}

// The values of Query.State that are no Phase.
const (
	QueryAll     = "all"
	QueryRemoved = "removed"
)

// Page is one answer of List, in order of carrier and device id.
type Page struct {
	Items []Camera
	Next  string // empty: nothing follows
}

// fetchAtOnce bounds what is read in one statement where Go filters by state.
const fetchAtOnce = 500

// List returns the cameras that q chooses. ErrBadCursor is wrapped for an
// unknown q.After; an unknown state chooses nothing.
func (r *Registry) List(ctx context.Context, q Query) (Page, error) {
	var carrier, device string
	if q.After != "" {
		var ok bool
		if carrier, device, ok = strings.Cut(q.After, ":"); !ok || checkRef(carrier, device) != nil {
			return Page{}, fmt.Errorf("list cameras: after %.80q: %w", q.After, ErrBadCursor)
		}
	}
	if q.Division != "" && !stemForm.MatchString(q.Division) {
		return Page{}, badDivision("in")
	}
	where, args := q.where()
	var page Page
	for {
		want := fetchAtOnce
		if q.Limit > 0 && q.In == nil && (len(q.Lifecycle) > 0 || q.State == "" || q.State == QueryAll || q.State == QueryRemoved) {
			want = min(want, q.Limit-len(page.Items)+1) // one more tells whether a page follows
		}
		list, err := r.cameras(ctx, r.db.R(), where+` AND (c.carrier > ? OR c.carrier = ? AND c.device_id > ?)
			ORDER BY c.carrier, c.device_id LIMIT ?`, append(args[:len(args):len(args)], carrier, carrier, device, want)...)
		if err != nil {
			return Page{}, fmt.Errorf("list cameras: %w", r.db.Explain(err))
		}
		for i := range list {
			if len(q.Lifecycle) == 0 && !r.inPhase(&list[i], q.State) {
				continue
			}
			if spot := list[i].Spot(); q.In != nil && !q.In(&spot) {
				continue
			}
			if q.Limit > 0 && len(page.Items) == q.Limit {
				page.Next = page.Items[q.Limit-1].Ref()
				return page, nil
			}
			page.Items = append(page.Items, list[i])
		}
		if len(list) < want {
			return page, nil
		}
		carrier, device = list[len(list)-1].Carrier, list[len(list)-1].DeviceID
	}
}

func (q *Query) where() (sql string, args []any) {
	sql = "WHERE 1 = 1"
	switch {
	case len(q.Lifecycle) > 0:
		sql += ` AND c.lifecycle IN (?` + strings.Repeat(", ?", len(q.Lifecycle)-1) + `)`
		for _, l := range q.Lifecycle {
			args = append(args, string(l))
		}
	case q.State == QueryAll:
	case q.State == QueryRemoved:
		sql += ` AND c.lifecycle IN ('suspended', 'withdrawn', 'decommissioned')`
	default:
		sql += ` AND c.lifecycle = 'active'`
	}
	if q.Carrier != "" {
		sql += ` AND c.carrier = ?`
		args = append(args, q.Carrier)
	}
	if q.Division != "" {
		stem := place.Stem(q.Division)
		sql += ` AND c.division >= ? AND c.division < ?`
		args = append(args, stem, afterStem(stem))
	}
	if text := strings.TrimSpace(q.Q); text != "" {
		like := "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(strings.ToLower(text)) + "%"
		sql += ` AND (lower(c.name) LIKE ? ESCAPE '\' OR lower(c.device_id) LIKE ? ESCAPE '\' OR c.carrier LIKE ? ESCAPE '\' OR c.id = ?)`
		args = append(args, like, like, like, text)
	}
	return sql, args
}

// inPhase reports whether the camera's main stream is in the state asked for.
func (r *Registry) inPhase(c *Camera, state string) bool {
	switch state {
	case "", QueryAll, QueryRemoved:
		return true
	}
	return r.State(c.ID.Stream(0)).Phase == Phase(state)
}

// Count returns how many cameras are active.
func (r *Registry) Count(ctx context.Context) (n int, err error) {
	err = r.db.R().QueryRowContext(ctx, `SELECT count(*) FROM cameras WHERE lifecycle = 'active'`).Scan(&n)
	return n, r.db.Explain(err)
}

// KeptLonger counts the active cameras with a retention of their own of more days.
func (r *Registry) KeptLonger(ctx context.Context, days int) (n int, err error) {
	err = r.db.R().QueryRowContext(ctx, `SELECT count(*) FROM cameras WHERE lifecycle = 'active' AND retention_days > ?`, days).Scan(&n)
	return n, r.db.Explain(err)
}

// IDs returns the ids of all cameras ever enrolled, in order.
func (r *Registry) IDs(ctx context.Context) ([]media.CameraID, error) {
	rows, err := r.db.R().QueryContext(ctx, `SELECT id FROM cameras ORDER BY id`)
	if err != nil {
		return nil, fmt.Errorf("list cameras: %w", r.db.Explain(err))
	}
	defer func() { _ = rows.Close() }()
	var out []media.CameraID
	for rows.Next() {
		var id media.CameraID
		if err := rows.Scan(&id); err != nil {
			return nil, fmt.Errorf("list cameras: %w", err)
		}
		out = append(out, id)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list cameras: %w", r.db.Explain(err))
	}
	return out, nil
}

// Spots visits where all active cameras stand, until f returns false.
func (r *Registry) Spots(ctx context.Context, f func(*area.Spot) bool) error {
	rows, err := r.db.R().QueryContext(ctx, `SELECT c.id, c.carrier || ':' || c.device_id, c.division, p.lon, p.lat FROM cameras c
		LEFT JOIN camera_places p ON p.camera = c.id AND p.valid_to = ? WHERE c.lifecycle = 'active'`, int64(timeline.Forever))
	if err != nil {
		return fmt.Errorf("list places: %w", r.db.Explain(err))
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var s area.Spot
		var lon, lat *float64
		if err := rows.Scan(&s.Camera, &s.Ref, &s.Division, &lon, &lat); err != nil {
			return fmt.Errorf("list places: %w", err)
		}
		if lon != nil && lat != nil {
			s.Lon, s.Lat, s.Placed = *lon, *lat, true
		}
		if !f(&s) {
			return nil
		}
	}
	return r.db.Explain(rows.Err())
}
