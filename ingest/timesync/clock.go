package timesync

import (
	"math"
	"time"
)

const (
	// window is the span over which the earliest arrival is kept: long enough
	// to hold several frames of any camera, short enough to see a drift.
	window = 3 * time.Second
	// The first windows are shorter, so that a clock that is far off shows itself
	// within a few seconds.
	firstWindow  = time.Second
	firstWindows = 6
	// windows is how many of them the drift is fitted over.
	windows = 24
	// envelope is how many of them tell the arrival now: a congested half minute
	// is bridged, a lasting change of the network's delay is followed after it.
	envelope = 10
	// earlyLimit is how much earlier than ever a unit may come before its
	// timestamp is held to have jumped: a packet can be late, never early. It
	// stays below the 250 ms by which footage may be misplaced.
	earlyLimit = 100 * time.Millisecond
	// readMost is how long what has arrived may wait for its read, at most.
	// returnMost is how long a spike of the timestamps lasts, at most.
	readMost   = 1200 * time.Millisecond
	returnMost = 10 * time.Second
	// maxReorder bounds how far B-frames reach back in presentation time. A
	// larger step back is a jump; so is, once learnUnits were seen, one more
	// than twice as far as any before.
	maxReorder = time.Second
	learnUnits = 64
	// settleAfter is how long the earliest arrival must have stood still before
	// the clock is settled: cameras open with a burst of older frames, and only
	// the last of those tells how old the first was. settleMost bounds the wait,
	// settleLong where the burst is seen to go on, or the rate is in doubt: a
	// minute's frames through a thin line take their time, and footage placed
	// before they are over would lie wrong by all that is still to come.
	settleAfter = 300 * time.Millisecond
	settleMost  = 2500 * time.Millisecond
	settleLong  = 10 * time.Second
	// driftMost is how far off a clock may run: what is more, for half a minute, is
	// another rate. A line that grows slower looks like it for a while.
	driftMost = 0.2
	// driftWindows is how many windows it takes to tell the drift before anything is
	// placed, driftClear by how much they may leave it open.
	driftWindows = 4
	driftClear   = 0.01
	// burstFall is how fast, as a part of one, arrivals become earlier at least while
	// older frames are sent.
	burstFall = 0.1
	// reopenSoon is within how much time a second burst is none.
	reopenSoon = time.Minute
	// settleStep is by how much the earliest arrival must fall to count: less is
	// jitter.
	settleStep = 20 * time.Millisecond
	// settleUnits is how many units must have shown it: a silence shows nothing.
	settleUnits = 3
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
	step  int64 // by which the front went on last, ticks
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
	since   int // units since then

	recent [16]int64 // the last units' ticks, a ring
	next   int       // its head

	jumps    uint64
	good     believed // the last timestamp that was believed
	reopened believed // where Reopen was called last

	guessed bool          // the last unit's tick was
	filled  int64         // the last tick of a B-frame between the front and the one before
	holes   int64         // how many are left there
	pull    int64         // ticks by which the next guess is moved
	doubt   time.Duration // by how much the read was late that ended with a guess; 0: it was not

	// scale is what the timestamps' steps are multiplied by; open while it is not
	// decided, nil from then on.
	scale  float64
	open   *opening
	scaled float64 // decided since Rescaled was asked; 0: nothing
	relied bool    // Settled said so: it is too late for another scale
}

// point is the earliest arrival within one window.
type point struct {
	at   time.Duration // start of the window
	tick int64
	late int64 // µs
}

// believed is a timestamp, its tick and when it came.
type believed struct {
	rtp  uint32
	tick int64
	at   time.Duration
}

// NewClock follows a clock of rate ticks a second.
func NewClock(rate uint32) *Clock { return &Clock{rate: int64(rate), scale: 1, open: &opening{}} }

// Exact takes the announced rate for granted: what comes was seen to.
func (c *Clock) Exact() { c.open = nil }

// Rate is the clock's ticks a second.
func (c *Clock) Rate() uint32 { return uint32(c.rate) }

// Jumps counts timestamps that were not believed.
func (c *Clock) Jumps() uint64 { return c.jumps }

