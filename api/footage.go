package api

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"qianshao/registry"
	"qianshao/registry/area"
	"qianshao/storage/media"
	"qianshao/storage/timeline"
)

const (
	maxRadius = 20_000           // metres
	maxNear   = 7 * timeline.Day // the longest window
)

// Place is exported for the JSON library, which looks into it. It says where
// cameras are looked for: in a circle, a polygon or a division.
type Place struct {
	Near     string  `query:"near" doc:"LON,LAT in WGS-84 degrees" example:"104.895,25.092"`
	Radius   float64 `query:"radius_m" minimum:"1" maximum:"20000" default:"500" doc:"metres around near"`
	Polygon  string  `query:"polygon" maxLength:"800" doc:"in place of near: corners as LON,LAT with spaces between them" example:"104.88,25.08 104.91,25.08 104.9,25.11"`
	Division string  `query:"division" maxLength:"12" doc:"in place of both: a division's code, as /api/v1/places gives it" example:"522301003000"`
	Group    string  `query:"group" maxLength:"128" doc:"in place of all: the ref of a group of divisions, as /api/v1/places gives it" example:"yilong"`
}

// where is what the parameters mean; none of them gives false.
func (p *Place) where() (in registry.Where, ok bool, err error) {
	given := 0
	for _, text := range []string{p.Near, p.Polygon, p.Division, p.Group} {
		if text != "" {
			given++
		}
	}
	switch {
	case given == 0:
		return in, false, nil
	case given > 1:
		return in, false, badParam("near", p.Near, "one of near, polygon, division and group")
	case p.Division != "":
		in.Divisions = []string{p.Division}
		return in, true, nil
	case p.Group != "":
		in.Group = p.Group
		return in, true, nil
	case p.Polygon != "":
		if in.Polygon, err = area.ParsePolygon(p.Polygon); err != nil {
			return in, false, badParam("polygon", p.Polygon, err.Error())
		}
		return in, true, nil
	}
	in.Lon, in.Lat, err = parsePoint(p.Near)
	in.RadiusM = p.Radius
	if p.Radius > maxRadius {
		return in, false, badParam("radius_m", fmt.Sprint(p.Radius), fmt.Sprintf("at most %d", maxRadius))
	}
	return in, err == nil, err
}

// Sight is exported for the JSON library. It says how a camera stands to the place
// that it was looked for by.
type Sight struct {
	DistanceM *float64      `json:"distance_m,omitempty" doc:"from the point, or the middle of the polygon"`
	View      registry.View `json:"view,omitempty" enum:"facing,beside,away,unknown" doc:"how it looks there; not of a division"`
	Bearing   *float64      `json:"bearing_deg,omitempty" doc:"in which direction, from the camera, clockwise from north"`
}

func sightOf(f *registry.Found) Sight {
	if f.View == "" {
		return Sight{}
	}
	far, bearing := math.Round(f.DistanceM*10)/10, math.Round(f.Bearing*10)/10
	return Sight{&far, f.View, &bearing}
}

type nearIn struct {
	Place
	From    string `query:"from" required:"true" doc:"RFC 3339; a space where an unescaped + stood is accepted" example:"2026-11-23T09:00:00+08:00"`
	To      string `query:"to" required:"true" doc:"RFC 3339, after from, at most 7 days later" example:"2026-11-23T10:00:00+08:00"`
	Limit   int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"at most so many cameras"`
	Viewing string `query:"viewing" maxLength:"128" doc:"an investigator's: only its cameras are found"`
}

type nearItem struct {
	ID       media.CameraID `json:"id"`
	Carrier  string         `json:"carrier"`
	DeviceID string         `json:"carrier_device_id"`
	Name     string         `json:"name"`
	Sight
	Lon     *float64 `json:"lon" doc:"where it stood in the window; null: not known"`
	Lat     *float64 `json:"lat"`
	Azimuth *float64 `json:"azimuth_deg"`
	FOV     *float64 `json:"fov_deg"`
	Range   *float64 `json:"range_m"`
	Coverage
}

type nearOut struct {
	Cache string `header:"Cache-Control"`
	Body  struct {
		From  timeline.Micros `json:"from" format:"date-time"`
		To    timeline.Micros `json:"to" format:"date-time"`
		Items []nearItem      `json:"items" doc:"those that see the point best first: one that looks away counts as four times as far away; of a division by name"`
		More  int             `json:"more" doc:"how many further cameras stand there"`
	}
}

// footage answers /api/v1/footage.
func (h *Handler) footage(ctx context.Context, a *asked, in *nearIn) (*nearOut, error) {
	where, ok, err := in.where()
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, badParam("near", "", "a place: near=LON,LAT, polygon=, division= or group=")
	}
	if a.span.Len() > maxNear {
		return nil, badParam("to", in.To, fmt.Sprintf("a window of at most %d days", maxNear/timeline.Day))
	}
	found, more, err := h.cfg.Registry.Find(ctx, where, a.span, in.Limit, func(f *registry.Found) bool {
		return a.viewing.ID == "" || slices.Contains(a.viewing.Cameras, f.ID)
	})
	if err != nil {
		return nil, err
	}
	out := &nearOut{Cache: "no-store"}
	out.Body.From, out.Body.To = a.span.From, a.span.To
	out.Body.Items = []nearItem{}
	out.Body.More = more
	streams := make([]media.StreamID, len(found))
	for i := range found {
		if streams[i], err = streamOf(&found[i].Camera, ""); err != nil {
			return nil, err
		}
	}
	covered, err := h.coverageOf(ctx, streams, a.span, a.now)
	if err != nil {
		return nil, err
	}
	for i := range found {
		f := &found[i]
		x := nearItem{ID: f.ID, Carrier: f.Carrier, DeviceID: f.DeviceID, Name: f.Name, Sight: sightOf(f)}
		if !f.Valid.Empty() {
			x.Lon, x.Lat, x.Azimuth, x.FOV, x.Range = &f.At.Lon, &f.At.Lat, f.At.Azimuth, f.At.FOV, f.At.Range
		}
		x.Coverage = covered[i]
		out.Body.Items = append(out.Body.Items, x)
	}
	return out, nil
}

// parsePoint reads LON,LAT.
func parsePoint(s string) (lon, lat float64, err error) {
	a, b, ok := strings.Cut(s, ",")
	lon, err1 := strconv.ParseFloat(strings.TrimSpace(a), 64)
	lat, err2 := strconv.ParseFloat(strings.TrimSpace(b), 64)
	if !ok || err1 != nil || err2 != nil || !(lon >= -180 && lon <= 180) || !(lat >= -90 && lat <= 90) {
		return 0, 0, badParam("near", s, "LON,LAT in degrees, for example 104.895,25.092")
	}
	return lon, lat, nil
}
