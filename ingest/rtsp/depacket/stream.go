// Package depacket turns RTP packets into access units, writing their bytes
// straight into the track's chain: one copy from packet to fragment, no
// allocation a packet. A unit that lost a part is left out whole.
//
// A Stream handles one track: sequence numbers, losses, and a format (one small
// type per codec) that knows the payload.
package depacket

import (
	"errors"
	"time"

	"github.com/pion/rtp"

	"qianshao/storage/media"
)

// ErrUnsupported is returned by New for a format that is not recorded.
var ErrUnsupported = errors.New("media format is not recorded")

// Params describe a track as the SDP does.
type Params struct {
	Codec    media.Codec
	Rate     uint32 // RTP clock
	Channels int

	VPS, SPS, PPS [][]byte // from the SDP, may be empty

	// Interleaving, from the SDP: how far NAL units may be sent from their
	// decoding order. 0 is what a missing attribute means.
	InterleavingDepth int // H.264 sprop-interleaving-depth, slices (RFC 6184 8.1)
	MaxDONDiff        int // sprop-max-don-diff; H.265: > 0 says that DONs are present (RFC 7798 4.4)
	DepackUnits       int // H.265 sprop-depack-buf-nalus, NAL units (RFC 7798 7.1)

	// AAC, RFC 3640.
	Config                                    []byte
	SizeLength, IndexLength, IndexDeltaLength int
}

// Counters are what a Stream saw so far.
type Counters struct {
	Packets   uint64
	Lost      uint64 // sequence numbers that never came
	Reordered uint64 // packets that came late or twice and were dropped
	Damaged   uint64 // units left out because a part was missing or malformed
}

// format is one codec's payload.
type format interface {
	// packet takes a payload in sequence. gap says that packets are missing
	// before it.
	packet(h *rtp.Header, payload []byte, at time.Duration, gap bool)
	// flush gives out a unit that waits for the next timestamp to be complete.
	flush()
}

// Stream depacketizes one track. It belongs to one goroutine.
type Stream struct {
	out    output
	format format
	h      rtp.Header
	next   uint16
	ssrc   uint32
	has    bool
}

// New prepares a Stream that appends to chain and calls emit for every
// complete unit.
func New(p Params, chain *media.Chain, emit func(media.Unit)) (*Stream, error) {
	s := &Stream{out: output{chain: chain, emit: emit, start: chain.End()}}
	switch p.Codec {
	case media.H264:
		s.format = newH264(&s.out, p)
	case media.H265:
		s.format = newH265(&s.out, p)
	case media.MJPEG:
		s.format = newMJPEG(&s.out, p)
	case media.AAC:
		f, err := newAAC(&s.out, p)
		if err != nil {
			return nil, err
		}
		s.format = f
	case media.PCMA, media.PCMU, media.Opus:
		s.format = newPlain(&s.out, p)
	default:
		return nil, ErrUnsupported
	}
	return s, nil
}

// Counters may be called between packets.
func (s *Stream) Counters() Counters { return s.out.n }

// Packet takes one RTP packet (RFC 3550 5.1). b is not kept.
func (s *Stream) Packet(b []byte, at time.Duration) {
	n, err := s.h.Unmarshal(b)
	if err != nil {
		s.out.n.Damaged++
		return
	}
	payload := b[n:]
	if s.h.Padding && len(payload) > 0 {
		pad := int(payload[len(payload)-1])
		if pad > len(payload) {
			s.out.n.Damaged++
			return
		}
		payload = payload[:len(payload)-pad]
	}
	s.Payload(&s.h, payload, at)
}

// Payload takes a packet whose header is already parsed.
func (s *Stream) Payload(h *rtp.Header, payload []byte, at time.Duration) {
	gap := false
	if s.has && h.SSRC == s.ssrc {
		switch d := int16(h.SequenceNumber - s.next); {
		case d > 0:
			s.out.n.Lost += uint64(d)
			gap = true
		case d < 0 && d > -64: // late or repeated
			s.out.n.Reordered++
			return
		case d < 0: // the camera's counter jumped
			gap = true
		}
	} else if s.has {
		gap = true // another source: the unit before may lack its end
	}
	s.has, s.ssrc, s.next = true, h.SSRC, h.SequenceNumber+1
	s.out.n.Packets++
	if len(payload) > 0 {
		s.format.packet(h, payload, at, gap)
	}
}

// Flush gives out a last unit that is complete but for the next timestamp. The
// session is over.
func (s *Stream) Flush() { s.format.flush() }

// output is the unit being written.
type output struct {
	chain *media.Chain
	emit  func(media.Unit)
	n     Counters

	start   int64 // chain position of the unit
	open    bool
	damaged bool
	rtp     uint32
	at      time.Duration
	sync    media.Sync
	track   *media.Track // to be announced with the next unit
}

// begin starts a unit.
func (o *output) begin(rtp uint32, at time.Duration) {
	o.open, o.damaged, o.sync = true, false, media.NoSync
	o.rtp, o.at, o.start = rtp, at, o.chain.End()
}

// drop leaves the unit out.
func (o *output) drop() {
	if o.open {
		o.chain.Truncate(o.start)
		o.open = false
		o.n.Damaged++
	}
}

// end gives the unit out, or leaves it out when it is damaged or empty.
func (o *output) end(dur uint32) {
	if !o.open {
		return
	}
	n := int(o.chain.End() - o.start)
	if o.damaged {
		o.drop()
		return
	}
	o.open = false
	if n == 0 {
		return
	}
	u := media.Unit{RTP: o.rtp, At: o.at, Sync: o.sync, Pos: o.start, Len: n, Dur: dur, Track: o.track}
	o.track = nil
	o.emit(u)
}
