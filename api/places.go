package api

import (
	"context"
	"strings"

	"qianshao/registry/area"
	"qianshao/registry/place"
)

type placesIn struct {
	Q     string `query:"q" required:"true" maxLength:"200" doc:"name, pinyin, initials, division code, device id or coordinates; several words narrow it down"`
	Limit int    `query:"limit" minimum:"1" maximum:"50" default:"10" doc:"at most so many"`
}

type placeItem struct {
	Kind place.Kind `json:"kind" enum:"prefecture,county,township,village,group,landmark,camera,point"`
	Ref  string     `json:"ref" doc:"division code, our id of a camera, or the site's own id; empty for coordinates" example:"522301003000"`
	Name string     `json:"name"`
	Also []string   `json:"also" doc:"other names it goes by" example:"[\"老粮站\"]"`
	Path []string   `json:"path" doc:"county, township and village it lies in" example:"[\"兴义市\",\"桔山街道\"]"`
	Lon  *float64   `json:"lon" doc:"WGS-84 degrees; null: not known, search the division"`
	Lat  *float64   `json:"lat"`
}

type placesOut struct {
	Cache string `header:"Cache-Control"`
	Body  struct {
		Items []placeItem `json:"items" doc:"best first"`
	}
}

// places answers /api/v1/places.
func (h *Handler) places(ctx context.Context, a *asked, in *placesIn) (*placesOut, error) {
	list, err := h.cfg.Registry.SearchPlaces(ctx, in.Q, in.Limit, h.lists(a))
	if err != nil {
		return nil, err
	}
	out := &placesOut{Cache: "no-store"}
	out.Body.Items = []placeItem{}
	for _, e := range list {
		x := placeItem{Kind: e.Kind, Ref: e.Ref, Name: e.Name, Also: e.Also, Path: place.Path(e.Division)}
		if e.Kind == place.Camera {
			x.Also = x.Also[:1:1] // carrier:device; of the rest it need not be told which it was
			x.Also = append(x.Also, e.Also[2:]...)
		}
		if x.Also == nil {
			x.Also = []string{}
		}
		if x.Path == nil {
			x.Path = []string{}
		}
		if e.Point != nil {
			x.Lon, x.Lat = &e.Point.Lon, &e.Point.Lat
		}
		out.Body.Items = append(out.Body.Items, x)
	}
	return out, nil
}

// lists says which cameras a list for who asks may hold.
func (h *Handler) lists(a *asked) func(*area.Spot) bool {
	return func(s *area.Spot) bool {
		carrier, _, _ := strings.Cut(s.Ref, ":")
		return (a.carrier == "" || a.carrier == carrier) && (a.in == nil || a.in(s))
	}
}
