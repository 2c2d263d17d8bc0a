package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"qianshao/registry/access"
	"qianshao/registry/cases"
	"qianshao/registry/label"
	"qianshao/registry/viewing"
	"qianshao/storage/media"
	"qianshao/storage/timeline"
)

// maxReason is how many characters a viewing's reason may have.
const maxReason = 500

type openViewingIn struct {
	Body struct {
		Case    string          `json:"case" maxLength:"128" doc:"the case's id or number" example:"A5223012026110017"`
		Cameras []string        `json:"cameras" minItems:"1" maxItems:"100" doc:"our id, carrier:device, or a device id" example:"[\"c_abcdefgh234567ab\"]"`
		From    timeline.Micros `json:"from" format:"date-time" example:"2026-11-23T01:00:00+08:00"`
		To      timeline.Micros `json:"to" format:"date-time" doc:"for live, after now" example:"2026-11-23T03:00:00+08:00"`
		Reason  string          `json:"reason,omitempty" maxLength:"500" doc:"default: the case's"`
	}
}

// viewingJSON is an open viewing.
type viewingJSON struct {
	Viewing string           `json:"viewing" doc:"to be sent as viewing= with every request for footage" example:"v_abcdefgh234567ab"`
	Case    string           `json:"case" doc:"the case's number, or its id"`
	Who     string           `json:"who"`
	Cameras []media.CameraID `json:"cameras"`
	From    timeline.Micros  `json:"from" format:"date-time"`
	To      timeline.Micros  `json:"to" format:"date-time"`
	Reason  string           `json:"reason"`
	Shared  []string         `json:"shared,omitempty" doc:"logins that may use it too"`
}

func viewingOf(g *viewing.Granted) viewingJSON {
	return viewingJSON{g.ID, g.Case, g.Who, g.Cameras, g.Span.From, g.Span.To, g.Reason, g.Shared}
}

type viewingOut struct {
	Cache string `header:"Cache-Control"`
	Body  viewingJSON
}

// openViewing answers POST /api/v1/viewings: the register has it when it answers.
func (h *Handler) openViewing(ctx context.Context, a *asked, in *openViewingIn) (*viewingOut, error) {
	if err := h.findCase(ctx, a, in.Body.Case); err != nil {
		h.even(ctx, a.began, err)
		return nil, err
	}
	if err := h.mayCase(ctx, a, access.WorkOnCase); err != nil {
		return nil, err
	}
	if s := a.file.State(a.now); s != cases.Running {
		return nil, fmt.Errorf("case %s: %w: it is %s", a.file.Name(), cases.ErrState, s)
	}
	if err := label.Check(in.Body.Reason, maxReason); err != nil { // it stands in the register and on pages
		return nil, fmt.Errorf("reason: %w", err)
	}
	span := timeline.Span{From: in.Body.From, To: in.Body.To}
	if span.Empty() {
		return nil, badParam("to", span.To.String(), "a time after from")
	}
	g := viewing.Grant{
		Who: a.subject.ID, Unit: a.subject.Unit, Address: a.address, CaseID: a.file.ID, Case: a.file.Name(), Reason: in.Body.Reason, Span: span,
	}
	if g.Reason == "" {
		g.Reason = a.file.Reason
	}
	for _, ref := range in.Body.Cameras {
		cam, err := h.known(ctx, a, ref)
		if err != nil {
			return nil, err
		}
		spot := cam.Spot()
		if !a.file.Allows(&spot, span) {
			return nil, fmt.Errorf("camera %s from %v to %v: %w", cam.ID, span.From, span.To, cases.ErrOutside)
		}
		if !slices.Contains(g.Cameras, cam.ID) {
			g.Cameras = append(g.Cameras, cam.ID)
		}
	}
	open, err := h.cfg.Viewings.Grant(ctx, g)
	if errors.Is(err, viewing.ErrMany) {
		return nil, &Problem{
			Status: http.StatusTooManyRequests, Code: "too_many", Detail: err.Error(), Next: "close some (DELETE /api/v1/viewings/{viewing}); idle ones close after 15 minutes", retry: "60",
		}
	}
	if err != nil {
		return nil, err
	}
	return &viewingOut{Cache: "no-store", Body: viewingOf(&open)}, nil
}

// OneViewing is exported for the JSON library, which looks into it.
type OneViewing struct {
	Viewing string `path:"viewing" maxLength:"128" doc:"its id"`
}

// ownViewing finds the open viewing that a path names, if it is that of who asks.
func (h *Handler) ownViewing(a *asked, id string) (viewing.Granted, error) {
	g, ok := h.cfg.Viewings.Find(id, a.subject.ID)
	if !ok || g.Who != a.subject.ID {
		return g, &Problem{
			Status: http.StatusNotFound, Code: "unknown_viewing", Detail: "this viewing is over, or is not yours", Next: "open one: POST /api/v1/viewings",
		}
	}
	return g, nil
}

// getViewing answers GET /api/v1/viewings/{viewing}: also to whom it is shared with.
func (h *Handler) getViewing(_ context.Context, a *asked, in *OneViewing) (*viewingOut, error) {
	g, ok := h.cfg.Viewings.Find(in.Viewing, a.subject.ID)
	if !ok {
		_, err := h.ownViewing(a, in.Viewing)
		return nil, err
	}
	return &viewingOut{Cache: "no-store", Body: viewingOf(&g)}, nil
}

type shareIn struct {
	OneViewing
	Body struct {
		Login string `json:"login" maxLength:"64" doc:"a member of the case" example:"li.na"`
	}
}

// shareViewing answers POST /api/v1/viewings/{viewing}/shares.
func (h *Handler) shareViewing(ctx context.Context, a *asked, in *shareIn) (*viewingOut, error) {
	g, err := h.ownViewing(a, in.Viewing)
	if err != nil {
		return nil, err
	}
	c, err := h.cfg.Cases.Get(g.CaseID)
	if err != nil {
		return nil, err
	}
	if !cases.IsMember(&c, cases.Party{Login: in.Body.Login}) {
		return nil, &Problem{
			Status: http.StatusUnprocessableEntity, Code: "no_member", Detail: fmt.Sprintf("%.64q does not work on case %s", in.Body.Login, c.Name()),
			Next: "make them a member first: PUT /api/v1/cases/{case}/members",
		}
	}
	g, err = h.cfg.Viewings.Share(ctx, g.ID, in.Body.Login, a.address)
	if err != nil {
		return nil, err
	}
	return &viewingOut{Cache: "no-store", Body: viewingOf(&g)}, nil
}

// closeViewing answers DELETE /api/v1/viewings/{viewing}.
func (h *Handler) closeViewing(ctx context.Context, a *asked, in *OneViewing) (*doneOut, error) {
	g, err := h.ownViewing(a, in.Viewing)
	if err != nil {
		return nil, err
	}
	return &doneOut{}, h.cfg.Viewings.End(ctx, g.ID)
}
