package depacket

import (
	"slices"
	"time"

	"qianshao/ingest/rtsp/limit"
)

// window is how far NAL units may be from their place in decoding order. They
// wait while no bound is passed; -1 is no bound.
type window struct {
	slices int   // slices that wait: H.264 sprop-interleaving-depth (RFC 6184 8.1)
	units  int   // NAL units that wait: H.265 sprop-depack-buf-nalus (RFC 7798 7.1)
	span   int64 // from the first that waits to the last, in decoding order numbers
}

// Bounds on what waits, whatever the SDP says.
const (
	maxHeld = 1024     // NAL units
	maxLate = 32       // NAL units in a row behind what is given out: the count began anew
	spares  = 8        // buffers kept for reuse
	maxBuf  = 64 << 10 // bytes of a buffer worth keeping
)

// interleaved puts NAL units that carry decoding order numbers (DON) back into
// that order, as RFC 6184 7.2 and RFC 7798 6 say, and gives them to units.
// Markers mean nothing here: a picture ends where the timestamp changes.
type interleaved struct {
	units *nalUnits
	win   window

	held   []heldNAL // in decoding order
	slices int       // of held
	bytes  int       // of held
	spare  [][]byte

	part heldNAL // the one being put together
	open bool    // there is one

	has   bool  // a NAL unit came
	last  int64 // DON of the one that came last
	given bool  // one was given out
	out   int64 // DON of the one given out last
	late  int   // in a row
	at    time.Duration
	doubt int // NAL units to be given out among which a lost one may lie
}

// heldNAL is a NAL unit that waits.
type heldNAL struct {
	don   int64 // unwrapped
	rtp   uint32
	at    time.Duration // arrival of its last byte
	slice bool
	b     []byte
}

// lost is told that packets are missing. Which NAL units they held shows when
// their turn comes: the numbers of a sender go up by one.
func (r *interleaved) lost() {
	r.abandon()
	r.doubt = len(r.held) + 4*(max(r.win.slices, r.win.units, int(r.win.span), 0)+1)
}

// begin starts a NAL unit with its header, or the first bytes of it.
func (r *interleaved) begin(don uint16, rtp uint32, at time.Duration, head []byte) {
	r.abandon()
	n := r.last + int64(int16(don-uint16(r.last)))
	if !r.has {
		n = int64(don)
	}
	r.has, r.last, r.open = true, n, true
	r.part.don, r.part.rtp, r.part.at = n, rtp, at
	if k := len(r.spare); k > 0 {
		r.part.b, r.spare = r.spare[k-1], r.spare[:k-1]
	}
	r.part.b = append(r.part.b[:0], head...)
}

// more appends to the NAL unit that was begun. Without one, its beginning was
// lost.
func (r *interleaved) more(b []byte, at time.Duration) {
	if !r.open {
		return
	}
	if len(r.part.b)+len(b) > limit.Interleaved {
		r.abandon()
		return
	}
	r.part.b = append(r.part.b, b...)
	r.part.at = at
}

// finish puts the NAL unit that was begun into its place and gives out what is
// due.
func (r *interleaved) finish() {
	if !r.open {
		return
	}
	r.open = false
	n := r.part
	r.part.b = nil
	if r.given && n.don < r.out {
		r.tooLate(n)
		return
	}
	r.late = 0
	n.slice = len(n.b) > 0 && r.units.codec.classify(n.b).slice
	i := len(r.held)
	for i > 0 && r.held[i-1].don > n.don {
		i--
	}
	r.held = slices.Insert(r.held, i, n)
	r.count(n, 1)
	for r.due() {
		r.release()
	}
}

// whole takes a NAL unit that came in one piece.
func (r *interleaved) whole(don uint16, rtp uint32, at time.Duration, nal []byte) {
	r.begin(don, rtp, at, nal)
	r.finish()
}

// abandon drops a NAL unit whose end is missing.
func (r *interleaved) abandon() {
	if r.open {
		r.open = false
		r.recycle(r.part.b)
		r.part.b = nil
		r.doubt = max(r.doubt, len(r.held)+1)
	}
}

// broken is told of a malformed packet: what it held is missing.
func (r *interleaved) broken(rtp uint32) {
	r.lost()
	r.damage(rtp)
}

// damage marks the unit of this time, or counts it when it is not being
// written.
func (r *interleaved) damage(rtp uint32) {
	if o := r.units.out; o.open && o.rtp == rtp {
		o.damaged = true
	} else {
		o.n.Damaged++
	}
}

// tooLate drops a NAL unit whose turn is over. When all are so, the sender
// began to count anew.
func (r *interleaved) tooLate(n heldNAL) {
	r.damage(n.rtp)
	r.recycle(n.b)
	if r.late++; r.late >= maxLate {
		r.drain()
	}
}

// due reports whether the first in decoding order may go.
func (r *interleaved) due() bool {
	n := len(r.held)
	return n > 0 && (r.win.slices >= 0 && r.slices > r.win.slices ||
		r.win.units >= 0 && n > r.win.units ||
		r.win.span >= 0 && r.held[n-1].don-r.held[0].don > r.win.span ||
		n > maxHeld || r.bytes > limit.Interleaved)
}

// release gives out the first in decoding order.
func (r *interleaved) release() {
	n := r.held[0]
	r.held = slices.Delete(r.held, 0, 1)
	r.count(n, -1)
	hole := r.doubt > 0 && r.given && n.don-r.out > 1
	r.doubt = max(r.doubt-1, 0)
	r.given, r.out, r.at = true, n.don, max(r.at, n.at)
	r.units.step(n.rtp, r.at, hole, func() bool { return r.units.codec.classify(n.b).first })
	r.units.nal(n.b)
	r.recycle(n.b)
}

// empty gives out all that waits.
func (r *interleaved) empty() {
	for len(r.held) > 0 {
		r.release()
	}
}

// drain gives out all that waits; the next NAL unit begins a new order.
func (r *interleaved) drain() {
	r.abandon()
	r.empty()
	r.has, r.given, r.late = false, false, 0
}

func (r *interleaved) count(n heldNAL, sign int) {
	r.bytes += sign * len(n.b)
	if n.slice {
		r.slices += sign
	}
}

func (r *interleaved) recycle(b []byte) {
	if len(r.spare) < spares && cap(b) > 0 && cap(b) <= maxBuf {
		r.spare = append(r.spare, b)
	}
}
