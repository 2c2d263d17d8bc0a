package ingest

import (
	"context"
	"errors"
	"math/rand/v2"
	"reflect"
	"time"

	"qianshao/ingest/recorder"
	"qianshao/ingest/rtsp"
	"qianshao/ingest/rtsp/depacket"
	"qianshao/registry"
	"qianshao/registry/dial"
	"qianshao/registry/secret"
	"qianshao/storage/media"
	"qianshao/storage/timeline"
)

// healthy is how long a session with pictures must have lasted before its end
// counts as a new trouble, not as the old one going on: less than what is left of
// the 30 s of a camera that reboots so often.
const healthy = 10 * time.Second

// worker pulls one stream as its spec says, until its context ends.
type worker struct {
	slot *slot
	spec spec
}

// spec is what a stream's worker depends on: another spec, another worker.
type spec struct {
	url, username string
	password      secret.Secret
	transport     registry.Transport
	pin           string
	carrier       string
	enrolled      timeline.Micros
	push          *rtsp.InletConfig // the camera publishes; nil: it is pulled
	broken        error             // why it can be neither
	paused        bool              // its household wants no pictures now
}

func (a spec) same(b spec) bool {
	return a.url == b.url && a.username == b.username && a.password.Reveal() == b.password.Reveal() &&
		a.transport == b.transport && a.pin == b.pin && a.carrier == b.carrier && a.enrolled == b.enrolled && a.paused == b.paused && reflect.DeepEqual(a.push, b.push) && (a.broken == nil) == (b.broken == nil)
}

// run is the outer loop: attempts, and the pauses between them.
func (w *worker) run(ctx context.Context) {
	s := w.slot
	if w.spec.paused {
		s.causes.hole(s.lastEnd(), timeline.Paused)
		s.phase(registry.PausedNow, timeline.Paused, nil)
		s.topic.Forget()
		<-ctx.Done()
		s.causes.resume()
		return
	}
	s.causes.waiting(max(w.spec.enrolled, s.lastEnd()))
	if w.spec.broken != nil {
		s.phase(registry.Waiting, timeline.BadStream, w.spec.broken)
		<-ctx.Done()
		return
	}
	if w.spec.push != nil {
		w.receive(ctx)
		return
	}
	shortest, longest := s.sup.cfg.RetryMin, s.sup.cfg.RetryMax
	limit := shortest
	hidden := veil{conceals: s.sup.cfg.Dialer.For(w.spec.carrier).Conceals(), after: s.sup.cfg.Connect}
	for ctx.Err() == nil {
		s.phase(registry.Connecting, "", nil)
		began, frames := time.Now(), s.rec.Stats().Frames
		err := w.runOnce(ctx)
		if ctx.Err() != nil {
			return
		}
		cause := rtsp.Cause(err)
		if errors.Is(err, dial.ErrDenied) {
			cause = timeline.BadStream
		}
		if hidden.over(began, err, cause, s.rec.Stats().Frames > frames) {
			s.causes.hole(s.lastEnd(), timeline.CameraOffline)
			s.log.Info("stream is not reached; its carrier is not told why", "err", err)
			hidden.pause(ctx, s, err, wait(shortest, limit, longest))
			limit = min(2*limit, longest)
			continue
		}
		s.causes.hole(s.lastEnd(), cause)
		s.reconnects.Add(1)
		if rtsp.Waits(err) || errors.Is(err, dial.ErrDenied) {
			s.log.Warn("stream waits until the camera is edited", "cause", cause, "err", err)
			s.phase(registry.Waiting, cause, err)
			<-ctx.Done()
			return
		}
		if time.Since(began) > healthy && s.rec.Stats().Frames > frames {
			limit = shortest
		}
		s.phase(phaseOf(cause), cause, err)
		s.log.Info("stream broke off", "cause", cause, "err", err)
		pause(ctx, wait(shortest, limit, longest))
		limit = min(2*limit, longest)
	}
}

// phaseOf is how a stream fares between attempts.
func phaseOf(cause timeline.Cause) registry.Phase {
	if cause == timeline.Stalled {
		return registry.Stalled
	}
	return registry.Connecting
}

// wait draws the time until the next attempt: random up to limit (full jitter),
// so that cameras that fell together do not come back together, but within the
// bounds.
func wait(shortest, limit, longest time.Duration) time.Duration {
	return min(shortest+time.Duration(rand.Int64N(int64(limit))), max(shortest, longest))
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// runOnce is one attempt: connect and record until the first error.
func (w *worker) runOnce(ctx context.Context) error {
	s := w.slot
	guard := s.sup.cfg.Dialer.For(w.spec.carrier)
	defer s.rec.End()
	return rtsp.Pull(ctx, rtsp.Config{
		URL: secret.Fill(w.spec.url, w.spec.password).Reveal(), Username: w.spec.username, Password: w.spec.password.Reveal(),
		Transport: string(w.spec.transport), TLSSHA256: w.spec.pin,
		Connect: s.sup.cfg.Connect, FirstFrame: s.sup.cfg.FirstFrame, Stall: s.sup.cfg.Stall,
		MaxBitrate: s.sup.cfg.MaxBitrate,
		Dial:       guard.DialContext, Mended: s.repairs.add,
		CheckPeer: guard.CheckUDPPeer,
		Clock:     func() time.Duration { _, m := s.sup.cfg.Wall.Source(); return m }, Urgent: s.urgent, Log: s.log,
	}, handler{s})
}

// handler joins the puller to the slot's recorder.
type handler struct{ s *slot }

func (h handler) Begin(tracks []media.Source) { h.s.rec.Begin(tracks) }

func (h handler) Unit(i int, u media.Unit) {
	if u.Track != nil {
		h.s.announce(i, u.Track)
	}
	h.s.rec.Unit(i, u)
}

func (h handler) Report(i int, ntp uint64, rtpTime uint32, at time.Duration) {
	h.s.rec.Report(i, ntp, rtpTime, at)
}

func (h handler) Idle(at time.Duration) {
	h.s.rec.Idle(at)
	h.s.watchClock(at)
}

func (h handler) Counters(c depacket.Counters) {
	h.s.lost.Store(int64(c.Lost))
	h.s.rec.SetLoss(recorder.Loss{Packets: c.Lost, Reordered: c.Reordered, Damaged: c.Damaged})
}
