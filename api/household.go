package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"qianshao/registry"
	"qianshao/registry/register"
	"qianshao/storage/media"
	"qianshao/storage/timeline"
)

// What a household decides about its camera, and what is known of both over time. A
// carrier does it on its household's word.

// byJSON says who did something, and why.
type byJSON struct {
	Actor  string `json:"actor,omitempty" doc:"an account, operator, or system"`
	Reason string `json:"reason,omitempty"`
}

type stepJSON struct {
	At   timeline.Micros    `json:"at" format:"date-time"`
	From registry.Lifecycle `json:"from_state,omitempty" doc:"absent: it was new" example:"pending_review"`
	To   registry.Lifecycle `json:"to_state" example:"active"`
	byJSON
}

type consentJSON struct {
	Ref     string           `json:"consent_id" doc:"the carrier's own number" example:"XY-2026-0017"`
	Version string           `json:"consent_version" doc:"of the text that was signed" example:"2026-1"`
	Scope   string           `json:"scope,omitempty" doc:"what it allows, in words of the text" example:"公共区域录像，案件调阅"`
	Signed  timeline.Micros  `json:"signed_at" format:"date-time" example:"2026-11-23T01:00:00.000000Z"`
	By      string           `json:"signed_by,omitempty" example:"王某"`
	Ended   *timeline.Micros `json:"ended_at" format:"date-time" doc:"null: it is in force" example:"2026-11-29T01:00:00.000000Z"`
}

type pauseJSON struct {
	ID    string           `json:"id" example:"p_abcdefgh234567ab"`
	From  timeline.Micros  `json:"from" format:"date-time"`
	To    *timeline.Micros `json:"to" format:"date-time" doc:"null: until it is ended"`
	Daily *hoursJSON       `json:"daily,omitempty" doc:"only these hours of every day"`
	byJSON
}

type hoursJSON struct {
	From int `json:"from_minute" minimum:"0" maximum:"1439" doc:"of the day, +08:00" example:"1320"`
	To   int `json:"to_minute" minimum:"0" maximum:"1439" doc:"before from_minute: of the next day" example:"360"`
}

type withdrawalJSON struct {
	ID      string                   `json:"id" example:"a_abcdefgh234567ab"`
	At      timeline.Micros          `json:"at" format:"date-time"`
	State   registry.WithdrawalState `json:"state" enum:"begun,held,done" doc:"held: all is deleted but what a case holds"`
	Trouble string                   `json:"trouble,omitempty" doc:"why it does not go on; it is tried again" example:"the store is away"`
	Receipt map[string]any           `json:"receipt,omitempty" doc:"of what is deleted, signed: qianshao receipt verify"`
	byJSON
}

type lifeOut struct {
	Cache string `header:"Cache-Control"`
	Body  struct {
		Lifecycle   registry.Lifecycle `json:"lifecycle" enum:"imported,probing,pending_review,active,suspended,withdrawn,decommissioned"`
		Steps       []stepJSON         `json:"steps" doc:"oldest first"`
		Consents    []consentJSON      `json:"consents" doc:"the one in force first"`
		Pauses      []pauseJSON        `json:"pauses" doc:"that have not ended"`
		Withdrawals []withdrawalJSON   `json:"withdrawals" doc:"newest first"`
	}
}

func byOf(by registry.By) byJSON { return byJSON{by.Actor, by.Reason} }

func pauseOf(p *registry.Pause) pauseJSON {
	x := pauseJSON{ID: p.ID, From: p.Span.From, byJSON: byOf(p.By)}
	if p.Span.To < timeline.Forever {
		x.To = &p.Span.To
	}
	if p.Daily != nil {
		x.Daily = &hoursJSON{p.Daily.From, p.Daily.To}
	}
	return x
}

func withdrawalOf(w *registry.Withdrawal) (withdrawalJSON, error) {
	x := withdrawalJSON{ID: w.ID, At: w.At, State: w.State, Trouble: w.Trouble, byJSON: byOf(w.By)}
	if len(w.Receipt) == 0 {
		return x, nil
	}
	return x, json.Unmarshal(w.Receipt, &x.Receipt)
}

// life answers GET …/life.
func (h *Handler) life(ctx context.Context, a *asked, _ *cameraIn) (*lifeOut, error) {
	reg, id := h.cfg.Registry, a.camera.ID
	var errs [4]error
	steps, err := reg.Steps(ctx, id)
	errs[0] = err
	consents, err := reg.Consents(ctx, id)
	errs[1] = err
	pauses, err := reg.Pauses(ctx, id)
	errs[2] = err
	withdrawals, err := reg.WithdrawalsOf(ctx, id)
	errs[3] = err
	if err := errors.Join(errs[:]...); err != nil {
		return nil, err
	}
	out := &lifeOut{Cache: "no-store"}
	b := &out.Body
	b.Lifecycle = a.camera.Lifecycle
	b.Steps, b.Consents, b.Pauses, b.Withdrawals = []stepJSON{}, []consentJSON{}, []pauseJSON{}, []withdrawalJSON{}
	for _, s := range steps {
		b.Steps = append(b.Steps, stepJSON{s.At, s.From, s.To, byOf(s.By)})
	}
	for _, c := range consents {
		b.Consents = append(b.Consents, consentJSON{c.Ref, c.Version, c.Scope, c.Signed, c.By, when(c.Ended)})
	}
	for i := range pauses {
		b.Pauses = append(b.Pauses, pauseOf(&pauses[i]))
	}
	for i := range withdrawals {
		x, err := withdrawalOf(&withdrawals[i])
		if err != nil {
			return nil, err
		}
		b.Withdrawals = append(b.Withdrawals, x)
	}
	return out, nil
}

