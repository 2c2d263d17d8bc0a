package packet

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// ErrJPEG is returned for a picture that RFC 2435 cannot describe.
var ErrJPEG = errors.New("JPEG is not one that RFC 2435 can carry")

// jpegHead is what a receiver needs to rebuild the headers of a picture.
type jpegHead struct {
	kind          byte // RFC 2435 4.1: 0 is 4:2:2, 1 is 4:2:0
	width, height int
	tables        [2][]byte // luma and chroma quantization, 64 bytes each, zigzag
	scan          []byte    // entropy-coded data
}

// parseJPEG reads the markers of a baseline JPEG (ITU-T T.81 B.2). Huffman
// tables are taken to be the standard ones of annex K.
func parseJPEG(b []byte) (*jpegHead, error) {
	bad := func(what string) (*jpegHead, error) { return nil, fmt.Errorf("%s: %w", what, ErrJPEG) }
	if len(b) < 4 || b[0] != 0xff || b[1] != 0xd8 {
		return bad("no start marker")
	}
	h := &jpegHead{}
	var chroma byte
	quant := map[byte][]byte{}
	for b = b[2:]; len(b) >= 4; {
		if b[0] != 0xff {
			return bad("no marker")
		}
		size := int(binary.BigEndian.Uint16(b[2:]))
		if size < 2 || size+2 > len(b) {
			return bad("segment longer than the picture")
		}
		marker, seg := b[1], b[4:size+2]
		b = b[size+2:]
		switch {
		case marker == 0xdb:
			for ; len(seg) >= 65; seg = seg[65:] {
				if seg[0]>>4 != 0 {
					return bad("16-bit quantization")
				}
				quant[seg[0]&0xf] = seg[1:65]
			}
		case marker == 0xc0:
			if len(seg) < 15 || seg[0] != 8 || seg[5] != 3 {
				return bad("not three components of 8 bits")
			}
			h.height, h.width = int(binary.BigEndian.Uint16(seg[1:])), int(binary.BigEndian.Uint16(seg[3:]))
			switch seg[7] {
			case 0x21:
				h.kind = 0
			case 0x22:
				h.kind = 1
			default:
				return bad("sampling")
			}
			if seg[10] != 0x11 || seg[13] != 0x11 {
				return bad("chroma sampling")
			}
			h.tables[0], chroma = quant[seg[8]], seg[11]
			h.tables[1] = quant[chroma]
		case marker > 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc:
			return bad("not baseline")
		case marker == 0xdd:
			return bad("restart intervals")
		case marker == 0xda:
			if h.tables[0] == nil || h.tables[1] == nil {
				return bad("no quantization table")
			}
			if h.width == 0 || h.height == 0 || h.width > 2040 || h.height > 2040 || h.width%8 != 0 || h.height%8 != 0 {
				return bad("size")
			}
			if n := len(b); n >= 2 && b[n-2] == 0xff && b[n-1] == 0xd9 {
				b = b[:n-2]
			}
			h.scan = b
			return h, nil
		}
	}
	return bad("no scan")
}

// JPEG cuts one picture (RFC 2435 3.1): type 0 or 1, Q 255, the tables in the
// first packet.
func JPEG(picture []byte, max int) ([][]byte, error) {
	h, err := parseJPEG(picture)
	if err != nil {
		return nil, err
	}
	var out [][]byte
	for at := 0; at < len(h.scan) || at == 0; {
		p := []byte{0, byte(at >> 16), byte(at >> 8), byte(at), h.kind, 255, byte(h.width / 8), byte(h.height / 8)}
		if at == 0 {
			p = append(p, 0, 0, 0, 128)
			p = append(append(p, h.tables[0]...), h.tables[1]...)
		}
		n := min(len(h.scan)-at, max-len(p))
		if at+n >= 1<<24 {
			return nil, fmt.Errorf("JPEG of %d bytes: %w", len(h.scan), ErrTooBig)
		}
		p = append(p, h.scan[at:at+n]...)
		out = append(out, p)
		at += n
		if n == 0 {
			break
		}
	}
	return out, nil
}
