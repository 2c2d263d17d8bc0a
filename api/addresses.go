package api

import (
	"cmp"
	"context"
	"fmt"

	"qianshao/registry"
	"qianshao/registry/access"
	"qianshao/registry/onboard"
	"qianshao/registry/register"
	"qianshao/storage/media"
)

// whose is the carrier that a request is about: that of who asks, or, of those who look
// after all of them, the one that is named; empty: all.
func whose(a *asked, named string) (string, error) {
	switch {
	case named != "" && a.carrier != "" && named != a.carrier:
		return "", fmt.Errorf("carrier %.40q: %w", named, access.ErrForbidden)
	case named != "" && registry.CheckRef(named, "x") != nil:
		return "", badParam("carrier", named, "1 to 32 of a-z 0-9 . _ -")
	}
	return cmp.Or(a.carrier, named), nil
}

type addressesIn struct {
	Carrier string `query:"carrier" maxLength:"32" doc:"whose cameras; default: one's own, or local"`
	Body    struct {
		Items []onboard.Address `json:"items" minItems:"1" maxItems:"10000" doc:"in order: of a device that is named twice the last counts"`
	}
}

type addressesOut struct {
	Cache string `header:"Cache-Control"`
	Body  struct {
		Items     []onboard.AddressAnswer `json:"items" doc:"one of each item, in order"`
		Changed   int                     `json:"changed" example:"2998"`
		Unchanged int                     `json:"unchanged" example:"1"`
		Failed    int                     `json:"failed" example:"1"`
	}
}

// changeAddresses answers POST /api/v1/addresses: carriers' lines get other addresses when
// they dial in anew, and the carrier tells which.
func (h *Handler) changeAddresses(ctx context.Context, a *asked, in *addressesIn) (*addressesOut, error) {
	carrier, err := whose(a, in.Carrier)
	if err != nil {
		return nil, err
	}
	carrier = cmp.Or(carrier, registry.DefaultCarrier)
	plan := onboard.Readdress(h.cfg.Dialer, carrier, in.Body.Items)
	if devices := plan.Devices(); len(devices) > 0 { // nobody fills the register by what cannot be
		e, err := h.addressEntry(ctx, a, carrier, devices)
		if err != nil {
			return nil, err
		}
		if err := h.cfg.Register.Act(ctx, e, func() error { return plan.Enter(ctx, h.cfg.Registry) }); err != nil {
			return nil, err
		}
	}
	out := &addressesOut{Cache: "no-store"}
	out.Body.Items = plan.Answers
	for i := range plan.Answers {
		switch plan.Answers[i].Status {
		case registry.Changed:
			out.Body.Changed++
		case registry.Unchanged:
			out.Body.Unchanged++
		default:
			out.Body.Failed++
		}
	}
	return out, nil
}

// addressEntry is what the register has of it before it happens.
func (h *Handler) addressEntry(ctx context.Context, a *asked, carrier string, devices []string) (*register.Entry, error) {
	listed := devices[:min(len(devices), register.MostListed)]
	there, err := h.cfg.Registry.ByDevice(ctx, carrier, listed)
	if err != nil {
		return nil, err
	}
	var cameras []media.CameraID
	for _, d := range listed {
		if cam, ok := there[d]; ok {
			cameras = append(cameras, cam.ID)
			delete(there, d) // once
		}
	}
	note := fmt.Sprintf("%d addresses of %s: %s", len(devices), carrier, register.AndMore(devices[:min(len(devices), register.MostNamed)], len(devices)))
	return &register.Entry{
		Kind: register.Admin, Who: register.Clean(a.subject.ID), Unit: a.subject.Unit, Address: register.Clean(a.address),
		Act: "camera.address", Note: register.Clean(note), Cameras: cameras,
	}, nil
}
