package depacket

import (
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h265"
	"github.com/pion/rtp"

	"qianshao/storage/media"
)

// h265Format is RFC 7798: single NAL units, aggregation packets, fragmentation
// units, with or without decoding order numbers (which are skipped).
type h265Format struct {
	*nalUnits
	donl bool
}

func newH265(out *output, p Params) format {
	return &h265Format{newNALUnits(out, h265Codec{}, p), p.DONL}
}

func (f *h265Format) flush() { f.end() }

func (f *h265Format) packet(h *rtp.Header, b []byte, at time.Duration, gap bool) {
	f.step(h.Timestamp, at, gap, func() bool { return f.first(b) })
	f.payload(b)
	if h.Marker {
		f.end()
	}
}

func (f *h265Format) payload(b []byte) {
	if len(b) < 3 {
		f.out.damaged = true
		return
	}
	switch b[0] >> 1 & 0x3f {
	case 48: // aggregation packet
		b = f.skipDON(b[2:], 2)
		for len(b) > 2 {
			n := int(b[0])<<8 | int(b[1])
			if n == 0 || n > len(b)-2 {
				f.out.damaged = true
				return
			}
			f.nal(b[2 : 2+n])
			b = f.skipDON(b[2+n:], 1)
		}
	case 49: // fragmentation unit
		start, end := b[2]&0x80 != 0, b[2]&0x40 != 0
		head := []byte{b[0]&0x81 | b[2]&0x3f<<1, b[1]}
		part := b[3:]
		if start {
			part = f.skipDON(part, 2)
		}
		f.fragment(head, part, start, end)
	case 50: // PACI: a packet with extensions around another
		f.out.damaged = true
	default:
		if f.donl {
			f.fragment(b[:2], b[min(4, len(b)):], true, true)
			return
		}
		f.nal(b)
	}
}

func (f *h265Format) skipDON(b []byte, n int) []byte {
	if !f.donl {
		return b
	}
	return b[min(n, len(b)):]
}

// first reports whether a payload can be the first of a picture.
func (f *h265Format) first(b []byte) bool {
	if len(b) < 4 {
		return false
	}
	switch b[0] >> 1 & 0x3f {
	case 48:
		in := f.skipDON(b[2:], 2)
		return len(in) > 4 && h265Codec{}.classify(in[2:]).first
	case 49:
		in := f.skipDON(b[3:], 2)
		return b[2]&0x80 != 0 && len(in) > 0 && h265Codec{}.classify([]byte{b[2] & 0x3f << 1, 1, in[0]}).first
	}
	if f.donl {
		return len(b) > 4 && h265Codec{}.classify([]byte{b[0], b[1], b[4]}).first
	}
	return h265Codec{}.classify(b).first
}

type h265Codec struct{}

func (h265Codec) header() int { return 2 }

func (h265Codec) classify(nal []byte) nalClass {
	kind := nal[0] >> 1 & 0x3f
	first := len(nal) > 2 && nal[2]&0x80 != 0 // first_slice_segment_in_pic_flag
	switch {
	case kind == 19 || kind == 20 || kind == 18: // IDR_W_RADL, IDR_N_LP, BLA_N_LP
		return nalClass{slice: true, first: first, sync: media.KeyFrame}
	case kind >= 16 && kind <= 21: // BLA_W_LP, BLA_W_RADL, CRA
		return nalClass{slice: true, first: first, sync: media.OpenKeyFrame}
	case kind < 32:
		return nalClass{slice: true, first: first}
	case kind >= 32 && kind <= 34:
		return nalClass{set: int(kind) - 31, first: true}
	case kind == 35, kind == 39: // AUD, prefix SEI
		return nalClass{first: true}
	case kind == 36, kind == 37:
		return nalClass{bare: true} // end of sequence, end of bitstream
	case kind == 38:
		return nalClass{drop: true} // filler data
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
