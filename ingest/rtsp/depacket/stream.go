// Package depacket turns RTP packets into access units, writing their bytes
// straight into the track's chain: one copy from packet to fragment, no
// allocation a packet. A unit that lost a part is left out whole.
//
// A Stream handles one track: sequence numbers, losses, and a format (one small
// type per codec) that knows the payload.
package depacket

import (
	"encoding/binary"
	"errors"
	"time"

	"github.com/pion/rtp"

	"qianshao/ingest/rtsp/limit"
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
	LATM                                      bool // RFC 6416 in place of RFC 3640

	// Ordered: the transport loses and reorders nothing. A sequence number that
	// goes back is then the camera's way of counting.
	Ordered bool
}

// Counters are what a Stream saw so far.
type Counters struct {
	Packets   uint64
	Lost      uint64 // sequence numbers that never came
	Reordered uint64 // packets that came late or twice and were dropped
	Damaged   uint64 // units left out because a part was missing or malformed

	// What was put right.
	AudioClock uint64 // audio timestamps that ran at another rate
	StartCodes uint64 // packets with start codes inside
	Markers    uint64 // marker bits that did not end a picture
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

	ordered bool
	last    [24]byte // digest of the packet before
}

// New prepares a Stream that appends to chain and calls emit for every
// complete unit.
func New(p Params, chain *media.Chain, emit func(media.Unit)) (*Stream, error) {
	s := &Stream{ordered: p.Ordered, out: output{chain: chain, emit: emit, start: chain.End()}}
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
	n := parseHeader(&s.h, b)
	if n < 0 {
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

// parseHeader reads an RTP header (RFC 3550 5.1) and returns where the payload
// begins, -1 when there is none. Extensions are passed over by their length,
// whatever they hold: cameras write there what they like.
func parseHeader(h *rtp.Header, b []byte) int {
	h.Extension = false
	if len(b) < 12 || b[0]>>6 != 2 {
		return -1
	}
	n := 12 + 4*int(b[0]&0x0f)
	if b[0]&0x10 != 0 {
		if len(b) < n+4 {
			return -1
		}
		ext := b[n:]
		n += 4 + 4*int(binary.BigEndian.Uint16(ext[2:]))
		if n > len(b) {
			return -1
		}
		if h.ExtensionProfile = binary.BigEndian.Uint16(ext); h.ExtensionProfile == onvifJPEG {
			_, err := h.Unmarshal(b[:n]) // the one that matters
			h.Extension = err == nil
		}
	}
	if n > len(b) {
		return -1
	}
	h.Padding, h.Marker, h.PayloadType = b[0]&0x20 != 0, b[1]&0x80 != 0, b[1]&0x7f
	h.SequenceNumber = binary.BigEndian.Uint16(b[2:])
	h.Timestamp, h.SSRC = binary.BigEndian.Uint32(b[4:]), binary.BigEndian.Uint32(b[8:])
	return n
}

// Payload takes a packet whose header is already parsed.
func (s *Stream) Payload(h *rtp.Header, payload []byte, at time.Duration) {
	gap := false
	if s.has && h.SSRC == s.ssrc {
		switch d := int16(h.SequenceNumber - s.next); {
		case d > 0:
			s.out.n.Lost += uint64(d)
			gap = true
		case d == -1 && s.repeated(h, payload), d < 0 && d > -64 && !s.ordered: // late or repeated
			s.out.n.Reordered++
			return
		case d < 0 && s.ordered:
		case d < 0: // the camera's counter jumped
			gap = true
		}
	} else if s.has {
		gap = true // another source: the unit before may lack its end
	}
	s.has, s.ssrc, s.next = true, h.SSRC, h.SequenceNumber+1
	s.last = digest(h, payload)
	s.out.n.Packets++
	if len(payload) > 0 {
		s.format.packet(h, payload, at, gap)
	}
}

// digest tells packets apart: timestamp, length, the first bytes and the last.
func digest(h *rtp.Header, b []byte) (d [24]byte) {
	binary.BigEndian.PutUint32(d[:], h.Timestamp)
	binary.BigEndian.PutUint32(d[4:], uint32(len(b)))
	copy(d[8:16], b)
	copy(d[16:], b[max(0, len(b)-8):])
	return d
}

// repeated reports whether a packet is the one before once more.
func (s *Stream) repeated(h *rtp.Header, b []byte) bool { return digest(h, b) == s.last }

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

// crowded reports whether the camera holds all that it may.
func (o *output) crowded() bool { return o.chain.Held() > limit.Media }

// cut gives out the unit up to a chain position; what stands there begins the
// next.
func (o *output) cut(at int64) {
	u := media.Unit{RTP: o.rtp, At: o.at, Sync: o.sync, Pos: o.start, Len: int(at - o.start), Track: o.track}
	o.track = nil
	o.start, o.damaged, o.sync = at, false, media.NoSync
	o.emit(u)
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
	if o.damaged || o.crowded() {
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
