package depacket

import (
	"encoding/binary"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"github.com/pion/rtp"

	"qianshao/storage/media"
)

// h264Format is RFC 6184 in all its packetization modes: single NAL units,
// STAP-A and FU-A in the order sent; STAP-B, MTAP16, MTAP24 and FU-B by their
// decoding order numbers.
type h264Format struct {
	*nalUnits
	order   *interleaved
	reorder bool // the sender may change the order
}

func newH264(out *output, p Params) format {
	u := newNALUnits(out, h264Codec{}, p)
	w := window{slices: p.InterleavingDepth, units: -1, span: -1}
	if p.MaxDONDiff > 0 {
		w.span = int64(p.MaxDONDiff)
	}
	return &h264Format{nalUnits: u, order: &interleaved{units: u, win: w}, reorder: p.InterleavingDepth > 0}
}

func (f *h264Format) flush() {
	f.order.drain()
	f.nalUnits.flush()
}

func (f *h264Format) packet(h *rtp.Header, b []byte, at time.Duration, gap bool) {
	kind := b[0] & 0x1f
	inside := kind == 28 && len(b) > 1 && b[1]&0x80 == 0 && f.order.has // of an FU-B's NAL unit
	if kind == 25 || kind == 26 || kind == 27 || kind == 29 || inside {
		f.numbered(h, b, at, gap)
		return
	}
	if f.order.has {
		f.order.drain()
	}
	f.step(h.Timestamp, at, gap, func() bool { return h264First(b) })
	switch kind {
	case 24: // STAP-A
		f.aggregate(b[1:])
	case 28: // FU-A
		if len(b) < 2 {
			f.out.damaged = true
			break
		}
		f.fragment([]byte{b[0]&0xe0 | b[1]&0x1f}, b[2:], b[1]&0x80 != 0, b[1]&0x40 != 0)
	default:
		f.nal(b)
	}
	if h.Marker {
		f.marker()
	}
}

// numbered takes a packet whose NAL units carry decoding order numbers.
func (f *h264Format) numbered(h *rtp.Header, b []byte, at time.Duration, gap bool) {
	if gap {
		f.order.lost()
	}
	var ok bool
	switch kind := b[0] & 0x1f; kind {
	case 25: // STAP-B
		ok = f.stapB(h, b, at)
	case 26, 27: // MTAP16, MTAP24
		ok = f.mtap(h, b, at, int(kind)-24)
	default: // FU-B, and the FU-As that follow it
		ok = f.fuB(b, h.Timestamp, at)
	}
	if !ok {
		f.order.broken(h.Timestamp)
	}
	if h.Marker && !f.reorder {
		f.order.empty()
		f.marker()
	}
}

// stapB takes NAL units of one time, numbered one after the other (RFC 6184
// 5.7.1).
func (f *h264Format) stapB(h *rtp.Header, b []byte, at time.Duration) bool {
	if len(b) < 3 {
		return false
	}
	don := binary.BigEndian.Uint16(b[1:])
	n := uint16(0)
	for b = b[3:]; !padding(b); n++ {
		nal, rest, ok := sized(b)
		if !ok {
			return false
		}
		f.order.whole(don+n, h.Timestamp, at, nal)
		b = rest
	}
	return n > 0
}

// mtap takes NAL units of several times, each with its number and its offset,
// of wide bytes, from the packet's timestamp (RFC 6184 5.7.2).
func (f *h264Format) mtap(h *rtp.Header, b []byte, at time.Duration, wide int) bool {
	if len(b) < 3 {
		return false
	}
	base := binary.BigEndian.Uint16(b[1:])
	n := 0
	for b = b[3:]; !padding(b); n++ {
		if len(b) < 3+wide {
			return false
		}
		size := int(binary.BigEndian.Uint16(b)) // of the NAL unit alone
		don := base + uint16(b[2])
		offset := uint32(0)
		for _, v := range b[3 : 3+wide] {
			offset = offset<<8 | uint32(v)
		}
		b = b[3+wide:]
		if size == 0 || size > len(b) {
			return false
		}
		f.order.whole(don, h.Timestamp+offset, at, b[:size])
		b = b[size:]
	}
	return n > 0
}

