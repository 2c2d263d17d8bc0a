package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"qianshao/registry"
	"qianshao/registry/access"
	"qianshao/registry/area"
	"qianshao/registry/cases"
	"qianshao/registry/viewing"
	"qianshao/storage/media"
	"qianshao/storage/timeline"
)

// asked is what a request is about, found by the gate before it is let through.
type asked struct {
	path    string          // of the request, for the log
	now     timeline.Micros // when it came
	began   time.Time       // the same, for how long it takes
	subject access.Subject  // who asks; of routes that the gate guards
	carrier string          // of lists and imports: only this carrier's; empty: all
	// in says which cameras a list may hold; nil: all.
	in      func(*area.Spot) bool
	viewing viewing.Granted // that the request names, and may use; its ID empty: none
	file    cases.Case      // of routes with {case}
	address string          // of the client
	secure  bool            // it came over TLS
	request *http.Request
	camera  registry.Camera // of routes with {id}
	stream  media.StreamID  // the camera's main stream, or what stream= says
	span    timeline.Span   // of the footage; zero for routes without
	at      timeline.Micros // of a moment; 0: the newest
	pass    *viewing.Pass   // counts what is shown; nil: nothing is
}

type askedKey struct{}

// askedOf returns what the gate found.
func askedOf(ctx context.Context) *asked {
	a, _ := ctx.Value(askedKey{}).(*asked)
	return a
}

// extent says which time a route is about.
type extent uint8

const (
	noTime  extent = iota
	window         // from= and to=, both needed
	moment         // at=, or the newest
	present        // from now on
)

// maxViewing bounds the id of a viewing.
const maxViewing = 128

// guard puts the gate in front of a handler. It is the only place that asks
// access.Authorize, and everything that is registered passes through it.
func (h *Handler) guard(rt *route, next http.HandlerFunc) http.HandlerFunc {
	if rt.action == "" && rt.mount == nil {
		return next
	}
	return func(w http.ResponseWriter, r *http.Request) {
		if rt.action == "" {
			next(w, r.WithContext(context.WithValue(r.Context(), askedKey{}, h.of(r))))
			return
		}
		a, err := h.identified(r)
		if err != nil {
			h.fail(w, r, err)
			return
		}
		if k := a.subject.Kind; k == access.Account || k == access.Program { // refusals count: who looks for what there is asks much
			leave, err := h.accounts.enter(a.subject.ID)
			if err != nil {
				h.fail(w, r, err)
				return
			}
			defer leave()
		}
		if err := h.admit(rt, r, a); err != nil {
			h.refused(rt, a, err)
			h.even(r.Context(), a.began, err)
			h.fail(w, r, err)
			return
		}
		if p, ok := w.(*paced); ok && h.cfg.Accounts != nil && r.Method == http.MethodGet {
			ctx, cancel := context.WithCancel(r.Context())
			defer cancel()
			defer h.watch(ctx, rt, r, func() { p.cut(); cancel() })() // nobody ends it well meanwhile
			r = r.WithContext(ctx)
		}
		if rt.action.Shows() && r.Method != http.MethodHead {
			pass, err := h.cfg.Viewings.Use(r.Context(), a.use(rt, r))
			if err != nil {
				h.fail(w, r, err)
				return
			}
			defer pass.End()
			a.pass = pass
			w = &metered{ResponseWriter: w, pass: pass}
		}
		next(w, r.WithContext(context.WithValue(r.Context(), askedKey{}, a)))
	}
}

// of is what any request says of itself.
func (h *Handler) of(r *http.Request) *asked {
	a := &asked{path: r.URL.Path, now: h.now(), began: time.Now(), secure: secure(r), request: r}
	if !overUnix(r) {
		a.address = clientOf(r)
	}
	return a
}

// identified is what a request says of itself, and who asks.
func (h *Handler) identified(r *http.Request) (a *asked, err error) {
	a = h.of(r)
	a.subject, err = h.identify(r)
	return a, err
}

// admit finds what a request asks for, and whether it may. A camera that somebody
// may not know of is answered as one that is not there.
func (h *Handler) admit(rt *route, r *http.Request, a *asked) (err error) {
	q := r.URL.Query()
	ask := access.Request{Subject: a.subject, Action: rt.action}
	if id := q.Get("viewing"); len(id) > maxViewing {
		return badParam("viewing", id[:16]+"…", "the id of a viewing")
	}
	if strings.Contains(rt.path, "{case}") {
		if err = h.findCase(r.Context(), a, r.PathValue("case")); err != nil {
			return err
		}
		ask.Case, ask.Facts = a.file.ID, h.caseFacts(r.Context(), a, &a.file)
	}
	if strings.Contains(rt.path, "{id}") {
		if err = h.find(r.Context(), a, r.PathValue("id")); err != nil {
			return err
		}
		ask.Camera, ask.Carrier = a.camera.ID, a.camera.Carrier
		if a.stream, err = streamOf(&a.camera, q.Get("stream")); err != nil {
			return err
		}
	}
	if err := a.time(rt.extent, q); err != nil {
		return err
	}
	ask.Span = a.span
	if rt.action.Shows() {
		ask.Facts.InViewing = h.inViewing(a, q.Get("viewing"))
		if ask.Facts.Withdrawn, err = h.withdrawn(r.Context(), a); err != nil {
			return err
		}
	}
	if ask.Camera != "" {
		ask.Facts.InCase, ask.Facts.Own = h.inCase(a, &a.camera), a.owns(a.camera.ID)
	}
	err = h.cfg.Gate.Authorize(r.Context(), ask)
	if errors.Is(err, access.ErrForbidden) && ask.Facts.Withdrawn {
		return errWithdrawn
	}
	if errors.Is(err, access.ErrForbidden) && rt.action.Shows() && a.subject.Has(investigator) {
		return errNoViewing
	}
	if errors.Is(err, access.ErrForbidden) && rt.action.Narrows() {
		err = h.narrowed(r.Context(), a, ask)
	}
	if errors.Is(err, access.ErrForbidden) && rt.action == access.AddCameras && a.subject.Carrier != "" { // its own, then
		ask.Carrier, a.carrier = a.subject.Carrier, a.subject.Carrier
		err = h.cfg.Gate.Authorize(r.Context(), ask)
	}
	return err
}

