package depacket

import (
	"encoding/binary"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h265"
	"github.com/pion/rtp"

	"qianshao/storage/media"
)

// h265Format is RFC 7798: single NAL units, aggregation packets, fragmentation
// units, and PACI packets around one of these, whose extensions are left out.
type h265Format struct {
	*nalUnits
	order *interleaved // nil: packets carry no decoding order numbers
	inner []byte       // the packet inside a PACI; reused
}

func newH265(out *output, p Params) format {
	f := &h265Format{nalUnits: newNALUnits(out, h265Codec{}, p)}
	if p.MaxDONDiff > 0 {
		w := window{slices: -1, units: -1, span: int64(p.MaxDONDiff) - 1}
		if p.DepackUnits > 0 {
			w.units = p.DepackUnits
		}
		f.order = &interleaved{units: f.nalUnits, win: w}
	}
	return f
}

func (f *h265Format) flush() {
	if f.order != nil {
		f.order.drain()
	}
	f.nalUnits.flush()
}

func (f *h265Format) packet(h *rtp.Header, b []byte, at time.Duration, gap bool) {
	if len(b) > 1 && b[0]>>1&0x3f == 50 {
		b = f.unwrap(b)
	}
	if f.order != nil {
		if gap {
			f.order.lost()
		}
		if !f.numbered(b, h.Timestamp, at) {
			f.order.broken(h.Timestamp)
		}
		return
	}
	f.step(h.Timestamp, at, gap, func() bool { return h265First(b) })
	f.payload(b)
	if h.Marker {
		f.marker()
	}
}

func (f *h265Format) payload(b []byte) {
	if len(b) < 2 {
		f.out.damaged = true
		return
	}
	switch b[0] >> 1 & 0x3f {
	case 48: // aggregation packet
		f.aggregate(b[2:])
	case 49: // fragmentation unit
		if len(b) < 3 {
			f.out.damaged = true
			return
		}
		f.fragment([]byte{b[0]&0x81 | b[2]&0x3f<<1, b[1]}, b[3:], b[2]&0x80 != 0, b[2]&0x40 != 0)
	default:
		f.nal(b)
	}
}

// numbered takes a packet whose NAL units carry decoding order numbers (RFC
// 7798 4.4.1 to 4.4.3). It is false for a malformed one.
func (f *h265Format) numbered(b []byte, rtp uint32, at time.Duration) bool {
	if len(b) < 3 {
		return false
	}
	kind := b[0] >> 1 & 0x3f
	if kind == 49 {
		return f.numberedPart(b, rtp, at)
	}
	if len(b) < 4 {
		return false
	}
	don := binary.BigEndian.Uint16(b[2:])
	if kind != 48 {
		f.order.begin(don, rtp, at, b[:2])
		f.order.more(b[4:], at)
		f.order.finish()
		return true
	}
	b = b[4:]
	for n := 0; ; n++ {
		if padding(b) {
			return n > 0
		}
		if n > 0 { // the number's distance from the one before, less one
			don += uint16(b[0]) + 1
			b = b[1:]
		}
		nal, rest, ok := sized(b)
		if !ok {
			return false
		}
		f.order.whole(don, rtp, at, nal)
		b = rest
	}
}

// numberedPart takes a fragmentation unit; the first carries the number.
func (f *h265Format) numberedPart(b []byte, rtp uint32, at time.Duration) bool {
	part := b[3:]
	if b[2]&0x80 != 0 {
		if len(part) < 2 {
			return false
		}
		f.order.begin(binary.BigEndian.Uint16(part), rtp, at, []byte{b[0]&0x81 | b[2]&0x3f<<1, b[1]})
		part = part[2:]
	}
	f.order.more(part, at)
	if b[2]&0x40 != 0 {
		f.order.finish()
	}
	return true
}

// unwrap returns the packet inside a PACI packet (RFC 7798 4.4.4), nil when it
// is malformed. Behind the header stand A and cType, which were the packet's
// own header, and the size of the extensions.
func (f *h265Format) unwrap(b []byte) []byte {
	if len(b) < 4 {
		return nil
	}
	skip := 4 + (int(b[2])<<8|int(b[3]))>>4&0x1f
	if skip > len(b) {
		return nil
	}
	f.inner = append(f.inner[:0], b[2]&0xfe|b[0]&1, b[1])
	f.inner = append(f.inner, b[skip:]...)
	return f.inner
}

// h265First reports whether a payload can be the first of a picture.
func h265First(b []byte) bool {
	if len(b) < 2 {
		return false
	}
	switch b[0] >> 1 & 0x3f {
	case 48:
		return len(b) > 6 && h265Codec{}.classify(b[4:]).first
	case 49:
		return len(b) > 3 && b[2]&0x80 != 0 && h265Codec{}.classify([]byte{b[2] & 0x3f << 1, 1, b[3]}).first
	}
	return h265Codec{}.classify(b).first
}

type h265Codec struct{}

func (h265Codec) header() int { return 2 }

func (h265Codec) classify(nal []byte) nalClass {
	kind := nal[0] >> 1 & 0x3f
	layer := nal[0]&1 != 0 || len(nal) > 1 && nal[1]>>3 != 0 // nuh_layer_id: of the same access unit
	first := len(nal) > 2 && nal[2]&0x80 != 0 && !layer      // first_slice_segment_in_pic_flag
	switch {
	case kind == 19 || kind == 20 || kind == 18: // IDR_W_RADL, IDR_N_LP, BLA_N_LP
		return nalClass{slice: true, first: first, sync: media.KeyFrame}
	case kind >= 16 && kind <= 21: // BLA_W_LP, BLA_W_RADL, CRA
		return nalClass{slice: true, first: first, sync: media.OpenKeyFrame}
	case kind < 32:
		return nalClass{slice: true, first: first, part: layer}
	case kind >= 32 && kind <= 34:
		return nalClass{set: int(kind) - 31, first: true, border: true}
	case kind == 35: // access unit delimiter
		return nalClass{first: true, border: true}
	case kind == 39: // prefix SEI
		return nalClass{first: true}
	case kind == 36, kind == 37:
		return nalClass{bare: true} // end of sequence, end of bitstream
	case kind == 38:
		return nalClass{drop: true} // filler data
	case kind >= 48:
		return nalClass{bad: true} // packets, which cannot stand in others
	}
	return nalClass{}
}

func (h265Codec) track(s *sets) *media.Track {
	vps, sps, pps := s.list(1), s.list(2), s.list(3)
	if len(vps) == 0 || len(sps) == 0 || len(pps) == 0 {
		return nil
	}
	var p h265.SPS
	if err := p.Unmarshal(sps[0]); err != nil {
		return nil
	}
	return &media.Track{
		Codec: media.H265, Timescale: 90000, Width: p.Width(), Height: p.Height(), VPS: vps, SPS: sps, PPS: pps,
	}
}
