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
	"qianshao/storage/media"
	"qianshao/storage/timeline"
)

// asked is what a request is about, found by the gate before it is let through.
type asked struct {
	path    string          // of the request, for the log
	now     timeline.Micros // when it came
	subject access.Subject  // who asks; of routes that the gate guards
	carrier string          // of lists: only this carrier's; empty: all
	address string          // of the client
	secure  bool            // it came over TLS
	request *http.Request
	camera  registry.Camera // of routes with {id}
	stream  media.StreamID  // the camera's main stream, or what stream= says
	span    timeline.Span   // of the footage; zero for routes without
	at      timeline.Micros // of a moment; 0: the newest
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
		a, err := h.admit(rt, r)
		if err != nil {
			h.fail(w, r, err)
			return
		}
		if k := a.subject.Kind; k == access.Account || k == access.Program {
			leave, err := h.accounts.enter(a.subject.ID)
			if err != nil {
				h.fail(w, r, err)
				return
			}
			defer leave()
		}
		if rt.action.Shows() && r.Method != http.MethodHead {
			pass, err := h.cfg.Viewings.Use(r.Context(), a.use(rt, r))
			if err != nil {
				h.fail(w, r, err)
				return
			}
			defer pass.End()
			if p, ok := w.(*paced); ok && h.cfg.Accounts != nil {
				ctx, cancel := context.WithCancel(r.Context())
				defer cancel()
				defer h.watch(ctx, rt, r, func() { cancel(); p.cut() })()
				r = r.WithContext(ctx)
			}
			w = &metered{ResponseWriter: w, pass: pass}
		}
		next(w, r.WithContext(context.WithValue(r.Context(), askedKey{}, a)))
	}
}

// of is what any request says of itself.
func (h *Handler) of(r *http.Request) *asked {
	a := &asked{path: r.URL.Path, now: h.now(), secure: r.TLS != nil, request: r}
	if !overUnix(r) {
		a.address = clientOf(r)
	}
	return a
}

// admit finds what a request asks for, and whether it may. A camera that somebody
// may not know of is answered as one that is not there.
func (h *Handler) admit(rt *route, r *http.Request) (*asked, error) {
	a := h.of(r)
	var err error
	if a.subject, err = h.identify(r); err != nil {
		return nil, err
	}
	q := r.URL.Query()
	ask := access.Request{Subject: a.subject, Action: rt.action, Viewing: q.Get("viewing")}
	if len(ask.Viewing) > maxViewing {
		return nil, badParam("viewing", ask.Viewing[:16]+"…", "the id of a viewing")
	}
	if strings.Contains(rt.path, "{id}") {
		if err := h.find(r, a); err != nil {
			return nil, err
		}
		ask.Camera, ask.Carrier = a.camera.ID, a.camera.Carrier
		if a.stream, err = streamOf(&a.camera, q.Get("stream")); err != nil {
			return nil, err
		}
	}
	if err := a.time(rt.extent, q); err != nil {
		return nil, err
	}
	ask.Span = a.span
	err = h.cfg.Gate.Authorize(r.Context(), ask)
	if errors.Is(err, access.ErrForbidden) && rt.action == access.ListCameras && a.subject.Carrier != "" {
		ask.Carrier, a.carrier = a.subject.Carrier, a.subject.Carrier
		err = h.cfg.Gate.Authorize(r.Context(), ask)
	}
	return a, err
}

// find finds the camera of a request among those that who asks may know of.
func (h *Handler) find(r *http.Request, a *asked) error {
	ref := r.PathValue("id")
	cam, err := h.cfg.Registry.Resolve(r.Context(), ref)
	var several *registry.AmbiguousError
	if errors.As(err, &several) {
		cam, err = h.among(r.Context(), a, several)
	}
	if err != nil {
		return err
	}
	if a.camera = cam; !h.knows(r.Context(), a, cam.ID, cam.Carrier) {
		return registry.Unknown(ref)
	}
	return nil
}

// among finds the one camera that is meant, if who asks may know of one alone.
func (h *Handler) among(ctx context.Context, a *asked, several *registry.AmbiguousError) (registry.Camera, error) {
	known := &registry.AmbiguousError{Ref: several.Ref}
	for _, c := range several.Candidates {
		if h.knows(ctx, a, c.ID, c.Carrier) {
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
func (h *Handler) knows(ctx context.Context, a *asked, id media.CameraID, carrier string) bool {
	return h.cfg.Gate.Authorize(ctx, access.Request{Subject: a.subject, Action: access.ReadCamera, Camera: id, Carrier: carrier}) == nil
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
	raw := q.Get(name)
	text := raw
	if i := strings.LastIndexByte(text, ' '); i > len("2006-01-02T15:04") {
		text = text[:i] + "+" + text[i+1:]
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil || t.Year() < 1970 || t.Year() > 9998 {
		return 0, badParam(name, raw, "a time like 2026-11-23T09:00:00+08:00 or 2026-11-23T01:00:00Z")
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
