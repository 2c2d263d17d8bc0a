package timesync

import (
	"time"

	"qianshao/storage/timeline"
)

const (
	// strayLimit is how far the timeline may be wrong before the run is cut and
	// begun anew at the right place.
	strayLimit = 150 * time.Millisecond
	// cutLimit is how far a segment may stray before it ends at the next key
	// frame, for the next to be placed with what is known by then.
	cutLimit = 100 * time.Millisecond
	// overrunLimit is how far too late footage may lie before a run is begun at
	// the right place though there is footage already: the time is then recorded
	// twice, as after a step of the clock.
	overrunLimit = time.Second
	// cutAhead is how far ahead that is looked for: what the drift learnt since will
	// make of it until the key frame comes at which the segment can end.
	cutAhead = 3 * time.Second
	// hasteSlewPPM is the rate at which an error beyond cutLimit is worked off:
	// otherwise one made at the start would stand for many minutes. Footage placed
	// too late can only catch up: it cannot be moved over what is there already.
	hasteSlewPPM = 20_000
	// hasteOver is over how much time it is worked off; the segment ends then.
	hasteOver = 10 * time.Second
)

// Placement is where a tick goes on the timeline.
type Placement struct {
	Start timeline.Micros // wall time of the tick
	PPB   int32           // rate of the segment's time map
	Want  timeline.Micros // where the estimate puts the tick, regardless of prev
	// Stray is how far Start lies before the estimate (positive: footage is
	// placed too early), µs. Beyond the limit a new run must begin.
	Stray int64
	drift int64 // of the clock, as it is known
}

// Place chooses the time map for a segment that begins at tick. now is the
// present reading of the server's clock; prev is where the map of the segment
// before puts the tick, 0 when a run begins. length is the usual segment
// length over which an error is worked off.
func (c *Clock) Place(tick int64, now Reading, prev timeline.Micros, length time.Duration) Placement {
	want := now.Wall + timeline.Micros((c.Arrival(tick) - now.Mono).Microseconds())
	if prev == 0 {
		return Placement{Start: want, Want: want, PPB: clampPPB(c.drift), drift: c.drift}
	}
	stray := int64(want - prev)
	limit := float64(SlewPPM * 1000)
	switch cut := cutLimit.Microseconds(); {
	case stray > strayLimit.Microseconds():
		limit = 0 // a new run begins, where it belongs
	case stray > cut || stray < -cut:
		limit, length = hasteSlewPPM*1000, min(length, hasteOver)
	}
	slew := float64(stray) * 1e9 / float64(max(length.Microseconds(), 1))
	slew = max(-limit, min(limit, slew))
	return Placement{Start: prev, Want: want, PPB: clampPPB(c.drift + int64(slew)), Stray: stray, drift: c.drift}
}

// Strayed reports whether footage would be placed so much too early that the run
// must end: the next one begins where it belongs, and what lies between is a
// gap. Footage placed too late is not moved back over what is there; it
// catches up, unless it is Overrun.
func (p Placement) Strayed() bool { return p.Stray > strayLimit.Microseconds() }

// Overrun reports whether footage would be placed so much too late that the run
// must end, and the next one begin where it belongs: before the end of this one.
func (p Placement) Overrun() bool { return p.Stray < -overrunLimit.Microseconds() }

// Straying reports whether a segment placed by begin should end soon, because
// the place of its footage has become wrong since: a camera's clock was stepped,
// or drifts more than could be known when the segment began. p is the placement
// that would be made now.
func (p Placement) Straying(begin Placement) bool {
	ahead := p.Stray + (p.drift-int64(begin.PPB))*cutAhead.Microseconds()/1e9
	if off := begin.Stray; off < -cutLimit.Microseconds() && ahead > off/8 || off > cutLimit.Microseconds() && ahead < off/8 {
		return true // it is worked off
	}
	return p.Strayed() || max(p.Stray, -p.Stray, ahead, -ahead) > max(begin.Stray, -begin.Stray)+cutLimit.Microseconds()
}

// clampPPB bounds a rate to what a segment may carry: a fifth off either way.
func clampPPB(v int64) int32 { return int32(max(-200_000_000, min(200_000_000, v))) }
