package api

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"qianshao/registry"
	"qianshao/registry/access"
	"qianshao/registry/account"
	"qianshao/registry/area"
	"qianshao/registry/cases"
	"qianshao/storage/index"
	"qianshao/storage/media"
	"qianshao/storage/timeline"
)

// What the gate is told beside who asks for what: which cases and viewings there
// are at the moment. Only investigators have any.

const investigator = string(account.Investigator)

// errNoViewing is the answer for footage of a camera that somebody may know of,
// without a viewing that contains it.
var errNoViewing = &Problem{
	Status: http.StatusForbidden, Title: "Forbidden", Code: "viewing_needed",
	Detail: "footage is seen in a viewing, and none that contains this camera and time is open for you",
	Next:   "open one, POST /api/v1/viewings {case, cameras, from, to, reason}, and send its id as viewing=",
}

// errWithdrawn is the answer for footage of a household that has withdrawn.
var errWithdrawn = &Problem{
	Status: http.StatusGone, Title: "Gone", Code: "consent_withdrawn",
	Detail: "the household has withdrawn its consent: its footage is deleted, and shown to nobody until then",
	Next:   "look for another camera that saw the place",
}

// withdrawn reports whether the household of the camera that is asked for has withdrawn,
// and no case holds what is asked for.
func (h *Handler) withdrawn(ctx context.Context, a *asked) (bool, error) {
	if a.camera.Lifecycle != registry.Withdrawn {
		return false, nil
	}
	holds, err := h.cfg.Archive.Index.Holds(ctx)
	if err != nil {
		return false, err
	}
	return !slices.ContainsFunc(holds, func(hold index.Hold) bool { return hold.Keeps(a.stream, a.span) }), nil
}

// party is who asks, as cases know them.
func (a *asked) party() cases.Party {
	if a.subject.Kind == access.Program {
		return cases.Party{Case: a.subject.Case}
	}
	return cases.Party{Login: a.subject.ID}
}

// owns reports whether a camera stands at the house of who asks.
func (a *asked) owns(id media.CameraID) bool { return slices.Contains(a.subject.Cameras, id) }

// hasCases reports whether cases and viewings have a say about who asks.
func (h *Handler) hasCases(a *asked) bool { return h.cfg.Cases != nil && a.subject.Has(investigator) }

func (h *Handler) inCase(a *asked, c *registry.Camera) bool {
	if !h.hasCases(a) {
		return false
	}
	spot := c.Spot()
	return h.cfg.Cases.Reaches(a.party(), &spot)
}

// reaches says which cameras the open cases of who asks reach.
func (h *Handler) reaches(a *asked) func(*area.Spot) bool {
	return func(s *area.Spot) bool { return h.cfg.Cases.Reaches(a.party(), s) }
}

// inViewing reports whether a viewing contains what is asked for, and its case
// still allows it; of a search, whether it contains the time. What is live is
// asked about again and again: the present moment counts.
func (h *Handler) inViewing(a *asked, id string) bool {
	if !h.hasCases(a) || id == "" {
		return false
	}
	g, ok := h.cfg.Viewings.Find(id, a.subject.ID)
	span := a.span
	if span.To == timeline.Forever {
		span.To = span.From + 1
	}
	if !ok || !g.Holds(a.camera.ID, span) {
		return false
	}
	if a.camera.ID == "" {
		ok = h.cfg.Cases.Works(a.party(), g.CaseID)
	} else {
		spot := a.camera.Spot()
		ok = h.cfg.Cases.May(a.party(), g.CaseID, &spot, span)
	}
	if ok {
		a.viewing = g
	}
	return ok
}

// findCase finds the case of a request among those that who asks may know of.
func (h *Handler) findCase(ctx context.Context, a *asked, ref string) error {
	c, err := h.cfg.Cases.Get(ref)
	if err != nil {
		return err
	}
	if a.file = c; h.mayCase(ctx, a, access.ReadCase) != nil {
		return cases.Unknown(ref)
	}
	return nil
}

// mayCase asks the gate about the request's case.
func (h *Handler) mayCase(ctx context.Context, a *asked, act access.Action) error {
	return h.cfg.Gate.Authorize(ctx, access.Request{Subject: a.subject, Action: act, Case: a.file.ID, Facts: h.caseFacts(ctx, a, &a.file)})
}

func (h *Handler) caseFacts(ctx context.Context, a *asked, c *cases.Case) access.Facts {
	f := access.Facts{Member: cases.IsMember(c, a.party())}
	if a.subject.Kind == access.Account && c.By != a.subject.ID && len(c.Large) > 0 {
		units, err := h.cfg.Accounts.Units(ctx)
		f.Second = err == nil && (c.Unit == a.subject.Unit || account.Above(units, c.Unit, a.subject.Unit))
	}
	return f
}

// even holds back an answer that says that there is nothing, until the next beat
// since the request came: how long it took does not tell whether there is nothing,
// or something that is not for who asks.
func (h *Handler) even(ctx context.Context, began time.Time, err error) {
	if h.cfg.Accounts == nil || !errors.Is(err, registry.ErrUnknown) && !errors.Is(err, cases.ErrUnknown) {
		return
	}
	wait := h.cfg.Even - time.Since(began)%h.cfg.Even
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
