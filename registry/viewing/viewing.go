// Package viewing keeps the viewings 调阅: who looks at which footage. Nothing is
// shown before the access register has it: Use returns when it is written and
// synced there, and what fails there is not shown.
//
// A viewing is opened for a case (Grant), with its cameras, span and reason: all
// that is seen within it stands in that one entry. Where nobody signs in, one is
// opened by the first use, and holds all that is seen from one address until it has
// been idle for a while; uses within what is registered already cost no entry.
package viewing

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"qianshao/registry/register"
	"qianshao/storage/media"
	"qianshao/storage/timeline"
)

// Config says how viewings are kept.
type Config struct {
	Register *register.Register // required
	Idle     time.Duration      // a viewing closes after so long without use; default 15 min
	Log      *slog.Logger       // default: discards
	Now      func() time.Time   // default: time.Now
}

// Book has the open viewings. Its methods may be called by many goroutines.
type Book struct {
	cfg Config

	mu   sync.Mutex          // guards below
	open map[viewer]*viewing // opened by use
	// granted are those opened for a case, by id.
	granted map[string]*viewing
	owed    []*register.Entry // totals that could not be written yet
}

// Use is one request for footage.
type Use struct {
	Who     string // account; "operator" on the control socket
	Unit    string // of the account
	Address string // of the client
	Act     string // footage.read, …
	Camera  media.CameraID
	Span    timeline.Span // what may be seen
	Note    string        // of a search: what was searched for
	Viewing string        // id of one that was granted; empty: the one of who and address
}

type viewer struct{ who, address string }

// viewing is one that is open.
type viewing struct {
	id       string
	viewer   viewer
	grant    *Grant // nil: opened by use
	begun    timeline.Micros
	requests atomic.Int64
	bytes    atomic.Int64
	active   atomic.Int64
	last     atomic.Int64 // µs, of the last use

	opening sync.Mutex // held while its first entry is written
	mu      sync.Mutex // guards below
	opened  bool
	ended   bool
	seen    map[sight][]timeline.Span
	viewers map[viewer]bool // of a grant: who stands in the register with it, and from where
	shared  []string        // of a grant: logins
}

// sight is what is registered span by span.
type sight struct {
	act    string
	camera media.CameraID
}

