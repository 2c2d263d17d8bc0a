package rtsp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

const (
	// occupiedGrace is how long a publisher waits for the end of another one that
	// may be on its way: a camera that has lost its connection comes back faster
	// than the loss is noticed.
	occupiedGrace = 500 * time.Millisecond
	// hushed is after how long without a picture a publisher may have been cut off
	// by its router: who comes then waits for certainty.
	hushed = 1500 * time.Millisecond
)

// ErrTaken is returned by Open for a user that has an inlet already.
var ErrTaken = errors.New("an inlet is open for this camera")

var (
	errOccupied = errors.New("another publisher is live")
	errClosed   = errors.New("the camera is not expected any more")
	errEnded    = errors.New("the camera ended its session")
)

// InletConfig says who may publish at an Inlet.
type InletConfig struct {
	User  string   // of the publish URL
	HA1   [16]byte // MD5 of user:PushConfig.Realm:key (RFC 2617 3.2.2.2)
	Paths []string // what may stand behind /push/ in its URL
}

// Inlet is where one camera may publish, one publisher at a time.
type Inlet struct {
	srv *PushServer
	cfg InletConfig

	mu      sync.Mutex
	waiting *reception    // nobody publishes yet; guarded by mu
	live    *publisher    // guarded by mu
	told    *publisher    // of whose rivals was told; guarded by mu
	closed  bool          // guarded by mu
	changed chan struct{} // closed and replaced at every change; guarded by mu
}

// ReceiveConfig of one session that a camera publishes.
type ReceiveConfig struct {
	Wait       time.Duration // for a publisher, default 10 s
	FirstFrame time.Duration // from RECORD to the first picture, default 10 s
	Stall      time.Duration // longest silence, default 10 s
	MaxBitrate int           // bits a second that are taken, default limit.Bitrate

	// Clock, Urgent and Mended are as in Config.
	Clock  func() time.Duration
	Urgent func() bool
	Mended func(Repair)
}

// reception is a Receive that waits, or that a publisher has taken.
type reception struct {
	cfg  ReceiveConfig
	h    Handler
	done chan error // one, when it is over
}

// Open lets a camera publish until the Inlet is closed.
func (s *PushServer) Open(cfg InletConfig) (*Inlet, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.inlets[cfg.User] != nil {
		return nil, fmt.Errorf("%s: %w", cfg.User, ErrTaken)
	}
	in := &Inlet{srv: s, cfg: cfg, changed: make(chan struct{})}
	s.inlets[cfg.User] = in
	return in, nil
}

// Close takes the inlet away: the camera may not publish any more. Receive must
// have returned.
func (in *Inlet) Close() {
	in.srv.mu.Lock()
	delete(in.srv.inlets, in.cfg.User)
	in.srv.mu.Unlock()
	in.mu.Lock()
	defer in.mu.Unlock()
	in.closed = true
	in.notify()
}

// notify wakes those who wait for a change. mu is held.
func (in *Inlet) notify() {
	close(in.changed)
	in.changed = make(chan struct{})
}

// Receive waits for a publisher and records from it until its session ends. It
// returns the reason, never nil: ErrNobody when none came within cfg.Wait. When
// it returns the handler has had all units that were complete. One call at a
// time.
func (in *Inlet) Receive(ctx context.Context, cfg ReceiveConfig, h Handler) error {
	for _, d := range []*time.Duration{&cfg.Wait, &cfg.FirstFrame, &cfg.Stall} {
		if *d == 0 {
			*d = 10 * time.Second
		}
	}
	if cfg.Urgent == nil {
		cfg.Urgent = func() bool { return false }
	}
	r := &reception{cfg: cfg, h: h, done: make(chan error, 1)}
	in.mu.Lock()
	in.waiting = r
	in.notify()
	in.mu.Unlock()

	nobody := time.NewTimer(cfg.Wait)
	defer nobody.Stop()
	for {
		select {
		case err := <-r.done:
			return err
		case <-nobody.C:
			if in.withdraw(r) {
				return ErrNobody
			}
		case <-ctx.Done():
			if !in.withdraw(r) {
				in.cut(ctx.Err())
				return <-r.done
			}
			return ctx.Err()
		}
	}
}

// withdraw takes back what no publisher has taken.
func (in *Inlet) withdraw(r *reception) bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.waiting != r {
		return false
	}
	in.waiting = nil
	return true
}

// cut ends the live publisher, if there is one.
func (in *Inlet) cut(why error) {
	in.mu.Lock()
	p := in.live
	in.mu.Unlock()
	if p != nil {
		p.cut(why)
	}
}

// vacant waits until nobody else delivers pictures here: errOccupied when
// somebody goes on doing so.
func (in *Inlet) vacant(ctx context.Context) error {
	grace := time.NewTicker(occupiedGrace)
	defer grace.Stop()
	for late := false; ; {
		in.mu.Lock()
		live, changed := in.live, in.changed
		in.mu.Unlock()
		switch {
		case live == nil:
			return nil
		case late && !live.hushed():
			return errOccupied
		}
		select {
		case <-changed:
		case <-grace.C:
			late = true
		case <-ctx.Done():
			return errOccupied
		}
	}
}

// tell reports whether a refused rival of the live publisher is the first.
func (in *Inlet) tell() bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	first := in.told != in.live
	in.told = in.live
	return first
}

// claim makes p the live publisher, once whoever is silent has ended: its own tap
// judges that, which knows whether it was we who were away.
func (in *Inlet) claim(ctx context.Context, p *publisher) (*reception, error) {
	if err := in.vacant(ctx); err != nil {
		return nil, err
	}
	for {
		in.mu.Lock()
		old, r, changed := in.live, in.waiting, in.changed
		switch {
		case in.closed:
			in.mu.Unlock()
			return nil, errClosed
		case old == nil && r != nil:
			in.live, in.waiting = p, nil
			in.notify()
			in.mu.Unlock()
			return r, nil
		case old != nil:
			in.mu.Unlock()
			return nil, errOccupied // another one was faster
		}
		in.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// release ends what p published.
func (in *Inlet) release(p *publisher, why error) {
	in.mu.Lock()
	in.live = nil
	in.notify()
	in.mu.Unlock()
	p.taken.done <- why
}

// refuse tells the one who waits that a camera came that cannot be recorded.
func (in *Inlet) refuse(why error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if r := in.waiting; r != nil {
		in.waiting = nil
		r.done <- why
	}
}

// log is where the camera's publishers are noted.
func (in *Inlet) log(l *slog.Logger) *slog.Logger { return l.With("camera", in.cfg.User) }
