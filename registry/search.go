package registry

import (
	"context"
	"fmt"
	"sync"
	"time"

	"qianshao/registry/area"
	"qianshao/registry/place"
	"qianshao/storage/media"
	"qianshao/storage/timeline"
)

const (
	// smallIndex is how many places are indexed while somebody waits: some 50 ms.
	smallIndex = 5000
	// rebuildShare is how small a part of the time goes into indexing, at most, while
	// more cameras than that keep changing.
	rebuildShare = 20
)

// finder keeps what places are found by: divisions and the site's places in one
// gazetteer, cameras in another. They are made anew, at the next search, when
// something has changed; large ones while the old ones still answer.
type finder struct {
	others sync.WaitGroup // who makes an index

	mu       sync.Mutex
	index         // guarded by mu
	building bool // guarded by mu
}

type index struct {
	fixed, cameras *place.Gazetteer
	changes        int64 // of the registry, when they were made
	made           time.Time
	took           time.Duration
}

// SearchPlaces finds places by name, pinyin, initials or coordinates, best first, at most
// so many. Cameras that known turns down (nil: none) are left out.
func (r *Registry) SearchPlaces(ctx context.Context, query string, limit int, known func(*area.Spot) bool) ([]place.Entry, error) {
	if at := place.Coordinates(query); len(at) > 0 {
		return at[:min(len(at), limit)], nil
	}
	fixed, cameras, err := r.gazetteers(ctx)
	if err != nil {
		return nil, fmt.Errorf("search places: %w", err)
	}
	wanted := func(e *place.Entry) bool {
		if known == nil {
			return true
		}
		spot := spotOf(e)
		return known(&spot)
	}
	var out []place.Entry
	for _, h := range place.Merge(fixed.Search(query, limit, nil), cameras.Search(query, limit, wanted), limit) {
		out = append(out, *h.Entry)
	}
	return out, nil
}

// gazetteers are the present ones: made by the first who asks, and anew when
// something changed.
func (r *Registry) gazetteers(ctx context.Context) (fixed, cameras *place.Gazetteer, err error) {
	f := &r.finder
	changes, err := r.Changes(ctx)
	if err != nil {
		return nil, nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.cameras != nil && f.changes == changes:
	case f.cameras == nil || f.cameras.Len() < smallIndex:
		i, err := r.makeIndex(ctx, changes)
		if err != nil {
			return nil, nil, err
		}
		f.index = i
	case !f.building && time.Since(f.made) > rebuildShare*f.took:
		f.building = true
		f.others.Go(func() {
			i, err := r.makeIndex(context.WithoutCancel(ctx), changes)
			if err != nil {
				r.log.Warn("places are found as they were: their index cannot be made anew", "err", err)
			}
			f.mu.Lock()
			defer f.mu.Unlock()
			if f.building = false; err == nil {
				f.index = i
			}
		})
	}
	return f.fixed, f.cameras, nil
}

func (r *Registry) makeIndex(ctx context.Context, changes int64) (i index, err error) {
	began := time.Now()
	fixed, cameras, err := r.placeEntries(ctx)
	if err != nil {
		return i, err
	}
	i = index{fixed: place.NewGazetteer(fixed), cameras: place.NewGazetteer(cameras), changes: changes, made: time.Now()}
	i.took = i.made.Sub(began)
	return i, nil
}

// placeEntries are all there is to be found: divisions and the site's places, and the
// active cameras.
func (r *Registry) placeEntries(ctx context.Context) (fixed, cameras []place.Entry, err error) {
	fixed = place.DivisionEntries()
	site, err := r.SitePlaces(ctx)
	if err != nil {
		return nil, nil, err
	}
	for _, p := range site {
		if p.Kind == Outline {
			continue
		}
		e := place.Entry{Kind: place.Kind(p.Kind), Ref: p.Ref, Name: p.Name, Also: p.Also, Point: p.At}
		if p.Kind == Landmark && len(p.Divisions) > 0 {
			e.Division = p.Divisions[0]
		}
		fixed = append(fixed, e)
	}
	rows, err := r.db.R().QueryContext(ctx, `SELECT c.id, c.carrier || ':' || c.device_id, c.device_id, c.name, c.common_name, c.landmark, c.division, p.lon, p.lat
		FROM cameras c LEFT JOIN camera_places p ON p.camera = c.id AND p.valid_to = ? WHERE c.lifecycle = 'active'`, int64(timeline.Forever))
	if err != nil {
		return nil, nil, r.db.Explain(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		e := place.Entry{Kind: place.Camera}
		var ref, device, common, landmark string
		var lon, lat *float64
		if err := rows.Scan(&e.Ref, &ref, &device, &e.Name, &common, &landmark, &e.Division, &lon, &lat); err != nil {
			return nil, nil, err
		}
		e.Also = []string{ref, device} // spotOf wants the first
		for _, name := range []string{common, landmark} {
			if name != "" {
				e.Also = append(e.Also, name)
			}
		}
		if e.Name == "" {
			e.Name = device
		}
		if lon != nil && lat != nil {
			e.Point = &place.Point{Lon: *lon, Lat: *lat}
		}
		cameras = append(cameras, e)
	}
	return fixed, cameras, r.db.Explain(rows.Err())
}

// spotOf is where a camera among the entries stands.
func spotOf(e *place.Entry) area.Spot {
	s := area.Spot{Camera: media.CameraID(e.Ref), Ref: e.Also[0], Division: e.Division}
	if e.Point != nil {
		s.Lon, s.Lat, s.Placed = e.Point.Lon, e.Point.Lat, true
	}
	return s
}