// fuB takes a part of a NAL unit; the first carries its number (RFC 6184 5.8).
func (f *h264Format) fuB(b []byte, rtp uint32, at time.Duration) bool {
	if b[0]&0x1f == 29 {
		if len(b) < 4 || b[1]&0x80 == 0 {
			return false
		}
		f.order.begin(binary.BigEndian.Uint16(b[2:]), rtp, at, []byte{b[0]&0xe0 | b[1]&0x1f})
		f.order.more(b[4:], at)
	} else {
		f.order.more(b[2:], at)
	}
	if b[1]&0x40 != 0 {
		f.order.finish()
	}
	return true
}

// h264First reports whether a payload can be the first of a picture.
func h264First(b []byte) bool {
	switch b[0] & 0x1f {
	case 24:
		return len(b) > 4 && h264Codec{}.classify(b[3:]).first
	case 28:
		return len(b) > 2 && b[1]&0x80 != 0 && h264Codec{}.classify([]byte{b[1] & 0x1f, b[2]}).first
	}
	return h264Codec{}.classify(b).first
}

type h264Codec struct{}

func (h264Codec) header() int { return 1 }

func (h264Codec) classify(nal []byte) nalClass {
	firstMB := len(nal) > 1 && nal[1]&0x80 != 0 // first_mb_in_slice = 0
	switch nal[0] & 0x1f {
	case 1, 2:
		return nalClass{slice: true, first: firstMB}
	case 3, 4:
		return nalClass{slice: true, part: true}
	case 5:
		return nalClass{slice: true, sync: media.KeyFrame, first: firstMB}
	case 6:
		if seiHas(nal[1:], 6) { // recovery_point (D.1.7)
			return nalClass{first: true, sync: media.RecoveryPoint}
		}
		return nalClass{first: true}
	case 7:
		return nalClass{set: 2, first: true, border: true}
	case 8:
		return nalClass{set: 3, first: true, border: true}
	case 9:
		return nalClass{first: true, border: true}
	case 10, 11:
		return nalClass{bare: true} // end of sequence, end of stream
	case 12:
		return nalClass{drop: true} // filler data
	case 0, 24, 25, 26, 27, 28, 29, 30, 31:
		return nalClass{bad: true} // undefined, and packets that cannot stand in others
	}
	return nalClass{}
}

// seiHas reports whether an SEI NAL unit holds a message of a type (ISO/IEC
// 14496-10 7.3.2.3). b is what is there of it, behind the header; a fragment's
// first bytes show the first message only.
func seiHas(b []byte, kind int) bool {
	for len(b) >= 2 && b[0] != 0x80 {
		k, n := 0, 0
		for _, sum := range []*int{&k, &n} {
			for len(b) > 0 && b[0] == 0xff {
				*sum += 255
				b = b[1:]
			}
			if len(b) == 0 {
				return false
			}
			*sum += int(b[0])
			b = b[1:]
		}
		if k == kind {
			return true
		}
		zeros := 0
		for ; n > 0 && len(b) > 0; b = b[1:] {
			if zeros >= 2 && b[0] == 3 { // emulation prevention does not count
				zeros = 0
				continue
			}
			if b[0] == 0 {
				zeros++
			} else {
				zeros = 0
			}
			n--
		}
	}
	return false
}

func (h264Codec) track(s *sets) *media.Track {
	sps, pps := s.list(2), s.list(3)
	if len(sps) == 0 || len(pps) == 0 {
		return nil
	}
	var p h264.SPS
	if err := p.Unmarshal(sps[0]); err != nil {
		return nil
	}
	return &media.Track{
		Codec: media.H264, Timescale: 90000, Width: p.Width(), Height: p.Height(), SPS: sps, PPS: pps,
	}
}
