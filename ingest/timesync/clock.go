package timesync

import (
	"math"
	"slices"
	"time"
)

const (
	// window is the span over which the earliest arrival is kept: long enough
	// to hold several frames of any camera, short enough to see a drift.
	window = 3 * time.Second
	// windows is how many of them the drift is fitted over.
	windows = 24
	// envelope is how many of them tell the arrival now: a congested half minute
	// is bridged, a lasting change of the network's delay is followed after it.
	envelope = 10
	// earlyLimit is how much earlier than ever a unit may come before its
	// timestamp is held to have jumped: a packet can be late, never early. It
	// stays below the 250 ms by which footage may be misplaced.
	earlyLimit = 100 * time.Millisecond
	// maxReorder bounds how far B-frames reach back in presentation time. A
	// larger step back is a jump; so is, once learnUnits were seen, one more
	// than twice as far as any before.
	maxReorder = time.Second
	learnUnits = 64
	// settleAfter is how long the earliest arrival must have stood still before
	// the clock is settled: cameras open with a burst of older frames, and only
	// the last of those tells how old the first was. settleMost bounds the wait.
	settleAfter = 300 * time.Millisecond
	settleMost  = 2500 * time.Millisecond
	// settleStep is by how much the earliest arrival must fall to count: less is
	// jitter.
	settleStep = 20 * time.Millisecond
)

// Clock follows one track's RTP clock. It belongs to one goroutine.
type Clock struct {
	rate int64 // ticks a second

	started  bool
	lastRTP  uint32
	lastTick int64
	maxTick  int64
	lastAt   time.Duration
	interval int64 // smoothed ticks between units, 0 until the second

	reach int64 // furthest step back that was believed, ticks
	seen  int   // units since the reach began to be learnt, at most learnUnits

	// late is arrival minus the time the ticks say, µs; its lower envelope is
	// the map from ticks to arrival time, because networks only add delay.
	points  []point // oldest first, at most windows
	current point   // window being filled
	drift   int64   // of points, ppb
	spread  int64   // of points around the fitted line, µs

	firstAt time.Duration
	fellAt  time.Duration // when the earliest arrival fell last
	fellTo  int64

	jumps uint64
}

// point is the earliest arrival within one window.
type point struct {
	at   time.Duration // start of the window
	tick int64
	late int64 // µs
}

// NewClock follows a clock of rate ticks a second.
func NewClock(rate uint32) *Clock { return &Clock{rate: int64(rate)} }

// Rate is the clock's ticks a second.
func (c *Clock) Rate() uint32 { return uint32(c.rate) }

// Jumps counts timestamps that were not believed.
func (c *Clock) Jumps() uint64 { return c.jumps }

// Relearn forgets how far B-frames reach back: the coding has changed.
func (c *Clock) Relearn() { c.reach, c.seen = 0, 0 }

// Tick unwraps an RTP timestamp that arrived at the given moment. The first
// unit has tick 0. Timestamps that jump into the future or the past, or stand
// still, are replaced by what interval and arrival say, so that no frame is
// lost and no time is stretched.
func (c *Clock) Tick(rtp uint32, at time.Duration) int64 {
	if !c.started {
		c.started = true
		c.lastRTP, c.lastAt, c.firstAt, c.fellAt = rtp, at, at, at
		c.current = point{at: at, late: at.Microseconds()}
		c.fellTo = c.current.late
		return 0
	}
	delta := int64(int32(rtp - c.lastRTP))
	tick := c.lastTick + delta
	if delta == 0 && c.late(tick, at)-c.floor() < c.micros(c.interval) {
		// Twice the same time at nearly the same moment: a second unit of one
		// picture (cameras that mark every slice, fields). What follows counts
		// from the first.
		c.maxTick++
		return c.maxTick
	}
	if c.jumped(delta, tick, at) {
		c.jumps++
		tick = c.guess(at)
	} else {
		c.learn(tick)
	}
	c.lastRTP, c.lastTick, c.lastAt = rtp, tick, at
	c.maxTick = max(c.maxTick, tick)
	c.observe(at, tick)
	return tick
}

// jumped reports whether a timestamp cannot be believed.
func (c *Clock) jumped(delta, tick int64, at time.Duration) bool {
	if delta == 0 {
		return true
	}
	if back := c.maxTick - tick; back > 0 {
		return back > c.ticks(maxReorder) || c.seen >= learnUnits && back > 2*c.reach
	}
	// Ahead: at once, further than the arrival allows, and earlier than anything
	// lately. The burst of old frames that opens a session comes early too, but
	// an interval at a time.
	forward := tick - c.maxTick
	if c.micros(forward)-(at-c.lastAt).Microseconds() <= earlyLimit.Microseconds() {
		return false
	}
	if !c.Settled(at) && forward <= 3*c.interval+c.reach {
		return false
	}
	return c.interval > 0 && at < c.Arrival(tick)-earlyLimit
}

