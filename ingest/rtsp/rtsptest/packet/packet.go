// Package packet cuts coded pictures and audio frames into RTP payloads. It
// writes no RTP headers: payloads are made once for a loop and shared by all
// cameras and sessions, which differ in the twelve bytes in front.
package packet

import (
	"encoding/binary"
	"errors"
	"fmt"

	"qianshao/ingest/rtsp/rtsptest/loop"
)

// ErrTooBig is returned for a unit that its payload format cannot carry.
var ErrTooBig = errors.New("unit too big for its payload format")

// H264 cuts the NAL units of one picture (RFC 6184, packetization mode 1):
// single NAL unit packets where they fit max bytes, FU-A where not.
func H264(nals [][]byte, max int) [][]byte {
	var out [][]byte
	for _, n := range nals {
		if len(n) <= max {
			out = append(out, n)
			continue
		}
		indicator, kind := n[0]&0x60|28, n[0]&0x1f
		for rest, first := n[1:], true; len(rest) > 0; first = false {
			size := min(len(rest), max-2)
			header := kind
			if first {
				header |= 0x80
			}
			if size == len(rest) {
				header |= 0x40
			}
			out = append(out, append([]byte{indicator, header}, rest[:size]...))
			rest = rest[size:]
		}
	}
	return out
}

// AppendSTAPA appends a STAP-A payload (RFC 6184 5.7.1) of the NAL units.
func AppendSTAPA(dst []byte, nals ...[]byte) []byte {
	header := byte(24)
	for _, n := range nals {
		header |= n[0] & 0x80
		if n[0]&0x60 > header&0x60 {
			header = header&^0x60 | n[0]&0x60
		}
	}
	return appendSized(append(dst, header), nals)
}

// H265 cuts the NAL units of one picture (RFC 7798): single NAL unit packets
// where they fit max bytes, FUs where not.
func H265(nals [][]byte, max int) [][]byte {
	var out [][]byte
	for _, n := range nals {
		if len(n) <= max {
			out = append(out, n)
			continue
		}
		kind := n[0] >> 1 & 0x3f
		for rest, first := n[2:], true; len(rest) > 0; first = false {
			size := min(len(rest), max-3)
			header := kind
			if first {
				header |= 0x80
			}
			if size == len(rest) {
				header |= 0x40
			}
			out = append(out, append([]byte{n[0]&0x81 | 49<<1, n[1], header}, rest[:size]...))
			rest = rest[size:]
		}
	}
	return out
}

// AppendAP appends an aggregation packet (RFC 7798 4.4.2) of the NAL units.
func AppendAP(dst []byte, nals ...[]byte) []byte {
	return appendSized(append(dst, 48<<1, 1), nals)
}

func appendSized(dst []byte, nals [][]byte) []byte {
	for _, n := range nals {
		dst = binary.BigEndian.AppendUint16(dst, uint16(len(n)))
		dst = append(dst, n...)
	}
	return dst
}

// AAC returns the payload of one AAC frame (RFC 3640 3.3.6, AAC-hbr: sizelength
// 13, indexlength 3, indexdeltalength 3).
func AAC(frame []byte) ([]byte, error) {
	if len(frame) >= 1<<13 {
		return nil, fmt.Errorf("AAC frame of %d bytes: %w", len(frame), ErrTooBig)
	}
	out := []byte{0, 16} // AU-headers-length in bits
	out = binary.BigEndian.AppendUint16(out, uint16(len(frame))<<3)
	return append(out, frame...), nil
}

// ADTS puts an ADTS header before an AAC frame (ISO/IEC 13818-7 6.2): LC, 16
// kHz, mono, as package loop makes it.
func ADTS(frame []byte) []byte {
	n := len(frame) + 7
	return append([]byte{0xff, 0xf1, 0x60, 0x40 | byte(n>>11), byte(n >> 3), byte(n<<5) | 0x1f, 0xfc}, frame...)
}

// Audio returns the payload of one frame of the loop's codec. G.711 (RFC 3551)
// and Opus (RFC 7587) frames are their own payloads.
func Audio(a *loop.Audio, frame []byte) ([]byte, error) {
	if a.Codec == loop.AAC {
		return AAC(frame)
	}
	return frame, nil
}
