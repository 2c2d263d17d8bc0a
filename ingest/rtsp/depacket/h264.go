package depacket

import (
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"github.com/pion/rtp"

	"qianshao/storage/media"
)

// h264Format is RFC 6184: single NAL units, STAP-A, STAP-B, MTAP16, MTAP24, FU-A
// and FU-B. In interleaved mode the decoding order numbers are skipped: packets
// are taken in the order sent.
type h264Format struct{ *nalUnits }

func newH264(out *output, p Params) format { return &h264Format{newNALUnits(out, h264Codec{}, p)} }

func (f *h264Format) flush() { f.end() }

func (f *h264Format) packet(h *rtp.Header, b []byte, at time.Duration, gap bool) {
	if kind := b[0] & 0x1f; kind == 26 || kind == 27 {
		f.several(h, b, at, gap)
		return
	}
	f.step(h.Timestamp, at, gap, func() bool { return h264First(b) })
	switch kind := b[0] & 0x1f; kind {
	case 24, 25: // STAP-A, STAP-B
		b = b[1:]
		if kind == 25 {
			b = b[min(2, len(b)):]
		}
		for len(b) > 2 {
			n := int(b[0])<<8 | int(b[1])
			if n == 0 || n > len(b)-2 {
				f.out.damaged = true
				break
			}
			f.nal(b[2 : 2+n])
			b = b[2+n:]
		}
	case 28, 29: // FU-A, FU-B
		if len(b) < 3 {
			f.out.damaged = true
			break
		}
		head := []byte{b[0]&0xe0 | b[1]&0x1f}
		start, end := b[1]&0x80 != 0, b[1]&0x40 != 0
		part := b[2:]
		if kind == 29 && start {
			part = part[min(2, len(part)):]
		}
		f.fragment(head, part, start, end)
	case 0, 30, 31: // undefined
		f.out.damaged = true
	default:
		f.nal(b)
	}
	if h.Marker {
		f.end()
	}
}

// several takes an MTAP16 or MTAP24 (RFC 6184 5.7.2): NAL units of several
// pictures, each with its own offset from the packet's timestamp.
func (f *h264Format) several(h *rtp.Header, b []byte, at time.Duration, gap bool) {
	wide := int(b[0]&0x1f) - 24 // bytes of an offset: 2 or 3
	b = b[min(3, len(b)):]
	for len(b) >= 3+wide {
		n := int(b[0])<<8 | int(b[1])
		offset := uint32(0)
		for _, v := range b[3 : 3+wide] {
			offset = offset<<8 | uint32(v)
		}
		b = b[3+wide:]
		if n == 0 || n > len(b) {
			break
		}
		nal := b[:n]
		f.step(h.Timestamp+offset, at, gap, func() bool { return h264First(nal) })
		f.nal(nal)
		b, gap = b[n:], false
	}
	if len(b) > 0 {
		f.out.damaged = true
	}
	if h.Marker {
		f.end()
	}
}

// h264First reports whether a payload can be the first of a picture.
func h264First(b []byte) bool {
	switch b[0] & 0x1f {
	case 24:
		return len(b) > 4 && h264Codec{}.classify(b[3:]).first
	case 25: // behind a decoding order number
		return len(b) > 6 && h264Codec{}.classify(b[5:]).first
	case 28:
		return len(b) > 2 && b[1]&0x80 != 0 && h264Codec{}.classify([]byte{b[1] & 0x1f, b[2]}).first
	case 29:
		return len(b) > 4 && b[1]&0x80 != 0 && h264Codec{}.classify([]byte{b[1] & 0x1f, b[4]}).first
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
		return nalClass{slice: true}
	case 5:
		return nalClass{slice: true, sync: media.KeyFrame, first: firstMB}
	case 6:
		if seiHas(nal[1:], 6) { // recovery_point (D.1.7)
			return nalClass{first: true, sync: media.RecoveryPoint}
		}
		return nalClass{first: true}
	case 7:
		return nalClass{set: 2, first: true}
	case 8:
		return nalClass{set: 3, first: true}
	case 9:
		return nalClass{first: true}
	case 10, 11:
		return nalClass{bare: true} // end of sequence, end of stream
	case 12:
		return nalClass{drop: true} // filler data
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
