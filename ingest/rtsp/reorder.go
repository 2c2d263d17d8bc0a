package rtsp

import (
	"encoding/binary"
	"slices"
	"time"

	"qianshao/ingest/rtsp/limit"
)

const (
	// reorderMost is how many packets wait for one that is late; reorderFor how
	// long: it delays nothing but what follows a packet that never comes, and
	// mobile networks are late by that much.
	reorderMost = 64
	reorderFor  = 300 * time.Millisecond
	// openingFor is how long the first packets of a source wait for such as were
	// sent before them.
	openingFor = 100 * time.Millisecond
	// reorderStall is a pause between packets after which those that wait begin to
	// wait anew: it may be the process that paused, and what they wait for lies in
	// the kernel.
	reorderStall = 50 * time.Millisecond
	// datagram is the size of a buffer for a packet that waits.
	datagram = 2 << 10
)

// reorder puts RTP packets of one track that came over UDP back into the order
// they were sent in. One that comes in order passes without a copy.
type reorder struct {
	out  func(b []byte, at time.Duration)
	held []heldPacket // ahead of next, by sequence number
	free [][]byte
	size int // bytes of held
	next uint16
	ssrc uint32
	has  bool
	// A source may begin out of order, too: what comes first waits.
	opening bool
	last    time.Duration // when a packet came
}

type heldPacket struct {
	seq   uint16
	at    time.Duration
	since time.Duration // it waits
	b     []byte
}

// packet takes the next datagram. b is not kept.
func (r *reorder) packet(b []byte, at time.Duration) {
	if len(b) < 12 {
		return
	}
	if at-r.last > reorderStall && !r.opening {
		for i := range r.held {
			if h := &r.held[i]; h.since == h.at { // once
				h.since = at
			}
		}
	}
	r.last = at
	seq, ssrc := binary.BigEndian.Uint16(b[2:]), binary.BigEndian.Uint32(b[8:])
	ahead := seq - r.next
	switch {
	case !r.has || ssrc != r.ssrc:
		r.flush()
		r.has, r.ssrc, r.next, r.opening = true, ssrc, seq, true
		r.hold(b, seq, at)
		return
	case r.opening && int16(seq-r.next) < reorderMost && int16(r.next-seq) < reorderMost:
		r.hold(b, seq, at)
		if r.full() || r.oldest(at) {
			r.begin()
		}
		return
	case ahead == 0:
	case ahead < reorderMost*4:
		r.hold(b, seq, at)
		for len(r.held) > 0 && (r.full() || r.oldest(at)) {
			r.release()
			r.inOrder()
		}
		return
	case ahead > 0xffff-reorderMost*4: // late, or twice: the depacketizer counts it
		r.out(b, at)
		return
	default: // the camera's counter jumped
		r.flush()
		r.next = seq
	}
	r.out(b, at)
	r.next++
	r.inOrder()
}

// inOrder gives out what follows the last that went out.
func (r *reorder) inOrder() {
	for len(r.held) > 0 && r.held[0].seq == r.next {
		r.release()
	}
}

// begin ends the opening: what is in a row goes out.
func (r *reorder) begin() {
	r.opening = false
	r.next = r.held[0].seq
	r.inOrder()
}

// full reports whether no more may wait.
func (r *reorder) full() bool { return len(r.held) >= reorderMost || r.size > limit.Reorder }

// oldest reports whether a packet has waited too long.
func (r *reorder) oldest(at time.Duration) bool {
	most := reorderFor
	if r.opening {
		most = openingFor
	}
	return slices.ContainsFunc(r.held, func(h heldPacket) bool { return at-h.since > most })
}

// idle gives out what has waited too long.
func (r *reorder) idle(at time.Duration) {
	for len(r.held) > 0 && r.oldest(at) {
		if r.opening {
			r.begin()
			continue
		}
		r.release()
	}
}

func (r *reorder) hold(b []byte, seq uint16, at time.Duration) {
	i := len(r.held)
	for i > 0 && int16(r.held[i-1].seq-seq) > 0 {
		i--
	}
	if i > 0 && r.held[i-1].seq == seq {
		return // twice
	}
	var buf []byte
	if n := len(r.free); n > 0 {
		buf, r.free = r.free[n-1], r.free[:n-1]
	} else {
		buf = make([]byte, 0, datagram)
	}
	r.size += len(b)
	r.held = slices.Insert(r.held, i, heldPacket{seq: seq, at: at, since: at, b: append(buf[:0], b...)})
}

// release gives out the first that waits, whether or not those before it came.
func (r *reorder) release() {
	h := r.held[0]
	r.held = slices.Delete(r.held, 0, 1)
	r.size -= len(h.b)
	r.next = h.seq + 1
	r.out(h.b, h.at)
	if len(r.free) < reorderMost && cap(h.b) == datagram {
		r.free = append(r.free, h.b)
	}
}

func (r *reorder) flush() {
	r.opening = false
	for len(r.held) > 0 {
		r.release()
	}
}