// Guessed reports whether the last tick is a guess: its timestamp said nothing. How
// long a pause was before it nobody knows then: what comes next may fill it.
func (c *Clock) Guessed() bool { return c.lastTick != c.good.tick }

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
		if c.open != nil {
			c.open.seen = append(c.open.seen, arrival{at: at})
		}
		return 0
	}
	delta := int64(int32(rtp - c.lastRTP))
	if c.open != nil {
		c.decide(at, delta)
	}
	delta = c.stretch(delta)
	c.mend(at)
	tick := c.lastTick + delta
	if delta == 0 && c.late(tick, at)-c.floor() < c.micros(c.interval)/2 {
		// Twice the same time at nearly the same moment: a second unit of one
		// picture (cameras that mark every slice, fields). What follows counts
		// from the first.
		c.maxTick++
		return c.maxTick
	}
	switch {
	case !c.jumped(delta, tick, at):
		c.learn(tick)
		c.good, c.pull, c.guessed = believed{rtp, tick, at}, 0, false
	case c.returned(rtp, at):
		c.jumps++
		tick = c.good.tick + c.stretch(int64(int32(rtp-c.good.rtp)))
		c.good = believed{rtp, tick, at}
	default:
		c.jumps++
		tick = c.guess(at)
	}
	c.lastRTP, c.lastTick, c.lastAt = rtp, tick, at
	c.maxTick = max(c.maxTick, tick)
	c.recent[c.next%len(c.recent)] = tick
	c.next++
	if !c.guessed || !c.relied { // a guess follows the arrivals, and says nothing of them
		c.observe(at, tick)
	}
	return tick
}

// stretch brings a step of the timestamps to the announced rate.
func (c *Clock) stretch(delta int64) int64 {
	if c.scale == 1 {
		return delta
	}
	return int64(math.Round(float64(delta) * c.scale))
}

// decide finds out whether the timestamps run at the announced rate. When they
// do not, everything that was learnt so far is learnt anew.
func (c *Clock) decide(at time.Duration, delta int64) {
	o := c.open
	o.add(at, delta, c.rate)
	if at-c.firstAt < settleMost && !c.relied {
		return
	}
	f, sure := o.factor(c.rate)
	believed := c.jumps*4 <= uint64(len(o.seen)) // else there is no rate
	if !sure && !c.relied && believed && at-c.firstAt < settleLong && len(o.seen) < scaleMost {
		return
	}
	if f == 1 && !c.relied {
		drift, clear := o.drift(c.rate)
		switch {
		case clear:
			c.drift = drift
		case believed && !c.fitted() && at-c.firstAt < settleLong && len(o.seen) < scaleMost:
			return
		}
	}
	c.open = nil
	if f == 1 || c.relied || c.jumps > 0 {
		return
	}
	c.scale, c.scaled = f, f
	c.jumps++
	first := o.seen[0]
	c.fellAt, c.fellTo, c.since = first.at, first.at.Microseconds(), 0
	c.current, c.points = point{at: first.at, late: first.at.Microseconds()}, c.points[:0]
	c.interval, c.maxTick, c.lastTick = 0, 0, 0
	c.Relearn()
	for _, a := range o.seen[1 : len(o.seen)-1] { // the last is the one being taken
		tick := c.stretch(a.raw)
		c.learn(tick)
		c.lastTick, c.maxTick = tick, max(c.maxTick, tick)
		c.observe(a.at, tick)
	}
}

// Rescaled reports, once, that the timestamps were found to run at another rate:
// all ticks given out before must be multiplied by the factor.
func (c *Clock) Rescaled() (factor float64, ok bool) {
	factor, c.scaled = c.scaled, 0
	return factor, factor != 0
}

// jumped reports whether a timestamp cannot be believed.
func (c *Clock) jumped(delta, tick int64, at time.Duration) bool {
	if delta == 0 {
		return true
	}
	if back := c.maxTick - tick; back > 0 {
		return back > c.ticks(maxReorder) || c.seen >= learnUnits && c.late(tick, at)-c.floor() > c.micros(c.reach+c.interval/2) &&
			(back > 2*c.reach || !c.hole(tick))
	}
	// Ahead: at once, further than the arrival allows, and earlier than anything
	// lately. The burst of old frames that opens a session comes early too, but
	// an interval at a time.
	forward := tick - c.maxTick
	if c.interval == 0 {
		return c.micros(forward)-(at-c.lastAt).Microseconds() > settleMost.Microseconds()
	}
	if c.micros(forward)-(at-c.lastAt).Microseconds() <= earlyLimit.Microseconds() {
		return false
	}
	if !c.settled(at) && forward <= 3*c.interval+c.reach {
		return false
	}
	return at < c.Arrival(tick)-earlyLimit
}

