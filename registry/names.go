package registry

import (
	"context"
	"fmt"
	"slices"

	"qianshao/registry/area"
	"qianshao/registry/place"
)

// NamedSpot is where a division's name stands on a map.
type NamedSpot struct {
	place.Division
	At      place.Point
	Cameras int // of those that may be known, how many stand in it
}

// NamedSpots are the divisions whose position the site knows, by code: counties in their
// middle, townships and villages in the middle of their active cameras. Cameras that
// known turns down (nil: none) are left out, so that nobody learns from a name where one is.
func (r *Registry) NamedSpots(ctx context.Context, known func(*area.Spot) bool) ([]NamedSpot, error) {
	_, cameras, err := r.gazetteers(ctx)
	if err != nil {
		return nil, fmt.Errorf("name places: %w", err)
	}
	type pairs struct{ lons, lats []float64 }
	at := map[string]*pairs{} // by stem
	for e := range cameras.All() {
		if e.Point == nil || len(e.Division) != 12 {
			continue
		}
		if spot := spotOf(e); known != nil && !known(&spot) {
			continue
		}
		stem := place.Stem(e.Division)
		for _, n := range []int{6, 9, 12} {
			if n > len(stem) {
				break
			}
			p := at[stem[:n]]
			if p == nil {
				p = &pairs{}
				at[stem[:n]] = p
			}
			p.lons, p.lats = append(p.lons, e.Point.Lon), append(p.lats, e.Point.Lat)
		}
	}
	var out []NamedSpot
	for _, d := range place.Divisions() {
		p := at[place.Stem(d.Code)]
		switch {
		case d.Center != nil && p != nil:
			out = append(out, NamedSpot{d, *d.Center, len(p.lons)})
		case d.Center != nil:
			out = append(out, NamedSpot{d, *d.Center, 0})
		case p != nil:
			out = append(out, NamedSpot{d, place.Point{Lon: median(p.lons), Lat: median(p.lats)}, len(p.lons)})
		}
	}
	return out, nil
}

// median is the middle of some numbers, which it sorts: one that is far off does not
// move it.
func median(list []float64) float64 {
	slices.Sort(list)
	n := len(list)
	return (list[(n-1)/2] + list[n/2]) / 2
}
