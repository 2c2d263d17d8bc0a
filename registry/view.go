package registry

import (
	"math"

	"qianshao/registry/area"
)

// View says how a camera looks at a point.
type View string

// A camera faces a point that lies in its angle of view and within its range, and
// looks away from what lies behind it.
const (
	Facing View = "facing"  // 朝向
	Beside View = "beside"  // 侧向: in front of it, outside its angle or out of its range
	Away   View = "away"    // 背向
	Unsure View = "unknown" // where it looks is not known
)

// defaultFOV is the angle of view, degrees, of a camera that tells none.
const defaultFOV = 90

// underCamera is so near, metres, that every camera sees what happens there.
const underCamera = 5

// View says how a camera that stands here looks at a point, and in which direction, degrees
// clockwise from north, it has the point.
func (p *Place) View(lon, lat float64) (v View, bearing float64) {
	bearing = area.Bearing(p.Lon, p.Lat, lon, lat)
	fov := float64(defaultFOV)
	if p.FOV != nil && *p.FOV > 0 {
		fov = *p.FOV
	}
	far := area.Distance(p.Lon, p.Lat, lon, lat)
	switch {
	case fov >= 360 && (p.Range == nil || far <= *p.Range), far <= underCamera:
		return Facing, bearing
	case p.Azimuth == nil:
		return Unsure, bearing
	}
	off := math.Abs(math.Remainder(bearing-*p.Azimuth, 360))
	switch {
	case off <= fov/2 && (p.Range == nil || far <= *p.Range):
		return Facing, bearing
	case off <= math.Max(90, fov/2):
		return Beside, bearing
	}
	return Away, bearing
}

// weight is by how much further away a camera counts than it is, when the ones that
// see a point best stand first.
func (v View) weight() float64 {
	switch v {
	case Facing:
		return 1
	case Unsure:
		return 2
	case Beside:
		return 2.5
	}
	return 4
}