// hole reports whether none of the last units lies within three fifths of an interval
// of a tick: B-frames fill the holes that the front left open.
func (c *Clock) hole(tick int64) bool {
	for _, there := range c.recent {
		if d := tick - there; max(d, -d)*5 <= 3*c.interval {
			return false
		}
	}
	return true
}

// returned reports whether a timestamp that cannot be believed after the last
// one goes on from where the last believed one was: a spike is over.
func (c *Clock) returned(rtp uint32, at time.Duration) bool {
	if at-c.good.at > returnMost || c.lastTick == c.good.tick {
		return false
	}
	tick := c.good.tick + c.stretch(int64(int32(rtp-c.good.rtp)))
	ahead := c.micros(tick-c.good.tick) - (at - c.good.at).Microseconds()
	return (tick > c.maxTick || c.maxTick-tick <= c.reach && c.hole(tick)) && ahead <= earlyLimit.Microseconds() && ahead >= -readMost.Microseconds()
}

// guess is the tick of a unit whose timestamp says nothing: one interval after
// the last. Up to readMost it may have waited for the socket to be read, or for
// the picture it came with; a longer pause was one.
func (c *Clock) guess(at time.Duration) int64 {
	if c.interval == 0 { // no timestamp was believed yet
		return c.maxTick + max(c.ticks(at-c.lastAt), 1)
	}
	one := max(c.interval, 1)
	on := one
	if c.reach > one/2 { // a front, as far ahead as it went last if it can be here by now, or a B-frame
		ahead := c.ticks(at - c.Arrival(c.maxTick))
		if c.holes > 0 && (ahead < one/2 || at == c.lastAt) {
			c.holes--
			c.filled += one
			c.guessed = true
			return c.filled
		}
		on = max(one, min(c.step, (ahead+one/2)/one*one))
		c.filled, c.holes = c.maxTick, (on-one/2)/one
	}
	tick := c.maxTick + on + c.pull
	c.pull = 0
	if late := at - c.Arrival(tick); late > readMost {
		tick += c.ticks(late)
	}
	c.guessed = true
	return max(tick, c.maxTick+1)
}

// mend is told of the next unit before it is looked at. Where the last was
// guessed, and a read ended with it, it should have come at the usual time:
// what comes now is pulled there, so that guesses cannot run away. If two reads
// in a row ended late there had been a pause.
func (c *Clock) mend(at time.Duration) {
	if !c.guessed || at == c.lastAt {
		return
	}
	c.guessed = false
	late := c.lastAt - c.Arrival(c.maxTick)
	c.pull = c.ticks(late) / 8
	switch {
	case late <= earlyLimit:
		c.doubt = 0
	case c.doubt == 0:
		c.doubt = late
	default:
		c.pull = c.ticks(min(late, c.doubt))
		c.lastTick += c.pull // also when the next is believed
		c.doubt = 0
	}
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
	switch {
	case forward > 0 && forward < 8*c.interval:
		c.step, c.filled, c.holes = forward, c.maxTick, (forward-c.interval/2)/c.interval
	case forward == 0 && c.holes > 0:
		c.filled += c.interval
		c.holes--
	}
	c.reach = max(c.reach, c.maxTick-tick)
	c.seen = min(c.seen+1, learnUnits)
}

// Started reports whether a unit was seen.
func (c *Clock) Started() bool { return c.started }

// Reopen forgets what was learnt of arrivals: the burst that opened the session
// went on for longer than anybody waits. Ticks go on. When it happens again soon
// there was no burst: the timestamps run too fast.
func (c *Clock) Reopen() {
	if span := c.lastAt - c.reopened.at; c.reopened.at > 0 && span < reopenSoon && span > 0 {
		if p := float64(c.micros(c.lastTick-c.reopened.tick)) / float64(span.Microseconds()); p > 1+driftMost {
			c.adopt(1 / p)
		}
	}
	c.reopened = believed{tick: c.lastTick, at: c.lastAt}
	c.firstAt, c.fellAt, c.fellTo, c.since = c.lastAt, c.lastAt, c.late(c.lastTick, c.lastAt), 0
	c.points, c.drift, c.spread, c.relied = c.points[:0], 0, 0, false
	c.current = point{at: c.lastAt, tick: c.lastTick, late: c.fellTo}
}

