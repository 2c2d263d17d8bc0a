package ingest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"qianshao/ingest/rtsp"
	"qianshao/registry"
	"qianshao/storage/timeline"
)

var errNoPush = errors.New("this camera publishes, and the server does not listen for that: set push.listen and start it again")

// inlet says who may publish a stream; nil for a stream that is pulled.
func inlet(c *registry.Camera, st *registry.Stream) (*rtsp.InletConfig, error) {
	if st.Push.IsZero() {
		return nil, nil
	}
	ha1, err := st.HA1()
	if err != nil {
		return nil, err
	}
	return &rtsp.InletConfig{User: string(c.ID), HA1: ha1, Paths: []string{string(c.ID), c.DeviceID, c.Ref()}}, nil
}

// receive records what the camera publishes, session after session. There is a
// pause only where they follow each other at once, and a growing one after floods
// and garbage: it is the camera that comes again.
func (w *worker) receive(ctx context.Context) {
	s := w.slot
	if s.sup.cfg.Push == nil {
		s.phase(registry.Waiting, timeline.CameraOffline, errNoPush)
		<-ctx.Done()
		return
	}
	in, err := s.sup.cfg.Push.Open(*w.spec.push)
	for err != nil { // enrolled anew, and the worker of before is not quite done
		if pause(ctx, s.sup.cfg.RetryMin); ctx.Err() != nil {
			return
		}
		in, err = s.sup.cfg.Push.Open(*w.spec.push)
	}
	defer in.Close()
	s.phase(registry.Awaiting, "", nil)
	var last error      // of the session before
	var ended time.Time // when that was
	limit := s.sup.cfg.RetryMin
	for {
		err := w.receiveOnce(ctx, in)
		if ctx.Err() != nil {
			return
		}
		cause := rtsp.Cause(err)
		s.causes.hole(s.lastEnd(), cause)
		if errors.Is(err, rtsp.ErrNobody) {
			s.phase(registry.Awaiting, cause, last)
			continue
		}
		last = err
		again := errors.Is(err, rtsp.ErrTooMuch) || errors.Is(err, rtsp.ErrGarbage) || time.Since(ended) < s.sup.cfg.RetryMin
		ended = time.Now()
		s.reconnects.Add(1)
		s.phase(awaitedAfter(cause), cause, err)
		s.log.Info("the camera publishes no more", "cause", cause, "err", err)
		if !again {
			limit = s.sup.cfg.RetryMin
			continue
		}
		pause(ctx, wait(s.sup.cfg.RetryMin, limit, s.sup.cfg.RetryMax))
		limit = min(2*limit, s.sup.cfg.RetryMax)
	}
}

// awaitedAfter is how a stream that is published fares between sessions.
func awaitedAfter(cause timeline.Cause) registry.Phase {
	if cause == timeline.Stalled {
		return registry.Stalled
	}
	return registry.Awaiting
}

// receiveOnce records one session.
func (w *worker) receiveOnce(ctx context.Context, in *rtsp.Inlet) error {
	s := w.slot
	defer s.rec.End()
	err := in.Receive(ctx, rtsp.ReceiveConfig{
		Wait: s.sup.cfg.Connect, FirstFrame: s.sup.cfg.FirstFrame, Stall: s.sup.cfg.Stall, MaxBitrate: s.sup.cfg.MaxBitrate,
		Clock: func() time.Duration { _, m := s.sup.cfg.Wall.Source(); return m }, Urgent: s.urgent, Mended: s.repairs.add,
	}, handler{s})
	if errors.Is(err, rtsp.ErrNoVideo) {
		return fmt.Errorf("what it publishes: %w", err)
	}
	return err
}