// New makes a Book. It starts nothing.
func New(cfg Config) *Book {
	if cfg.Idle <= 0 {
		cfg.Idle = 15 * time.Minute
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Book{cfg: cfg, open: map[viewer]*viewing{}, granted: map[string]*viewing{}}
}

// ErrNotRegistered is wrapped by Use when the register cannot be written.
var ErrNotRegistered = errors.New("the access register cannot be written, so no footage is shown")

// Use registers a request and lets it through. The Pass is to be ended.
func (b *Book) Use(ctx context.Context, u Use) (*Pass, error) {
	for {
		v, err := b.of(u.Viewing, viewer{u.Who, u.Address})
		if err != nil {
			return nil, err
		}
		v.active.Add(1) // from now on it is not closed for being idle
		ok, err := b.admit(ctx, v, u)
		if err != nil {
			v.active.Add(-1)
			if ctx.Err() != nil {
				return nil, err
			}
			return nil, fmt.Errorf("%w: %w", ErrNotRegistered, err)
		}
		if ok {
			v.requests.Add(1)
			b.touch(v)
			return &Pass{b: b, v: v}, nil
		}
		v.active.Add(-1) // it was closed a moment ago
	}
}

func (b *Book) touch(v *viewing) { v.last.Store(b.cfg.Now().UnixMicro()) }

// of returns a granted viewing by its id, or a viewer's open one.
func (b *Book) of(id string, w viewer) (*viewing, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if id != "" {
		v := b.granted[id]
		if v == nil {
			return nil, fmt.Errorf("viewing %.20q: %w", id, ErrOver)
		}
		return v, nil
	}
	v := b.open[w]
	if v == nil {
		v = &viewing{id: register.NewViewingID(), viewer: w, seen: map[sight][]timeline.Span{}}
		b.touch(v)
		b.open[w] = v
	}
	return v, nil
}

// admit writes what is not registered yet. false: the viewing has ended.
func (b *Book) admit(ctx context.Context, v *viewing, u Use) (bool, error) {
	key := sight{u.Act, u.Camera}
	v.mu.Lock()
	known, opened, ended := covers(v.seen[key], u.Span), v.opened, v.ended
	if v.grant != nil {
		known = v.viewers[viewer{u.Who, u.Address}]
	}
	v.mu.Unlock()
	if ended || known && u.Note == "" {
		return !ended, nil
	}
	e := &register.Entry{
		Kind: register.ViewingMore, Who: register.Clean(u.Who), Unit: u.Unit, Address: register.Clean(u.Address), Viewing: v.id,
		Act: u.Act, Span: u.Span, Note: register.Clean(u.Note), Result: "allowed",
	}
	if u.Camera != "" {
		e.Cameras = []media.CameraID{u.Camera}
	}
	if g := v.grant; g != nil {
		e.Case, e.Reason = g.Case, g.Reason
		if u.Note == "" { // another officer, or another desk: all of it is theirs to see
			e.Cameras, e.Span = g.Cameras, g.Span
		}
	}
	if !opened { // the others wait: the first entry of a viewing opens it
		v.opening.Lock()
		defer v.opening.Unlock()
		v.mu.Lock()
		if !v.opened {
			e.Kind = register.ViewingOpen
		}
		v.mu.Unlock()
	}
	if err := b.cfg.Register.Append(ctx, e); err != nil {
		return false, err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.opened = true
	if v.grant != nil {
		v.viewers[viewer{u.Who, u.Address}] = v.viewers[viewer{u.Who, u.Address}] || u.Note == ""
		return !v.ended, nil
	}
	v.seen[key] = timeline.Union(v.seen[key], []timeline.Span{u.Span})
	return !v.ended, nil
}

// covers reports whether a set holds all of a span.
func covers(set []timeline.Span, s timeline.Span) bool {
	return len(timeline.Subtract([]timeline.Span{s}, set)) == 0
}

// Pass is the leave to show what a Use asked for.
type Pass struct {
	b    *Book
	v    *viewing
	once sync.Once
}

// Sent counts bytes that were sent.
func (p *Pass) Sent(n int64) { p.v.bytes.Add(n) }

// End ends the request. It may be called twice.
func (p *Pass) End() {
	p.once.Do(func() {
		p.b.touch(p.v)
		p.v.active.Add(-1)
	})
}

// total is the entry of a viewing's end.
func (v *viewing) total() *register.Entry {
	e := &register.Entry{
		Kind: register.ViewingClose, Who: register.Clean(v.viewer.who), Address: register.Clean(v.viewer.address),
		Viewing: v.id, Requests: v.requests.Load(), Bytes: v.bytes.Load(),
	}
	if g := v.grant; g != nil {
		e.Unit, e.Case = g.Unit, g.Case
	}
	return e
}

// Open counts the open viewings.
func (b *Book) Open() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.open) + len(b.granted)
}

const lookEvery = 30 * time.Second

// Run closes viewings that are idle, until ctx ends; it then returns nil.
func (b *Book) Run(ctx context.Context) error {
	t := time.NewTicker(lookEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
			if err := b.end(ctx, b.idle); err != nil && ctx.Err() == nil {
				b.cfg.Log.Warn("viewings stay open until their totals are written", "err", err)
			}
		}
	}
}

func (b *Book) idle(v *viewing) bool {
	return v.active.Load() == 0 && b.cfg.Now().UnixMicro()-v.last.Load() >= b.cfg.Idle.Microseconds()
}

// Close closes all viewings, with their totals.
func (b *Book) Close(ctx context.Context) error {
	return b.end(ctx, func(*viewing) bool { return true })
}

// end closes the viewings that over says are over.
func (b *Book) end(ctx context.Context, over func(*viewing) bool) error {
	var ended []*viewing
	b.mu.Lock()
	for _, set := range []iter.Seq[*viewing]{maps.Values(b.open), maps.Values(b.granted)} {
		for v := range set {
			if over(v) {
				ended = append(ended, v)
			}
		}
	}
	b.mu.Unlock()
	var entries []*register.Entry
	var gone []*viewing
	for _, v := range ended {
		v.mu.Lock()
		if over(v) {
			v.ended = true // who comes now opens another
			gone = append(gone, v)
			if v.opened {
				entries = append(entries, v.total())
			}
		}
		v.mu.Unlock()
	}
	b.mu.Lock()
	for _, v := range gone {
		delete(b.granted, v.id)
		if b.open[v.viewer] == v {
			delete(b.open, v.viewer)
		}
	}
	entries = append(b.owed, entries...)
	b.owed = nil
	b.mu.Unlock()
	if len(entries) == 0 {
		return nil
	}
	err := b.cfg.Register.Append(ctx, entries...)
	if err != nil {
		b.mu.Lock()
		b.owed = append(entries, b.owed...)
		b.mu.Unlock()
	}
	return err
}
