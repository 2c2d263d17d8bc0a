// Package timesync turns a camera's RTP time into wall time. It is pure:
// numbers in, numbers out; it never looks at a clock by itself.
//
// Three clocks meet here. Media ticks are the camera's. Monotonic time measures
// waiting and carries the server's clock. Wall time is the server's clock in
// UTC microseconds; a camera's own wall clock is measured, never believed.
// ingest/docs/time.md gives goals, bounds and caveats.
package timesync

import (
	"sync"
	"time"

	"qianshao/storage/timeline"
)

const (
	// StepLimit is how far the system clock may stray from the carried clock
	// before that counts as a step: a segment is cut there.
	StepLimit = 500 * time.Millisecond
	// SlewPPM is the fastest rate at which the carried clock follows the system
	// clock, and at which footage is moved on the timeline.
	SlewPPM = 500
)

// Wall is the server's clock, carried by monotonic time and never stepped
// silently. It may be read by many goroutines.
type Wall struct {
	source func() (wall time.Time, mono time.Duration)

	mu     sync.Mutex
	mono   time.Duration // last reading; guarded by mu
	wall   int64         // the carried clock at mono, unix ns; guarded by mu
	rest   int64         // of the slew not yet used, 10⁻⁶ ns; guarded by mu
	steps  uint32        // guarded by mu
	stepBy time.Duration // the last step; guarded by mu
}

// NewWall starts a carried clock at the source's present reading.
func NewWall(source func() (time.Time, time.Duration)) *Wall {
	wall, mono := source()
	return &Wall{source: source, mono: mono, wall: wall.UnixNano()}
}

// System is the source that reads this machine's clocks; mono counts from the
// first call of the returned function's maker.
func System() func() (time.Time, time.Duration) {
	start := time.Now()
	return func() (time.Time, time.Duration) {
		now := time.Now()
		return now, now.Sub(start)
	}
}

// Reading is one look at the carried clock.
type Reading struct {
	Wall  timeline.Micros
	Mono  time.Duration
	Steps uint32 // how often the clock was stepped since the start
}

// Now reads the clock. Differences below StepLimit are slewed; a larger one is
// taken over at once and raises Steps.
func (w *Wall) Now() Reading {
	w.mu.Lock()
	defer w.mu.Unlock()
	sys, mono := w.source() // under the lock: readings must not overtake each other
	elapsed := max(mono-w.mono, 0)
	carried := w.wall + int64(elapsed)
	diff := sys.UnixNano() - carried
	if diff > int64(StepLimit) || diff < -int64(StepLimit) {
		w.steps++
		w.stepBy = time.Duration(diff)
		w.rest = 0
		carried += diff
	} else {
		// What may be slewed is kept to the last fraction: readings may come
		// every microsecond.
		w.rest += int64(min(elapsed, slewSpan)) * SlewPPM
		limit := w.rest / 1_000_000
		w.rest %= 1_000_000
		carried += max(-limit, min(limit, diff))
	}
	w.mono, w.wall = max(mono, w.mono), carried
	return Reading{Wall: timeline.Micros(floorDiv(carried, 1000)), Mono: w.mono, Steps: w.steps}
}

// slewSpan bounds the time between two readings that is slewed over: by then
// any difference below StepLimit is worked off.
const slewSpan = time.Hour

func floorDiv(a, b int64) int64 {
	if q := a / b; a%b >= 0 {
		return q
	}
	return a/b - 1
}

// LastStep is the size of the last step; 0 if there was none.
func (w *Wall) LastStep() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.stepBy
}

// Source reads the clocks below without following them.
func (w *Wall) Source() (time.Time, time.Duration) { return w.source() }
