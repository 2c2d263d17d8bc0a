package api

import (
	"context"

	"qianshao/registry"
)

type outlinesOut struct {
	Cache string `header:"Cache-Control"`
	Body  struct {
		Type     string    `json:"type" enum:"FeatureCollection"`
		Features []outline `json:"features"`
	}
}

type outline struct {
	Type       string `json:"type" enum:"Feature"`
	Properties struct {
		Code string `json:"code" doc:"of the division" example:"522301"`
		Name string `json:"name" example:"兴义市"`
	} `json:"properties"`
	Geometry struct {
		Type        string         `json:"type" enum:"MultiLineString"`
		Coordinates [][][2]float64 `json:"coordinates" doc:"rings of LON, LAT, WGS-84"`
	} `json:"geometry"`
}

// outlines answers /api/v1/outlines.
func (h *Handler) outlines(ctx context.Context, _ *asked, _ *struct{}) (*outlinesOut, error) {
	list, err := h.cfg.Registry.SitePlaces(ctx)
	if err != nil {
		return nil, err
	}
	out := &outlinesOut{Cache: "private, max-age=300"}
	out.Body.Type, out.Body.Features = "FeatureCollection", []outline{}
	for _, p := range list {
		if p.Kind != registry.Outline {
			continue
		}
		o := outline{Type: "Feature"}
		o.Properties.Code, o.Properties.Name = p.Ref, p.Name
		o.Geometry.Type, o.Geometry.Coordinates = "MultiLineString", p.Rings
		out.Body.Features = append(out.Body.Features, o)
	}
	return out, nil
}
