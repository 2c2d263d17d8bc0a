package api

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"qianshao/registry"
	"qianshao/storage/media"
	"qianshao/storage/timeline"
)

const (
	maxRadius = 20_000           // metres
	maxNear   = 7 * timeline.Day // the longest window
)

type nearIn struct {
	Near    string  `query:"near" required:"true" doc:"LON,LAT in WGS-84 degrees" example:"104.895,25.092"`
	Radius  float64 `query:"radius_m" minimum:"1" maximum:"20000" default:"500" doc:"metres"`
	From    string  `query:"from" required:"true" doc:"RFC 3339; a space where an unescaped + stood is accepted" example:"2026-11-23T09:00:00+08:00"`
	To      string  `query:"to" required:"true" doc:"RFC 3339, after from, at most 7 days later" example:"2026-11-23T10:00:00+08:00"`
	Limit   int     `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"at most so many cameras"`
	Viewing string  `query:"viewing" maxLength:"128" doc:"an investigator's: only its cameras are found"`
}

type nearItem struct {
	ID        media.CameraID `json:"id"`
	Carrier   string         `json:"carrier"`
	DeviceID  string         `json:"carrier_device_id"`
	Name      string         `json:"name"`
	DistanceM float64        `json:"distance_m"`
	Lon       float64        `json:"lon" doc:"where it stood in the window"`
	Lat       float64        `json:"lat"`
	Azimuth   *float64       `json:"azimuth_deg"`
	FOV       *float64       `json:"fov_deg"`
	Range     *float64       `json:"range_m"`
	Coverage
}

type nearOut struct {
	Cache string `header:"Cache-Control"`
	Body  struct {
		From  timeline.Micros `json:"from" format:"date-time"`
		To    timeline.Micros `json:"to" format:"date-time"`
		Items []nearItem      `json:"items" doc:"nearest first"`
		More  int             `json:"more" doc:"how many further cameras stand in the radius"`
	}
}

// footage answers /api/v1/footage.
func (h *Handler) footage(ctx context.Context, a *asked, in *nearIn) (*nearOut, error) {
	lon, lat, err := parsePoint(in.Near)
	if err != nil {
		return nil, err
	}
	if in.Radius > maxRadius {
		return nil, badParam("radius_m", fmt.Sprint(in.Radius), fmt.Sprintf("at most %d", maxRadius))
	}
	if a.span.Len() > maxNear {
		return nil, badParam("to", in.To, fmt.Sprintf("a window of at most %d days", maxNear/timeline.Day))
	}
	found, err := h.cfg.Registry.Near(ctx, lon, lat, in.Radius, a.span)
	if err != nil {
		return nil, err
	}
	out := &nearOut{Cache: "no-store"}
	out.Body.From, out.Body.To = a.span.From, a.span.To
	out.Body.Items = []nearItem{}
	if a.viewing.ID != "" {
		found = slices.DeleteFunc(found, func(f registry.Found) bool { return !slices.Contains(a.viewing.Cameras, f.ID) })
	}
	out.Body.More = max(0, len(found)-in.Limit)
	for _, f := range found[:min(len(found), in.Limit)] {
		x := nearItem{
			ID: f.ID, Carrier: f.Carrier, DeviceID: f.DeviceID, Name: f.Name, DistanceM: math.Round(f.DistanceM*10) / 10,
			Lon: f.At.Lon, Lat: f.At.Lat, Azimuth: f.At.Azimuth, FOV: f.At.FOV, Range: f.At.Range,
		}
		main, err := streamOf(&f.Camera, "")
		if err != nil {
			return nil, err
		}
		if x.Coverage, err = h.coverage(ctx, main, a.span, a.now); err != nil {
			return nil, err
		}
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
