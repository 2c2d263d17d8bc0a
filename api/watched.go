package api

import (
	"context"

	"qianshao/registry/cases"
	"qianshao/registry/register"
	"qianshao/storage/timeline"
)

// watchedAfter is when a household is told of a viewing whose case is still open.
const watchedAfter = 30 * timeline.Day

// watchedJSON is a viewing as the household is told of it: which unit, when, and for
// what class of case; not who, and not why.
type watchedJSON struct {
	At    timeline.Micros  `json:"at" format:"date-time" doc:"when it began"`
	Unit  string           `json:"unit,omitempty" doc:"whose officer looked"`
	Class string           `json:"class,omitempty" doc:"of the case" example:"盗窃"`
	From  *timeline.Micros `json:"from" format:"date-time" doc:"of the footage"`
	To    *timeline.Micros `json:"to" format:"date-time"`
}

type watchedIn struct {
	ID    string `path:"id" doc:"our id, carrier:device, or a device id"`
	Limit int    `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"at most so many, the newest"`
}

type watchedOut struct {
	Cache string `header:"Cache-Control"`
	Body  struct {
		Items []watchedJSON `json:"items" doc:"newest first"`
		Later int           `json:"later" doc:"further ones, of cases that are still open: told when these close, or after 30 days" example:"1"`
	}
}

// watched answers GET /api/v1/cameras/{id}/viewings.
func (h *Handler) watched(ctx context.Context, a *asked, in *watchedIn) (*watchedOut, error) {
	out := &watchedOut{Cache: "no-store"}
	out.Body.Items = []watchedJSON{}
	for after := ""; len(out.Body.Items) < in.Limit; {
		page, err := h.cfg.Register.List(ctx, register.Query{Camera: a.camera.ID, Written: timeline.Span{To: timeline.Forever}, Limit: 1000, After: after})
		if err != nil {
			return nil, err
		}
		for i := range page.Items {
			e := &page.Items[i]
			if e.Kind != register.ViewingOpen && e.Kind != register.ViewingMore || len(out.Body.Items) == in.Limit {
				continue
			}
			class, closed := h.classOf(e.Case, a.now)
			if !closed && a.now-e.At < watchedAfter {
				out.Body.Later++
				continue
			}
			x := watchedJSON{At: e.At, Unit: e.Unit, Class: class}
			if told := entryOf(e); told.From != nil {
				x.From, x.To = told.From, told.To
			}
			out.Body.Items = append(out.Body.Items, x)
		}
		if after = page.Next; after == "" {
			break
		}
	}
	return out, nil
}

// classOf finds the class of a case that an entry names, and whether the case is
// over. What was seen for no case is told at once.
func (h *Handler) classOf(name string, now timeline.Micros) (class string, over bool) {
	if name == "" || h.cfg.Cases == nil {
		return "", true
	}
	c, err := h.cfg.Cases.Get(name)
	if err != nil {
		return "", true
	}
	s := c.State(now)
	return c.Class, s == cases.Closed || s == cases.Expired
}
