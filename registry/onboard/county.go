package onboard

import (
	"math"
	"slices"

	"qianshao/registry"
	"qianshao/registry/area"
	"qianshao/registry/place"
)

// tolerance is how far outside its county a point may lie, in metres: outlines are
// generalised by about 100 m.
const tolerance = 300

// counties are the borders of counties.
type counties struct {
	byCode map[string]*county
	asked  map[string]bool // codes without an outline that were asked for
}

type county struct {
	rings                    []area.Polygon
	west, south, east, north float64
}

func newCounties(outlines []registry.SitePlace) *counties {
	c := &counties{byCode: map[string]*county{}, asked: map[string]bool{}}
	for i := range outlines {
		d, ok := place.FindDivision(outlines[i].Ref)
		if !ok || d.Kind != place.County || outlines[i].Kind != registry.Outline {
			continue
		}
		one := &county{west: 180, south: 90, east: -180, north: -90}
		for _, ring := range outlines[i].Rings {
			p := make(area.Polygon, len(ring))
			for n, q := range ring {
				p[n] = q
				one.west, one.east = min(one.west, q[0]), max(one.east, q[0])
				one.south, one.north = min(one.south, q[1]), max(one.north, q[1])
			}
			one.rings = append(one.rings, p)
		}
		c.byCode[d.Code[:6]] = one
	}
	return c
}

// away is how far a point lies from a county, in metres, 0 inside, and whether there is an
// outline of it.
func (c *counties) away(code string, lon, lat float64) (metres float64, known bool) {
	one := c.byCode[code]
	if one == nil {
		c.asked[code] = true
		return 0, false
	}
	return one.away(lon, lat), true
}

// anywhere reports whether a point lies in one of the counties, or nothing is known of
// any.
func (c *counties) anywhere(lon, lat float64) bool {
	for _, one := range c.byCode {
		if one.near(lon, lat) && one.away(lon, lat) <= tolerance {
			return true
		}
	}
	return len(c.byCode) == 0
}

func (c *counties) missing() []string {
	var out []string
	for code := range c.asked {
		out = append(out, code)
	}
	slices.Sort(out)
	return out
}

// near reports whether a point lies in a box a little larger than the county.
func (c *county) near(lon, lat float64) bool {
	const around = 0.01 // degrees, about a kilometre
	return lon >= c.west-around && lon <= c.east+around && lat >= c.south-around && lat <= c.north+around
}

func (c *county) away(lon, lat float64) float64 {
	in := false
	for _, ring := range c.rings { // a ring inside another one is a hole
		in = in != ring.Holds(lon, lat)
	}
	if in {
		return 0
	}
	least := math.Inf(1)
	for _, ring := range c.rings {
		for i, a := range ring {
			least = min(least, fromLine(lon, lat, a, ring[(i+1)%len(ring)]))
		}
	}
	return least
}

// fromLine is the distance of a point from a line between two points, in metres, on a
// plane that touches the earth at the point.
func fromLine(lon, lat float64, a, b area.Point) float64 {
	const metres = area.EarthRadius * math.Pi / 180 // of a degree of latitude
	east := metres * math.Cos(lat*math.Pi/180)
	ax, ay := (a[0]-lon)*east, (a[1]-lat)*metres
	bx, by := (b[0]-lon)*east, (b[1]-lat)*metres
	dx, dy := bx-ax, by-ay
	t := 0.0
	if length := dx*dx + dy*dy; length > 0 {
		t = max(0, min(1, -(ax*dx+ay*dy)/length))
	}
	return math.Hypot(ax+t*dx, ay+t*dy)
}