// Settled reports whether the burst of older frames that opens a session is
// over, so that Place can be relied on.
func (c *Clock) Settled(at time.Duration) bool {
	settled := c.settled(at)
	if settled && !c.relied && c.open != nil {
		if drift, clear := c.open.drift(c.rate); clear {
			c.drift = drift
		}
	}
	c.relied = c.relied || settled
	return settled
}

func (c *Clock) settled(at time.Duration) bool {
	if !c.started {
		return false
	}
	age, still := at-c.firstAt, at-c.fellAt
	if age >= settleLong {
		return true
	}
	if c.open != nil {
		if _, sure := c.open.drift(c.rate); !sure || age >= settleMost {
			return false // the rate is in doubt
		}
	}
	quiet := max(settleAfter, time.Duration(2*c.micros(c.interval+c.reach))*time.Microsecond)
	return still >= quiet && c.since >= settleUnits || age >= settleMost && still >= settleAfter
}

// Near gives the tick of an RTP timestamp close to the last unit, without
// counting it as one: for sender reports.
func (c *Clock) Near(rtp uint32) int64 { return c.lastTick + c.stretch(int64(int32(rtp-c.lastRTP))) }

func (c *Clock) micros(tick int64) int64 {
	return int64(math.Round(float64(tick) * 1e6 / float64(c.rate)))
}

func (c *Clock) ticks(d time.Duration) int64 { return d.Microseconds() * c.rate / 1_000_000 }

func (c *Clock) late(tick int64, at time.Duration) int64 { return at.Microseconds() - c.micros(tick) }

func (c *Clock) observe(at time.Duration, tick int64) {
	late := c.late(tick, at)
	c.since++
	if late < c.fellTo-settleStep.Microseconds() {
		c.fellAt, c.fellTo, c.since = at, late, 0
	}
	if age := at - c.firstAt; (age < settleMost || !c.relied && age < settleLong) && c.burst(late, tick) {
		// What came so far says nothing of the drift.
		c.points, c.current = c.points[:0], point{at: at, tick: tick, late: late}
	}
	long := window
	if len(c.points) < firstWindows {
		long = firstWindow
	}
	if at-c.current.at >= long {
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

// burst reports whether a unit came so much earlier than the first that the
// session's opening burst must have gone on until now: no clock runs that fast.
func (c *Clock) burst(late, tick int64) bool {
	first := c.current
	if len(c.points) > 0 {
		first = c.points[0]
	}
	return float64(first.late-late-settleStep.Microseconds()) > burstFall*float64(c.micros(tick-first.tick))
}

// floor is the lowest lateness of the last two windows, µs.
func (c *Clock) floor() int64 {
	f := c.current.late
	if n := len(c.points); n > 0 {
		f = min(f, c.points[n-1].late)
	}
	return f
}

// fit draws a line under the windows' points and takes from its slope what the
// scatter around it could feign.
func (c *Clock) fit() {
	pts := make([]sample, len(c.points))
	for i, p := range c.points {
		pts[i] = sample{float64(c.micros(p.tick)), float64(p.late)}
	}
	c.spread = int64(scatterOf(pts, 0))
	if len(pts) < 3 {
		return // what the opening told holds
	}
	c.drift = 0
	slope, scatter, ok := line(pts, max(len(pts)/3, 2))
	if !ok {
		return
	}
	c.spread = int64(scatter)
	doubt := scatter / max(pts[len(pts)-1].x-pts[0].x, 1)
	if len(pts) >= 2*firstWindows && math.Abs(slope) > driftMost && doubt*scaleClear < math.Abs(slope) {
		c.adopt(1 + slope)
		return
	}
	slope = math.Copysign(max(math.Abs(slope)-doubt, 0), slope)
	c.drift = int64(slope * 1e9)
}

// fitted reports whether the windows tell the drift to within driftClear.
func (c *Clock) fitted() bool {
	n := len(c.points)
	if n < driftWindows {
		return false
	}
	span := c.micros(c.points[n-1].tick - c.points[0].tick)
	return float64(c.spread) < driftClear*float64(span)
}

// adopt takes another rate from here on: what looked like drift is none. What
// was learnt of arrivals is learnt anew.
func (c *Clock) adopt(f float64) {
	c.scale *= f
	c.jumps++
	c.points, c.drift, c.spread = c.points[:0], 0, 0
	c.interval = max(int64(math.Round(float64(c.interval)*f)), 1)
	c.Relearn()
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
