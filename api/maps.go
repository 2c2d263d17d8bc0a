package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"qianshao/api/tiles"
)

type mapsOut struct {
	Cache string `header:"Cache-Control"`
	Body  struct {
		Items []tiles.Info `json:"items" doc:"in the order of the settings; none: borders and names alone"`
	}
}

// maps answers /api/v1/maps.
func (h *Handler) maps(context.Context, *asked, *struct{}) (*mapsOut, error) {
	out := &mapsOut{Cache: "no-store"}
	out.Body.Items = h.cfg.Maps.List()
	return out, nil
}

// tile answers /tiles/{source}/{z}/{x}/{y}.
func (h *Handler) tile(w http.ResponseWriter, r *http.Request) error {
	var at [3]int
	for i, name := range []string{"z", "x", "y"} {
		n, err := strconv.Atoi(r.PathValue(name))
		if err != nil {
			return badParam(name, r.PathValue(name), "a whole number")
		}
		at[i] = n
	}
	t, err := h.cfg.Maps.Tile(r.Context(), r.PathValue("source"), at[0], at[1], at[2])
	switch {
	case errors.Is(err, tiles.ErrNone):
		w.Header().Set("Cache-Control", "private, max-age=300")
		return &Problem{Status: http.StatusNotFound, Code: "no_tile", Detail: err.Error(), Next: "GET /api/v1/maps lists the maps and where they reach"}
	case r.Context().Err() != nil:
		return err
	case err != nil:
		h.cfg.Log.Warn("no tile of a map", "err", err)
		return &Problem{Status: http.StatusBadGateway, Code: "map_away", Detail: fmt.Sprintf("the map %q cannot be had at the moment", r.PathValue("source")), Next: "borders and cameras are shown without it; the server's log says why"}
	}
	head := w.Header()
	head.Set("Content-Type", t.Type)
	if t.Encoding != "" {
		head.Set("Content-Encoding", t.Encoding)
	}
	head.Set("Cache-Control", "private, max-age=86400")
	head.Set("Content-Length", strconv.Itoa(len(t.Body)))
	_, _ = w.Write(t.Body) // the client may have left
	return nil
}