// decided writes into the register what somebody is about to decide about a camera, and
// does it.
func (h *Handler) decided(ctx context.Context, a *asked, act, reason string, do func() error) error {
	err := h.cfg.Register.Act(ctx, &register.Entry{
		Kind: register.Admin, Who: register.Clean(a.subject.ID), Unit: a.subject.Unit, Address: register.Clean(a.address), Act: act,
		Reason: register.Clean(reason), Cameras: []media.CameraID{a.camera.ID},
	}, do)
	switch {
	case errors.Is(err, registry.ErrPause), errors.Is(err, registry.ErrReason):
		return &Problem{Status: http.StatusBadRequest, Code: "bad_parameter", Detail: err.Error(), Next: "correct it and send it again"}
	case errors.Is(err, registry.ErrUnconfirmed): // it is done, and brought to the store when that is back
		return nil
	}
	return err
}

type pauseIn struct {
	ID   string `path:"id" doc:"our id, carrier:device, or a device id"`
	Body struct {
		From   string     `json:"from,omitempty" format:"date-time" doc:"absent: now"`
		To     string     `json:"to,omitempty" format:"date-time" doc:"absent: until it is ended"`
		Daily  *hoursJSON `json:"daily,omitempty" doc:"only these hours of every day"`
		Reason string     `json:"reason,omitempty" maxLength:"256"`
	}
}

type pauseOut struct {
	Cache string `header:"Cache-Control"`
	Body  pauseJSON
}

// pause answers POST …/pauses.
func (h *Handler) pause(ctx context.Context, a *asked, in *pauseIn) (*pauseOut, error) {
	p := registry.Pause{Camera: a.camera.ID, Span: timeline.Span{To: timeline.Forever}, By: registry.By{Actor: a.subject.ID, Reason: in.Body.Reason}}
	var err error
	if in.Body.From != "" {
		if p.Span.From, err = instant("from", in.Body.From); err != nil {
			return nil, err
		}
	}
	if in.Body.To != "" {
		if p.Span.To, err = instant("to", in.Body.To); err != nil {
			return nil, err
		}
	}
	if d := in.Body.Daily; d != nil {
		p.Daily = &registry.Hours{From: d.From, To: d.To}
	}
	err = h.decided(ctx, a, "camera.pause", in.Body.Reason, func() (err error) {
		p, err = h.cfg.Registry.AddPause(ctx, p)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &pauseOut{Cache: "no-store", Body: pauseOf(&p)}, nil
}

type resumeIn struct {
	ID    string `path:"id" doc:"our id, carrier:device, or a device id"`
	Pause string `path:"pause" doc:"id of a pause" example:"p_abcdefgh234567ab"`
}

// resume answers DELETE …/pauses/{pause}. One that has ended is no error.
func (h *Handler) resume(ctx context.Context, a *asked, in *resumeIn) (*struct{}, error) {
	err := h.decided(ctx, a, "camera.resume", "", func() error { return h.cfg.Registry.EndPause(ctx, a.camera.ID, in.Pause) })
	return nil, err
}

type withdrawIn struct {
	ID   string `path:"id" doc:"our id, carrier:device, or a device id"`
	Body struct {
		Understood bool   `json:"understood" doc:"must be true: the footage is deleted for good"`
		Reason     string `json:"reason,omitempty" maxLength:"256"`
	}
}

type withdrawOut struct {
	Cache string `header:"Cache-Control"`
	Body  withdrawalJSON
}

// withdraw answers POST …/withdrawal. Asked again it answers the same.
func (h *Handler) withdraw(ctx context.Context, a *asked, in *withdrawIn) (*withdrawOut, error) {
	if !in.Body.Understood {
		return nil, &Problem{
			Status: http.StatusBadRequest, Code: "not_understood", Detail: "withdrawing deletes the household's footage for good",
			Next: "send understood: true once the household knows that",
		}
	}
	var w registry.Withdrawal
	err := h.decided(ctx, a, "camera.withdraw", in.Body.Reason, func() (err error) {
		w, err = h.cfg.Registry.Withdraw(ctx, a.camera.ID, registry.By{Actor: a.subject.ID, Reason: in.Body.Reason})
		return err
	})
	if err != nil {
		return nil, err
	}
	x, err := withdrawalOf(&w)
	return &withdrawOut{Cache: "no-store", Body: x}, err
}