// narrowed lets who may not ask about all cameras ask about those that they may: by
// their cases, their house, or their carrier, whichever the gate allows first.
func (h *Handler) narrowed(ctx context.Context, a *asked, ask access.Request) (err error) {
	for _, narrow := range []func(*access.Request){
		func(ask *access.Request) { ask.Facts.InCase, a.in = h.hasCases(a), h.reaches(a) },
		func(ask *access.Request) {
			ask.Facts.Own, a.in = len(a.subject.Cameras) > 0, func(s *area.Spot) bool { return a.owns(s.Camera) }
		},
		func(ask *access.Request) { ask.Carrier, a.carrier, a.in = a.subject.Carrier, a.subject.Carrier, nil },
	} {
		asking := ask
		narrow(&asking)
		if err = h.cfg.Gate.Authorize(ctx, asking); err == nil {
			return nil
		}
	}
	return err
}

// find finds the camera of a request among those that who asks may know of.
func (h *Handler) find(ctx context.Context, a *asked, ref string) error {
	cam, err := h.cfg.Registry.Resolve(ctx, ref)
	var several *registry.AmbiguousError
	if errors.As(err, &several) {
		cam, err = h.among(ctx, a, several)
	}
	if err != nil {
		return err
	}
	if a.camera = cam; !h.knows(ctx, a, &cam) {
		return registry.Unknown(ref)
	}
	return nil
}

// among finds the one camera that is meant, if who asks may know of one alone.
func (h *Handler) among(ctx context.Context, a *asked, several *registry.AmbiguousError) (registry.Camera, error) {
	known := &registry.AmbiguousError{Ref: several.Ref}
	for _, c := range several.Candidates {
		cam, err := h.cfg.Registry.Get(ctx, c.ID)
		if err != nil {
			return cam, err
		}
		if h.knows(ctx, a, &cam) {
			known.Candidates = append(known.Candidates, c)
		}
	}
	switch len(known.Candidates) {
	case 0:
		return registry.Camera{}, registry.Unknown(several.Ref)
	case 1:
		return h.cfg.Registry.Get(ctx, known.Candidates[0].ID)
	}
	return registry.Camera{}, known
}

// knows reports whether who asks may know of a camera.
func (h *Handler) knows(ctx context.Context, a *asked, c *registry.Camera) bool {
	return h.cfg.Gate.Authorize(ctx, access.Request{
		Subject: a.subject, Action: access.ReadCamera, Camera: c.ID, Carrier: c.Carrier, Facts: access.Facts{InCase: h.inCase(a, c), Own: a.owns(c.ID)},
	}) == nil
}

// time reads the parameters of an extent.
func (a *asked) time(e extent, q url.Values) (err error) {
	switch e {
	case window:
		if a.span.From, err = parseTime(q, "from"); err != nil {
			return err
		}
		if a.span.To, err = parseTime(q, "to"); err != nil {
			return err
		}
		if a.span.Empty() {
			return badParam("to", q.Get("to"), "a time after from")
		}
	case moment:
		if q.Get("at") == "" {
			a.span = timeline.Span{From: a.now, To: a.now + 1}
			return nil
		}
		if a.at, err = parseTime(q, "at"); err != nil {
			return err
		}
		a.span = timeline.Span{From: a.at, To: a.at + 1}
	case present:
		a.span = timeline.Span{From: a.now, To: timeline.Forever}
	case noTime:
	}
	return nil
}

// streamOf finds the stream a request means. A role that the camera has not now
// may have had footage before, so any role is taken.
func streamOf(c *registry.Camera, role string) (media.StreamID, error) {
	for n, name := range []string{"main", "sub", "sub2"} {
		if role == name || role == "" && n == 0 {
			return media.StreamID(fmt.Sprintf("%s.%d", c.ID, n)), nil
		}
	}
	return "", badParam("stream", role, "main, sub or sub2")
}

// parseTime reads RFC 3339, with a space where an unescaped + stood.
func parseTime(q url.Values, name string) (timeline.Micros, error) {
	text := q.Get(name)
	if i := strings.LastIndexByte(text, ' '); i > len("2006-01-02T15:04") {
		text = text[:i] + "+" + text[i+1:]
	}
	return instant(name, text)
}

// instant reads RFC 3339.
func instant(name, text string) (timeline.Micros, error) {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil || t.Year() < 1970 || t.Year() > 9998 {
		return 0, badParam(name, text, "a time like 2026-11-23T09:00:00+08:00 or 2026-11-23T01:00:00Z")
	}
	return timeline.FromTime(t), nil
}

// number reads an integer parameter.
func number(q url.Values, name string, otherwise, lowest, highest int) (int, error) {
	raw := q.Get(name)
	if raw == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(raw)
	if err != nil || n < lowest || n > highest {
		return 0, badParam(name, raw, fmt.Sprintf("a number from %d to %d", lowest, highest))
	}
	return n, nil
}
