package viewing

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"qianshao/registry/register"
	"qianshao/storage/media"
	"qianshao/storage/timeline"
)

// Grant is what a viewing is opened for.
type Grant struct {
	Who     string // account, or id of a token
	Unit    string // of the account
	Address string // of the client
	CaseID  string // k_…
	Case    string // as the register names it: its number, or the id
	Reason  string
	Cameras []media.CameraID
	Span    timeline.Span
}

// Granted is an open viewing that was granted.
type Granted struct {
	ID string // v_…
	Grant
	Opened timeline.Micros
	Shared []string // logins that may use it beside Who
}

// Holds reports whether the viewing contains a span of a camera; of an empty
// camera: of any.
func (g *Granted) Holds(camera media.CameraID, span timeline.Span) bool {
	return (camera == "" || slices.Contains(g.Cameras, camera)) && span.Intersect(g.Span) == span
}

var (
	// ErrOver is wrapped for a viewing that has ended, or never was.
	ErrOver = errors.New("the viewing is over, or never was")
	// ErrMany is returned to who has too many viewings open.
	ErrMany = errors.New("too many viewings are open")
)

// mostOpen bounds the viewings that one account has open.
const mostOpen = 200

// Grant opens a viewing. It returns when the register has it, synced; the error
// wraps ErrNotRegistered where it cannot be written.
func (b *Book) Grant(ctx context.Context, g Grant) (Granted, error) {
	g.Cameras = slices.Clone(g.Cameras)
	b.mu.Lock()
	n := 0
	for _, v := range b.granted {
		if v.viewer.who == g.Who {
			n++
		}
	}
	b.mu.Unlock()
	if n >= mostOpen {
		return Granted{}, ErrMany
	}
	w := viewer{g.Who, g.Address}
	v := &viewing{
		id: register.NewViewingID(), viewer: w, grant: &g, begun: timeline.FromTime(b.cfg.Now()), opened: true, viewers: map[viewer]bool{w: true},
	}
	err := b.cfg.Register.Append(ctx, &register.Entry{
		Kind: register.ViewingOpen, Who: register.Clean(g.Who), Unit: g.Unit, Address: register.Clean(g.Address), Viewing: v.id,
		Case: g.Case, Reason: register.Clean(g.Reason), Cameras: g.Cameras, Span: g.Span, Result: "allowed",
	})
	if err != nil {
		if ctx.Err() != nil {
			return Granted{}, err
		}
		return Granted{}, fmt.Errorf("%w: %w", ErrNotRegistered, err)
	}
	b.touch(v)
	b.mu.Lock()
	b.granted[v.id] = v
	b.mu.Unlock()
	return v.told(), nil
}

func (v *viewing) told() Granted {
	v.mu.Lock()
	defer v.mu.Unlock()
	return Granted{ID: v.id, Grant: *v.grant, Opened: v.begun, Shared: slices.Clone(v.shared)}
}

// Find returns an open viewing that somebody may use: their own, or one that was
// shared with them.
func (b *Book) Find(id, who string) (Granted, bool) {
	b.mu.Lock()
	v := b.granted[id]
	b.mu.Unlock()
	if v == nil {
		return Granted{}, false
	}
	g := v.told()
	return g, g.Who == who || slices.Contains(g.Shared, who)
}

// List returns the open viewings of a case, the newest first.
func (b *Book) List(caseID string) []Granted {
	b.mu.Lock()
	var found []*viewing
	for _, v := range b.granted {
		if v.grant.CaseID == caseID {
			found = append(found, v)
		}
	}
	b.mu.Unlock()
	out := make([]Granted, len(found))
	for i, v := range found {
		out[i] = v.told()
	}
	slices.SortFunc(out, func(x, y Granted) int { return int(y.Opened - x.Opened) })
	return out
}

// Share lets somebody else use a viewing; the register has it first. What they see
// is registered under their own name.
func (b *Book) Share(ctx context.Context, id, with, address string) (Granted, error) {
	b.mu.Lock()
	v := b.granted[id]
	b.mu.Unlock()
	if v == nil {
		return Granted{}, fmt.Errorf("viewing %.20q: %w", id, ErrOver)
	}
	g := v.told()
	if g.Who == with || slices.Contains(g.Shared, with) {
		return g, nil
	}
	err := b.cfg.Register.Append(ctx, &register.Entry{
		Kind: register.Admin, Who: register.Clean(g.Who), Unit: g.Unit, Address: register.Clean(address), Viewing: id, Case: g.Case,
		Act: "viewing.share", Note: register.Clean(with),
	})
	if err != nil {
		return Granted{}, fmt.Errorf("%w: %w", ErrNotRegistered, err)
	}
	v.mu.Lock()
	v.shared = append(v.shared, with)
	v.mu.Unlock()
	return v.told(), nil
}

// End closes one viewing, with its totals.
func (b *Book) End(ctx context.Context, id string) error {
	return b.end(ctx, func(v *viewing) bool { return v.id == id })
}
