package place

import (
	"regexp"
	"strconv"
	"strings"
)

var (
	// A number of degrees, with what may stand for degrees, minutes and seconds.
	decimalForm = regexp.MustCompile(`^[-+]?[0-9]{1,3}(\.[0-9]{1,12})?$`)
	dmsForm     = regexp.MustCompile(`^([0-9]{1,3})[°度d:]\s*(?:([0-9]{1,2}(?:\.[0-9]+)?)['′分m:]?\s*(?:([0-9]{1,2}(?:\.[0-9]+)?)["″秒s]?)?)?$`)
	systemForm  = regexp.MustCompile(`^(?i)(wgs-?84|cgcs2000|gcj-?02|bd-?09)\s*[:：]?\s*(.+)$`)
	unwritten   = strings.NewReplacer("，", ",", "、", ",", ";", ",", "；", ",", "’", "'", "”", `"`, "：", ":", "东经", "E", "北纬", "N", "经度", "E", "纬度", "N")
)

// ParsePoint reads a pair of coordinates as people write them: longitude and latitude in
// either order where one alone can be meant, in degrees or in degrees, minutes and
// seconds, with N and E or without, after the name of a system or without (WGS84).
// The point is returned as it was written, in its system.
func ParsePoint(text string) (p Point, s System, ok bool) {
	text = strings.TrimSpace(text)
	if len(text) > 100 {
		return p, s, false
	}
	s = WGS84
	if m := systemForm.FindStringSubmatch(text); m != nil {
		var err error
		if s, err = ParseSystem(m[1]); err != nil {
			return p, s, false
		}
		text = m[2]
	}
	text = strings.TrimSpace(unwritten.Replace(text))
	a, b, found := strings.Cut(text, ",")
	if !found {
		fields := strings.Fields(text)
		if len(fields) != 2 {
			return p, s, false
		}
		a, b = fields[0], fields[1]
	}
	x, xAxis, ok1 := parseAngle(a)
	y, yAxis, ok2 := parseAngle(b)
	if !ok1 || !ok2 || xAxis != 0 && xAxis == yAxis {
		return p, s, false
	}
	p = Point{x, y}
	switch {
	case xAxis == 'N' || yAxis == 'E':
		p = Point{y, x}
	case xAxis == 'E' || yAxis == 'N':
	case !valid(p) && valid(Point{y, x}), chinese(Point{y, x}) && !chinese(p):
		p = Point{y, x} // latitude first
	}
	return p, s, valid(p)
}

func valid(p Point) bool {
	return p.Lon >= -180 && p.Lon <= 180 && p.Lat >= -90 && p.Lat <= 90
}

// chinese reports whether a point may lie in the country.
func chinese(p Point) bool { return p.Lon >= 73 && p.Lon <= 136 && p.Lat >= 3 && p.Lat <= 54 }

// parseAngle reads degrees; axis is N or E where the text says so.
func parseAngle(t string) (deg float64, axis byte, ok bool) {
	t = strings.ToUpper(strings.TrimSpace(t))
	sign := 1.0
	for _, c := range []byte("NESW") {
		if rest, cut := cutEither(t, string(c)); cut {
			t, axis = rest, c
			break
		}
	}
	switch axis {
	case 'S':
		sign, axis = -1, 'N'
	case 'W':
		sign, axis = -1, 'E'
	}
	t = strings.TrimSpace(t)
	if v, err := strconv.ParseFloat(strings.TrimRight(t, "°度"), 64); err == nil && decimalForm.MatchString(strings.TrimRight(t, "°度")) {
		return sign * v, axis, true
	}
	m := dmsForm.FindStringSubmatch(strings.ToLower(t))
	if m == nil {
		return 0, 0, false
	}
	for i, unit := range []float64{1, 60, 3600} {
		if m[i+1] == "" {
			continue
		}
		v, err := strconv.ParseFloat(m[i+1], 64)
		if err != nil || i > 0 && v >= 60 {
			return 0, 0, false
		}
		deg += v / unit
	}
	return sign * deg, axis, true
}

func cutEither(t, c string) (string, bool) {
	if rest, ok := strings.CutPrefix(t, c); ok {
		return rest, true
	}
	return strings.CutSuffix(t, c)
}
