package ingest

import (
	"context"
	"errors"
	"time"

	"qianshao/registry"
	"qianshao/registry/dial"
	"qianshao/storage/timeline"
)

// unreachable is what a carrier is told of a camera that is not reached.
type unreachable struct{ why error }

// Error is the same whatever happened.
func (*unreachable) Error() string {
	return "the camera is not reached: nothing answers at its address, or it stands outside the networks of its carrier"
}

// veil keeps from a carrier why a camera is not reached. It could have our server
// dial addresses inside of networks that are not its own, and learn from refused,
// closed or denied, or from how long that took, what stands there: so all of these
// look like one, and are told so long after the trouble began as the slowest takes.
type veil struct {
	conceals bool
	after    time.Duration
	since    time.Time // when the trouble began; zero: there is none
	told     bool
}

// over reports whether an attempt's end is to be concealed.
func (v *veil) over(began time.Time, err error, cause timeline.Cause, frames bool) bool {
	if !v.conceals || frames || !errors.Is(err, dial.ErrDenied) && cause != timeline.CameraOffline {
		v.since, v.told = time.Time{}, false
		return false
	}
	if v.since.IsZero() {
		v.since = began
	}
	return true
}

// pause waits for the next attempt, and tells what may be told when it is time.
func (v *veil) pause(ctx context.Context, s *slot, err error, d time.Duration) {
	if !v.told {
		until := time.Until(v.since.Add(v.after))
		if until > d {
			pause(ctx, d)
			return
		}
		pause(ctx, until)
		d -= max(until, 0)
		if ctx.Err() != nil {
			return
		}
		v.told = true
	}
	s.phase(registry.Connecting, timeline.CameraOffline, &unreachable{err})
	pause(ctx, d)
}
