// Package area says which places belong to an area: that of a unit, of a case.
// An area is a set of divisions, circles, polygons and single cameras; what lies
// in any of them lies in it.
package area

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"qianshao/registry/place"
	"qianshao/storage/media"
)

// Area is a set of places. The zero Area holds nothing.
type Area struct {
	// Divisions are statistical codes: prefecture 4, county 6, township 9, village
	// 12 digits, also filled up with zeros as lists of codes have them.
	Divisions []string  `json:"divisions,omitempty" maxItems:"200" doc:"division codes of 6, 9 or 12 digits" example:"[\"522301103\"]"`
	Circles   []Circle  `json:"circles,omitempty" maxItems:"200"`
	Polygons  []Polygon `json:"polygons,omitempty" maxItems:"50"`
	Cameras   []string  `json:"cameras,omitempty" maxItems:"1000" doc:"single cameras, by our id or as carrier:device" example:"[\"local:GATE\"]"`
}

// Circle is what lies within so many metres of a point.
type Circle struct {
	Lon     float64 `json:"lon" doc:"WGS-84 degrees" example:"104.895"`
	Lat     float64 `json:"lat" example:"25.092"`
	RadiusM float64 `json:"radius_m" doc:"metres, at most 50,000" example:"800"`
}

// Polygon is a ring of points, LON and LAT in WGS-84 degrees, closed or not
// (RFC 7946 §3.1.6, its outer ring alone).
type Polygon []Point

// ParsePolygon reads corners as LON,LAT with spaces between them. The error wraps
// ErrBad.
func ParsePolygon(text string) (p Polygon, err error) {
	for part := range strings.FieldsSeq(text) {
		lon, lat, ok := strings.Cut(part, ",")
		x, err1 := strconv.ParseFloat(lon, 64)
		y, err2 := strconv.ParseFloat(lat, 64)
		if !ok || err1 != nil || err2 != nil {
			return nil, fmt.Errorf("%w: %.40q: write corners like 104.89,25.09", ErrBad, part)
		}
		p = append(p, Point{x, y})
	}
	return p, (&Area{Polygons: []Polygon{p}}).Check()
}

// Point is a longitude and a latitude.
type Point [2]float64

// Spot is where a camera stands.
type Spot struct {
	Camera   media.CameraID
	Ref      string // carrier:device
	Division string // 12 digits; empty: not known
	Lon, Lat float64
	Placed   bool // Lon and Lat are known
}

const (
	maxRadius = 50_000
	maxParts  = 200
	maxPoints = 1000 // of one polygon
	maxSingle = 1000 // cameras
)

// ErrBad is wrapped for what cannot be an area.
var ErrBad = errors.New("not an area")

var refForm = regexp.MustCompile(`^[a-z0-9._-]{1,32}:[A-Za-z0-9._-]{1,64}$`)

var divisionForm = regexp.MustCompile(`^([0-9]{4}|[0-9]{6}|[0-9]{9}|[0-9]{12})$`)

// Empty reports whether the area holds nothing.
func (a *Area) Empty() bool {
	return len(a.Divisions) == 0 && len(a.Circles) == 0 && len(a.Polygons) == 0 && len(a.Cameras) == 0
}

// Check says whether the area can be; the error wraps ErrBad.
func (a *Area) Check() error {
	bad := func(format string, args ...any) error {
		return fmt.Errorf("%w: "+format, append([]any{ErrBad}, args...)...)
	}
	if len(a.Divisions) > maxParts || len(a.Circles) > maxParts || len(a.Polygons) > maxParts || len(a.Cameras) > maxSingle {
		return bad("too many parts: at most %d of each, and %d cameras", maxParts, maxSingle)
	}
	for _, d := range a.Divisions {
		if !divisionForm.MatchString(d) {
			return bad("%.20q: use division codes of 6, 9 or 12 digits", d)
		}
	}
	for _, c := range a.Circles {
		if !onEarth(c.Lon, c.Lat) || !(c.RadiusM > 0 && c.RadiusM <= maxRadius) {
			return bad("a circle needs lon, lat and a radius of at most %d m", maxRadius)
		}
	}
	for _, p := range a.Polygons {
		if len(p) < 3 || len(p) > maxPoints {
			return bad("a polygon has 3 to %d points", maxPoints)
		}
		for _, q := range p {
			if !onEarth(q[0], q[1]) {
				return bad("a polygon's points are LON,LAT in degrees")
			}
		}
	}
	for _, c := range a.Cameras {
		if _, err := media.ParseCameraID(c); err != nil && !refForm.MatchString(c) {
			return bad("%.80q: name a camera by its id (c_…) or as carrier:device", c)
		}
	}
	return nil
}

