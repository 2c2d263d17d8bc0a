package api

import (
	"context"
	"encoding/json"
	"net/http"

	"qianshao/registry/place"
)

type namesIn struct {
	Have string `header:"If-None-Match" hidden:"true"`
}

type namesOut struct {
	Status int
	Cache  string `header:"Cache-Control"`
	Tag    string `header:"ETag"`
	Body   struct {
		Items []nameItem `json:"items"`
	}
}

type nameItem struct {
	Code    string     `json:"code" doc:"of the division" example:"522301003000"`
	Name    string     `json:"name" example:"桔山街道"`
	Kind    place.Kind `json:"kind" enum:"county,township,village"`
	Lon     float64    `json:"lon" doc:"WGS-84 degrees: the middle of a county, or of the cameras of a township or village"`
	Lat     float64    `json:"lat"`
	Cameras int        `json:"cameras" doc:"how many of those that may be known stand in it" example:"4"`
}

// names answers /api/v1/names.
func (h *Handler) names(ctx context.Context, a *asked, in *namesIn) (*namesOut, error) {
	list, err := h.cfg.Registry.NamedSpots(ctx, h.lists(a))
	if err != nil {
		return nil, err
	}
	out := &namesOut{Status: http.StatusOK, Cache: privately}
	out.Body.Items = make([]nameItem, 0, len(list))
	for _, s := range list {
		out.Body.Items = append(out.Body.Items, nameItem{s.Code, s.Short(), s.Kind, s.At.Lon, s.At.Lat, s.Cameras})
	}
	text, err := json.Marshal(out.Body.Items)
	if err != nil {
		return nil, err
	}
	if out.Tag = `"n1-` + shortHash(string(text)) + `"`; holds(in.Have, out.Tag) {
		out.Status = http.StatusNotModified
	}
	return out, nil
}
