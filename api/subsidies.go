package api

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"qianshao/registry"
	"qianshao/registry/onboard"
	"qianshao/storage/timeline"
)

// subsidyPage is how many cameras are read at once; each is then looked up by itself.
const subsidyPage = 200

// subsidyAsk is what a report of subsidies is about.
type subsidyAsk struct {
	month   onboard.Month
	carrier string
	minDays int
	least   timeline.Micros // of a day
	now     timeline.Micros
}

// subsidies answers GET /api/v1/subsidies: the cameras' online days of a month.
func (h *Handler) subsidies(w http.ResponseWriter, r *http.Request) error {
	a, q := askedOf(r.Context()), r.URL.Query()
	form, err := reportForm(r)
	if err != nil {
		return err
	}
	ask := subsidyAsk{least: timeline.Micros(h.cfg.SubsidyDay / time.Microsecond), now: a.now}
	if ask.carrier, err = whose(a, q.Get("carrier")); err != nil {
		return err
	}
	if ask.month, err = onboard.ParseMonth(q.Get("month")); err != nil {
		return badParam("month", q.Get("month"), "a month like 2026-11")
	}
	if ask.minDays, err = number(q, "min_days", 20, 1, 31); err != nil {
		return err
	}
	if r.Method == http.MethodHead {
		reportHead(w, form, "subsidies-"+ask.month.String())
		return nil
	}
	next, err := h.subsidyPage(r.Context(), &ask, "") // before a byte is out
	if err != nil {
		return err
	}
	reportHead(w, form, "subsidies-"+ask.month.String())
	to, err := newSubsidyWriter(w, form, &ask)
	for err == nil {
		for i := range next.items {
			if err = to.item(&next.items[i]); err != nil {
				break
			}
		}
		if next.after == "" || err != nil {
			break
		}
		if next, err = h.subsidyPage(r.Context(), &ask, next.after); err != nil {
			panic(http.ErrAbortHandler) // a report that ends early must not look whole
		}
	}
	if err == nil {
		err = to.end()
	}
	if err != nil {
		h.cfg.Log.Debug("answer not delivered", "path", r.URL.Path, "err", err)
		panic(http.ErrAbortHandler)
	}
	return nil
}

type subsidyItems struct {
	items []onboard.Subsidy
	after string // of the next page; empty: there is none
}

// subsidyPage counts the days of some cameras. Those that were never due in the month are
// left out.
func (h *Handler) subsidyPage(ctx context.Context, ask *subsidyAsk, after string) (out subsidyItems, err error) {
	page, err := h.cfg.Registry.List(ctx, registry.Query{State: registry.QueryAll, Carrier: ask.carrier, Limit: subsidyPage, After: after})
	if err != nil {
		return out, err
	}
	out.after = page.Next
	days := ask.month.Days(ask.now)
	for i := range page.Items {
		c := &page.Items[i]
		enrolled, err := h.cfg.Registry.Enrolled(ctx, c.ID.Stream(0))
		if err != nil {
			return out, err
		}
		if len(timeline.Intersect(days, enrolled)) == 0 {
			continue
		}
		recorded, err := h.recorded(ctx, c, ask.month.Span())
		if err != nil {
			return out, err
		}
		if s := onboard.SubsidyOf(c, days, enrolled, recorded, ask.least, ask.minDays); s.DueDays > 0 {
			out.items = append(out.items, s)
		}
	}
	return out, nil
}

// recorded is when a camera was recorded, also where the footage has expired since.
func (h *Handler) recorded(ctx context.Context, c *registry.Camera, span timeline.Span) ([]timeline.Span, error) {
	stream := c.ID.Stream(0)
	covered, err := h.cfg.Archive.Index.Covered(ctx, stream, span)
	if err != nil {
		return nil, err
	}
	causes, err := h.cfg.Archive.Index.Causes(ctx, stream, span)
	if err != nil {
		return nil, err
	}
	var expired []timeline.Span
	for _, cause := range causes {
		if cause.Cause == timeline.Expired {
			expired = append(expired, cause.Span)
		}
	}
	return timeline.Union(covered, timeline.Normalize(expired)), nil
}

// subsidyWriter writes a report as it is made.
type subsidyWriter struct {
	to              io.Writer
	ask             *subsidyAsk
	table           *onboard.Report // nil: JSON
	cameras, enough int
}

func newSubsidyWriter(to io.Writer, form string, ask *subsidyAsk) (w *subsidyWriter, err error) {
	w = &subsidyWriter{to: to, ask: ask}
	if form != "json" {
		w.table, err = onboard.NewReport(to, form, onboard.SubsidyColumns)
		return w, err
	}
	_, err = fmt.Fprintf(to, `{"month":%q,"day_hours":%g,"min_days":%d,"items":[`, ask.month, float64(ask.least)/float64(timeline.Hour), ask.minDays)
	return w, err
}

func (w *subsidyWriter) item(s *onboard.Subsidy) error {
	w.cameras++
	if s.Enough {
		w.enough++
	}
	if w.table != nil {
		return s.Report(w.table)
	}
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	if w.cameras > 1 {
		text = append([]byte(","), text...)
	}
	_, err = w.to.Write(text)
	return err
}

func (w *subsidyWriter) end() error {
	if w.table != nil {
		return w.table.Close()
	}
	_, err := fmt.Fprintf(w.to, `],"cameras":%d,"enough":%d}`+"\n", w.cameras, w.enough)
	return err
}