func onEarth(lon, lat float64) bool { return math.Abs(lon) <= 180 && math.Abs(lat) <= 90 }

// Holds reports whether a camera stands in the area.
func (a *Area) Holds(s *Spot) bool {
	for _, c := range a.Cameras {
		if c == string(s.Camera) || c == s.Ref {
			return true
		}
	}
	if s.Division != "" {
		for _, d := range a.Divisions {
			if strings.HasPrefix(s.Division, place.Stem(d)) {
				return true
			}
		}
	}
	if !s.Placed {
		return false
	}
	for _, c := range a.Circles {
		if Distance(c.Lon, c.Lat, s.Lon, s.Lat) <= c.RadiusM {
			return true
		}
	}
	return slices.ContainsFunc(a.Polygons, func(p Polygon) bool { return p.Holds(s.Lon, s.Lat) })
}

// Holds reports whether a point lies inside: a line from it to the east meets the
// ring an odd number of times. Degrees are taken as flat, which they are for
// areas of some kilometres; no ring may cross the date line.
func (p Polygon) Holds(lon, lat float64) bool {
	in := false
	for i, a := range p {
		b := p[(i+1)%len(p)]
		if (a[1] > lat) != (b[1] > lat) && lon < (b[0]-a[0])*(lat-a[1])/(b[1]-a[1])+a[0] {
			in = !in
		}
	}
	return in
}

// EarthRadius is the mean radius in metres (WGS-84, IUGG): the sphere is wrong
// by at most 0.6 %.
const EarthRadius = 6_371_008.8

// Distance is the length in metres of the great circle between two points in
// degrees (haversine).
func Distance(lon1, lat1, lon2, lat2 float64) float64 {
	const rad = math.Pi / 180
	sLat, sLon := math.Sin((lat2-lat1)*rad/2), math.Sin((lon2-lon1)*rad/2)
	h := sLat*sLat + math.Cos(lat1*rad)*math.Cos(lat2*rad)*sLon*sLon
	return 2 * EarthRadius * math.Asin(math.Sqrt(min(h, 1)))
}

// Bearing is the direction from one point to another, in degrees clockwise from north,
// 0 to 360.
func Bearing(lon1, lat1, lon2, lat2 float64) float64 {
	const rad = math.Pi / 180
	d := (lon2 - lon1) * rad
	east := math.Sin(d) * math.Cos(lat2*rad)
	north := math.Cos(lat1*rad)*math.Sin(lat2*rad) - math.Sin(lat1*rad)*math.Cos(lat2*rad)*math.Cos(d)
	return math.Mod(math.Atan2(east, north)/rad+360, 360)
}

// Around is a circle that holds a polygon: the middle of its box, and metres.
func (p Polygon) Around() (lon, lat, radiusM float64) {
	west, south, east, north := 180.0, 90.0, -180.0, -90.0
	for _, q := range p {
		west, east = min(west, q[0]), max(east, q[0])
		south, north = min(south, q[1]), max(north, q[1])
	}
	lon, lat = (west+east)/2, (south+north)/2
	for _, q := range p {
		radiusM = max(radiusM, Distance(lon, lat, q[0], q[1]))
	}
	return lon, lat, radiusM
}
