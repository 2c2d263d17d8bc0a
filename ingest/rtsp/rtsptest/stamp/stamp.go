// Package stamp puts a frame's number and time into an SEI message of H.264
// and H.265, and finds it again. It is how a recording is audited: what a
// camera sent and what a file holds are compared number by number.
//
// The message is user_data_unregistered (ITU-T H.264 D.1.6, H.265 D.2.6,
// payload type 5) of 32 bytes:
//
//	UUID (16) | frame number, u64 big-endian | unix time in µs, u64 big-endian
package stamp

import (
	"bytes"
	"encoding/binary"
)

// UUID names the message: 7169616e-7368-616f-8001-66726d73746d.
var UUID = [16]byte{'q', 'i', 'a', 'n', 's', 'h', 'a', 'o', 0x80, 0x01, 'f', 'r', 'm', 's', 't', 'm'}

// Size bounds the length of a stamp NAL unit, emulation prevention included.
const Size = 48

const payloadType = 5

// Stamp says which frame a picture is.
type Stamp struct {
	Number uint64 // frames since the unix epoch, in presentation order, +1 a frame
	TimeUS int64  // the frame's nominal unix time, µs
}

// AppendH264 appends the stamp as one H.264 NAL unit (type 6, no start code).
func AppendH264(dst []byte, s Stamp) []byte { return s.append(append(dst, 0x06)) }

// AppendH265 appends the stamp as one H.265 NAL unit (type 39, prefix SEI).
func AppendH265(dst []byte, s Stamp) []byte { return s.append(append(dst, 39<<1, 0x01)) }

func (s Stamp) append(dst []byte) []byte {
	var raw [35]byte
	raw[0], raw[1] = payloadType, 32
	copy(raw[2:], UUID[:])
	binary.BigEndian.PutUint64(raw[18:], s.Number)
	binary.BigEndian.PutUint64(raw[26:], uint64(s.TimeUS))
	raw[34] = 0x80 // rbsp_trailing_bits
	zeros := 0
	for _, b := range raw {
		if zeros == 2 && b <= 3 { // ITU-T H.264 7.4.1
			dst = append(dst, 3)
			zeros = 0
		}
		dst = append(dst, b)
		if b == 0 {
			zeros++
		} else {
			zeros = 0
		}
	}
	return dst
}

// FromNAL reads the stamp of one NAL unit without start code; false when the
// unit is not an SEI or holds no stamp.
func FromNAL(nal []byte, hevc bool) (Stamp, bool) {
	header := 1
	switch {
	case hevc && len(nal) > 2 && nal[0]>>1&0x3f == 39:
		header = 2
	case !hevc && len(nal) > 1 && nal[0]&0x1f == 6:
	default:
		return Stamp{}, false
	}
	rbsp := unescape(nal[header:])
	for len(rbsp) > 2 {
		kind, rest, ok := chained(rbsp)
		if !ok {
			break
		}
		size, rest, ok := chained(rest)
		if !ok || size > len(rest) {
			break
		}
		body := rest[:size]
		if kind == payloadType && size >= 32 && bytes.Equal(body[:16], UUID[:]) {
			return Stamp{
				Number: binary.BigEndian.Uint64(body[16:]),
				TimeUS: int64(binary.BigEndian.Uint64(body[24:])),
			}, true
		}
		rbsp = rest[size:]
	}
	return Stamp{}, false
}

// chained reads a number coded as a chain of 255s and a last byte.
func chained(b []byte) (int, []byte, bool) {
	n := 0
	for i, v := range b {
		n += int(v)
		if v != 255 {
			return n, b[i+1:], true
		}
	}
	return 0, nil, false
}

func unescape(b []byte) []byte {
	out := make([]byte, 0, len(b))
	zeros := 0
	for _, v := range b {
		if zeros >= 2 && v == 3 {
			zeros = 0
			continue
		}
		if v == 0 {
			zeros++
		} else {
			zeros = 0
		}
		out = append(out, v)
	}
	return out
}

// AnnexB calls yield with every NAL unit of a byte stream (ITU-T H.264 B.1).
// The slices are parts of b.
func AnnexB(b []byte, yield func(nal []byte) bool) {
	begin := -1
	for i := 0; i+2 < len(b); {
		switch {
		case b[i+2] > 1: // no start code can begin at i, i+1 or i+2
			i += 3
		case b[i] == 0 && b[i+1] == 0 && b[i+2] == 1:
			if begin >= 0 && !emit(b[begin:i], yield) {
				return
			}
			begin = i + 3
			i += 3
		default:
			i++
		}
	}
	if begin >= 0 {
		emit(b[begin:], yield)
	}
}

// emit cuts the zero bytes that belong to the next start code.
func emit(nal []byte, yield func([]byte) bool) bool {
	nal = bytes.TrimRight(nal, "\x00")
	return len(nal) == 0 || yield(nal)
}

// ScanAnnexB returns the stamps of a byte stream in the order they stand.
func ScanAnnexB(b []byte, hevc bool) []Stamp {
	var out []Stamp
	AnnexB(b, func(nal []byte) bool {
		if s, ok := FromNAL(nal, hevc); ok {
			out = append(out, s)
		}
		return true
	})
	return out
}

// ScanSample returns the first stamp of an MP4 sample: NAL units behind 4-byte
// lengths (ISO/IEC 14496-15), or a byte stream with start codes.
func ScanSample(b []byte, hevc bool) (Stamp, bool) {
	if bytes.HasPrefix(b, []byte{0, 0, 0, 1}) {
		all := ScanAnnexB(b, hevc)
		if len(all) == 0 {
			return Stamp{}, false
		}
		return all[0], true
	}
	for len(b) > 4 {
		n := int64(binary.BigEndian.Uint32(b))
		if n > int64(len(b)-4) {
			break
		}
		if s, ok := FromNAL(b[4:4+n], hevc); ok {
			return s, true
		}
		b = b[4+n:]
	}
	return Stamp{}, false
}
