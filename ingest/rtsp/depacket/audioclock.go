package depacket

const (
	// learnPackets is how many packets in a row must run at one wrong rate before
	// it is taken for the camera's.
	learnPackets = 8
	// clockSlack is how far timestamps may be from what the samples say and still
	// be those of a clock that runs as announced: an eighth.
	clockSlack = 8
)

// audioClock brings the timestamps of audio to the announced rate. What a packet
// lasts is known from its samples; a camera whose timestamps say something else
// every time counts at another rate.
type audioClock struct {
	n *Counters

	has      bool
	raw, out uint32 // of the packet before: as it came, and as it was given out
	dur      uint32 // what it lasts

	row       int    // packets whose steps were wrong in the same way
	step, was uint32 // the last such step, and the duration it should have been
	num, den  uint32 // the factor that was learnt; den is 0 while there is none
}

// fix returns the timestamp of a packet that lasts dur ticks. gap says that
// packets before it are missing.
func (c *audioClock) fix(raw, dur uint32, gap bool) uint32 {
	if !c.has {
		c.has, c.raw, c.out, c.dur = true, raw, raw, dur
		return raw
	}
	step, want := raw-c.raw, c.dur
	out := c.out + step
	switch {
	case gap || int32(step) < 0:
		c.row = 0
		if c.den != 0 && int32(step) > 0 {
			out = c.out + c.scale(step)
		}
	case step-want+want/clockSlack <= 2*(want/clockSlack): // as announced
		c.row = 0
		c.den = 0
	case step == 0: // it stands still
		c.n.AudioClock++
		out = c.out + want
	case c.den != 0 && near(c.scale(step), want):
		c.n.AudioClock++
		out = c.out + c.scale(step)
	default:
		if c.row > 0 && near(uint32(uint64(step)*uint64(c.was)/uint64(c.step)), want) {
			c.row++
		} else {
			c.row = 1
		}
		c.step, c.was = step, want
		if step < 16*want { // more is a pause
			out = c.out + want
		}
		if c.row >= learnPackets {
			c.num, c.den = want, step
			c.n.AudioClock++
		}
	}
	c.raw, c.out, c.dur = raw, out, dur
	return out
}

func (c *audioClock) scale(step uint32) uint32 {
	return uint32(uint64(step) * uint64(c.num) / uint64(c.den))
}

// near reports whether two durations are equal but for rounding.
func near(a, b uint32) bool { return a+b/clockSlack >= b && a <= b+b/clockSlack }
