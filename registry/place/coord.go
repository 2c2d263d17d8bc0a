package place

import (
	"fmt"
	"math"
	"strings"
)

// System is a coordinate system that positions arrive in.
type System string

// Everything is kept in WGS84. GCJ02 is that of Chinese web maps, moved by some 500 m
// here; BD09 is Baidu's, on top of it.
const (
	WGS84 System = "WGS84"
	GCJ02 System = "GCJ02"
	BD09  System = "BD09"
)

// ParseSystem reads the name of a coordinate system as lists have it. CGCS2000 and
// EPSG:4326, 4490 count as WGS84: they differ by less than a metre. Maps stand for the
// systems that they have.
func ParseSystem(text string) (System, error) {
	switch strings.NewReplacer("-", "", "_", "", " ", "").Replace(strings.ToUpper(strings.TrimSpace(text))) {
	case "WGS84", "EPSG:4326", "CGCS2000", "EPSG:4490", "CRS84", "URN:OGC:DEF:CRS:OGC:1.3:CRS84", "国家2000", "天地图":
		return WGS84, nil
	case "GCJ02", "火星坐标", "高德", "腾讯":
		return GCJ02, nil
	case "BD09", "BD09LL", "百度":
		return BD09, nil
	}
	return "", fmt.Errorf("%.40q is no coordinate system: use WGS84, GCJ02 or BD09", text)
}

// Point is a longitude and a latitude in degrees.
type Point struct {
	Lon float64 `json:"lon"`
	Lat float64 `json:"lat"`
}

// The ellipsoid that GCJ-02 is computed on (Krasovsky 1940), and how often the angle
// of BD-09 turns.
const (
	krasovskyA  = 6378245.0
	krasovskyE2 = 0.00669342162296594323
	bdTurns     = math.Pi * 3000 / 180
)

// ToWGS84 brings a point of the given system to WGS-84, to better than 1e-8 degrees.
func (s System) ToWGS84(p Point) Point {
	switch s {
	case BD09:
		return GCJ02.ToWGS84(fromBD(p))
	case GCJ02:
		return invert(p, toGCJ)
	}
	return p
}

// FromWGS84 is the opposite.
func (s System) FromWGS84(p Point) Point {
	switch s {
	case BD09:
		return toBD(toGCJ(p))
	case GCJ02:
		return toGCJ(p)
	}
	return p
}

// inChina is where GCJ-02 differs from WGS-84.
func inChina(p Point) bool {
	return p.Lon >= 72.004 && p.Lon <= 137.8347 && p.Lat >= 0.8293 && p.Lat <= 55.8271
}

// toGCJ moves a point from WGS-84 to GCJ-02: a polynomial and sines of the distance
// from 105° E 35° N, in metres, brought to degrees on the ellipsoid.
func toGCJ(p Point) Point {
	if !inChina(p) {
		return p
	}
	x, y := p.Lon-105, p.Lat-35
	waves := func(v, a, f1, b, f2 float64) float64 {
		return (a*math.Sin(v*f1*math.Pi) + b*math.Sin(v*f2*math.Pi)) * 2 / 3
	}
	common := waves(x, 20, 6, 20, 2)
	root := math.Sqrt(math.Abs(x))
	north := -100 + 2*x + 3*y + 0.2*y*y + 0.1*x*y + 0.2*root + common + waves(y, 20, 1, 40, 1.0/3) + waves(y, 160, 1.0/12, 320, 1.0/30)
	east := 300 + x + 2*y + 0.1*x*x + 0.1*x*y + 0.1*root + common + waves(x, 20, 1, 40, 1.0/3) + waves(x, 150, 1.0/12, 300, 1.0/30)
	lat := p.Lat * math.Pi / 180
	w2 := 1 - krasovskyE2*math.Sin(lat)*math.Sin(lat)
	w := math.Sqrt(w2)
	meridian := krasovskyA * (1 - krasovskyE2) / (w2 * w)
	parallel := krasovskyA / w * math.Cos(lat)
	return Point{p.Lon + east/parallel*180/math.Pi, p.Lat + north/meridian*180/math.Pi}
}

// invert finds the point that move brings to p: the shift changes slowly, so that
// each step is some thousand times nearer.
func invert(p Point, move func(Point) Point) Point {
	q := p
	for range 10 {
		m := move(q)
		q.Lon += p.Lon - m.Lon
		q.Lat += p.Lat - m.Lat
	}
	return q
}

// toBD and fromBD turn and stretch GCJ-02 around its origin, by a little.
func toBD(p Point) Point {
	z := math.Hypot(p.Lon, p.Lat) + 0.00002*math.Sin(p.Lat*bdTurns)
	t := math.Atan2(p.Lat, p.Lon) + 0.000003*math.Cos(p.Lon*bdTurns)
	return Point{z*math.Cos(t) + 0.0065, z*math.Sin(t) + 0.006}
}

func fromBD(p Point) Point { return invert(p, toBD) }