// guess is the tick of a unit whose timestamp says nothing: one interval after
// the last, pulled towards the usual lateness so that it cannot run away.
func (c *Clock) guess(at time.Duration) int64 {
	tick := c.maxTick + max(c.interval, 1)
	late := (at - c.Arrival(tick)).Microseconds()
	switch {
	case late > earlyLimit.Microseconds(): // a pause, too
		tick += c.ticks(time.Duration(late) * time.Microsecond)
	default:
		tick += c.ticks(time.Duration(late)*time.Microsecond) / 8
	}
	return max(tick, c.maxTick+1)
}

// learn follows the interval and the reach of B-frames.
func (c *Clock) learn(tick int64) {
	forward := max(tick-c.maxTick, 0)
	if c.interval == 0 {
		c.interval = max(forward, 1)
	} else {
		// A hole counts little; three B-frames move the front four at once.
		c.interval = max(c.interval+(min(forward, 8*c.interval)-c.interval)/16, 1)
	}
	c.reach = max(c.reach, c.maxTick-tick)
	c.seen = min(c.seen+1, learnUnits)
}

// Started reports whether a unit was seen.
func (c *Clock) Started() bool { return c.started }

// Settled reports whether the burst of older frames that opens a session is
// over, so that Place can be relied on.
func (c *Clock) Settled(at time.Duration) bool {
	quiet := max(settleAfter, time.Duration(2*c.micros(c.interval+c.reach))*time.Microsecond)
	return c.started && (at-c.fellAt >= quiet || at-c.firstAt >= settleMost)
}

// Near gives the tick of an RTP timestamp close to the last unit, without
// counting it as one: for sender reports.
func (c *Clock) Near(rtp uint32) int64 { return c.lastTick + int64(int32(rtp-c.lastRTP)) }

func (c *Clock) micros(tick int64) int64 {
	return int64(math.Round(float64(tick) * 1e6 / float64(c.rate)))
}

func (c *Clock) ticks(d time.Duration) int64 { return d.Microseconds() * c.rate / 1_000_000 }

func (c *Clock) late(tick int64, at time.Duration) int64 { return at.Microseconds() - c.micros(tick) }

func (c *Clock) observe(at time.Duration, tick int64) {
	late := c.late(tick, at)
	if late < c.fellTo-settleStep.Microseconds() {
		c.fellAt, c.fellTo = at, late
	}
	if at-c.current.at >= window {
		if len(c.points) == windows {
			c.points = append(c.points[:0], c.points[1:]...)
		}
		c.points = append(c.points, c.current)
		c.current = point{at: at, tick: tick, late: late}
		c.fit()
		return
	}
	if late < c.current.late {
		c.current.tick, c.current.late = tick, late
	}
}

// floor is the lowest lateness of the last two windows, µs.
func (c *Clock) floor() int64 {
	f := c.current.late
	if n := len(c.points); n > 0 {
		f = min(f, c.points[n-1].late)
	}
	return f
}

// fit draws a line through the windows' points: the median of the slopes
// between points at least a third of the span apart, less what the scatter
// around it could feign.
func (c *Clock) fit() {
	c.drift, c.spread = 0, 0
	pts := c.points
	c.spread = spread(c, pts, 0)
	if len(pts) < 3 {
		return
	}
	apart := max(len(pts)/3, 2)
	slopes := make([]float64, 0, len(pts)*len(pts)/2)
	for i := range pts {
		for j := i + apart; j < len(pts); j++ {
			if d := c.micros(pts[j].tick - pts[i].tick); d > 0 {
				slopes = append(slopes, float64(pts[j].late-pts[i].late)/float64(d))
			}
		}
	}
	if len(slopes) == 0 {
		return
	}
	slices.Sort(slopes)
	slope := slopes[len(slopes)/2]
	c.spread = spread(c, pts, slope)
	span := c.micros(pts[len(pts)-1].tick - pts[0].tick)
	doubt := float64(c.spread) / float64(max(span, 1))
	slope = math.Copysign(max(math.Abs(slope)-doubt, 0), slope)
	c.drift = int64(slope * 1e9)
}

// spread is how far points lie apart around a line, µs.
func spread(c *Clock, pts []point, slope float64) int64 {
	if len(pts) == 0 {
		return 0
	}
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, p := range pts {
		r := float64(p.late) - slope*float64(c.micros(p.tick))
		lo, hi = min(lo, r), max(hi, r)
	}
	return int64(hi - lo)
}

// Drift is how much faster real time runs than the camera's ticks, in parts per
// 10⁹. It is 0 until three windows were seen, and while it is too small to be
// told from jitter.
func (c *Clock) Drift() int64 { return c.drift }

// Arrival estimates when a unit with this tick arrives on a network without
// delay, on the monotonic clock: the lower envelope, with its drift.
func (c *Clock) Arrival(tick int64) time.Duration {
	best := c.carry(c.current, tick)
	for _, p := range c.points[max(0, len(c.points)-envelope):] {
		best = min(best, c.carry(p, tick))
	}
	return time.Duration(c.micros(tick)+best) * time.Microsecond
}

// carry is a point's lateness as the drift makes it at a tick.
func (c *Clock) carry(p point, tick int64) int64 {
	return p.late + int64(float64(c.micros(tick-p.tick))*float64(c.drift)/1e9)
}

// Jitter is how far the windows' earliest arrivals lie apart, µs: the
// uncertainty of Arrival.
func (c *Clock) Jitter() int64 { return c.spread }
