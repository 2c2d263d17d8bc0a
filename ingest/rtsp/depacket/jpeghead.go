package depacket

import "encoding/binary"

// onvifJPEG is the profile of an RTP header extension that holds JPEG marker
// segments (ONVIF Streaming Specification, "JPEG over RTP"): cameras with
// pictures beyond 2040 pixels send their frame header there.
const onvifJPEG = 0xffd8

var jpegEnd = []byte{0xff, 0xd9} // EOI

// zigzag quantization tables of ITU-T T.81 annex K.1, which RFC 2435 scales.
var (
	lumaQuant = [64]byte{
		16, 11, 12, 14, 12, 10, 16, 14, 13, 14, 18, 17, 16, 19, 24, 40,
		26, 24, 22, 22, 24, 49, 35, 37, 29, 40, 58, 51, 61, 60, 57, 51,
		56, 55, 64, 72, 92, 78, 64, 68, 87, 69, 55, 56, 80, 109, 81, 87,
		95, 98, 103, 104, 103, 62, 77, 113, 121, 112, 100, 120, 92, 101, 103, 99,
	}
	chromaQuant = [64]byte{
		17, 18, 18, 24, 21, 24, 47, 26, 26, 47, 99, 66, 56, 66, 99, 99,
		99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
		99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
		99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
	}
)

// huffman is the DHT segment of the tables in ITU-T T.81 annex K.3, the only
// ones RFC 2435 knows: DC and AC of luma, DC and AC of chroma.
var huffman = huffmanSegment()

func huffmanSegment() []byte {
	// values of 8 bits by code length (T.81 tables K.3 to K.6): how many of each
	// length, and the values in order.
	var (
		dcValues   = []byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}
		lumaStart  = []byte("\x01\x02\x03\x00\x04\x11\x05\x12\x21\x31\x41\x06\x13\x51\x61\x07\x22\x71\x14\x32\x81\x91\xa1\x08\x23\x42\xb1\xc1\x15\x52\xd1\xf0\x24\x33\x62\x72\x82")
		colorStart = []byte("\x00\x01\x02\x03\x11\x04\x05\x21\x31\x06\x12\x41\x51\x07\x61\x71\x13\x22\x32\x81\x08\x14\x42\x91\xa1\xb1\xc1\x09\x23\x33\x52\xf0\x15\x62\x72\xd1\x0a\x16\x24\x34\xe1\x25\xf1")
	)
	out := []byte{0xff, 0xc4, 0, 0}
	for _, t := range []struct {
		id     byte
		counts string
		values []byte
	}{
		{0x00, "\x00\x01\x05\x01\x01\x01\x01\x01\x01\x00\x00\x00\x00\x00\x00\x00", dcValues},
		{0x10, "\x00\x02\x01\x03\x03\x02\x04\x03\x05\x05\x04\x04\x00\x00\x01\x7d", allPairs(lumaStart)},
		{0x01, "\x00\x03\x01\x01\x01\x01\x01\x01\x01\x01\x01\x00\x00\x00\x00\x00", dcValues},
		{0x11, "\x00\x02\x01\x02\x04\x04\x03\x04\x07\x05\x04\x04\x00\x01\x02\x77", allPairs(colorStart)},
	} {
		out = append(append(append(out, t.id), t.counts...), t.values...)
	}
	binary.BigEndian.PutUint16(out[2:], uint16(len(out)-2))
	return out
}

// allPairs completes an AC table: behind the values that start it, all other
// pairs of a run (0 to 15) and a size (1 to 10) stand in rising order.
func allPairs(start []byte) []byte {
	var seen [256]bool
	for _, v := range start {
		seen[v] = true
	}
	out := append([]byte(nil), start...)
	for v := range 256 {
		if size := v & 15; size >= 1 && size <= 10 && !seen[v] {
			out = append(out, byte(v))
		}
	}
	return out
}

// appendTables appends the DQT segments of a picture's tables (ITU-T T.81
// B.2.4.1), computed for Q below 100 (RFC 2435 4.2).
func appendTables(dst []byte, p *jpegPart) []byte {
	if p.q > 127 {
		for i, rest := 0, p.tables; len(rest) > 0; i++ {
			wide := p.precision >> i & 1
			n := 64 << wide
			dst = append(dst, 0xff, 0xdb, 0, byte(3+n), wide<<4|byte(i))
			dst = append(dst, rest[:n]...)
			rest = rest[n:]
		}
		return dst
	}
	scale := 200 - 2*int(p.q)
	if p.q < 50 {
		scale = 5000 / int(p.q)
	}
	for i, table := range [2]*[64]byte{&lumaQuant, &chromaQuant} {
		dst = append(dst, 0xff, 0xdb, 0, 67, byte(i))
		for _, v := range table {
			dst = append(dst, byte(min(max((int(v)*scale+50)/100, 1), 255)))
		}
	}
	return dst
}

// appendJPEGHead appends the headers of a picture from SOI to SOS and returns
// its size; 0, 0 when it is not known. ext holds marker segments of the
// camera's own, which come first and replace ours of their kind.
func appendJPEGHead(dst []byte, p *jpegPart, tables, ext []byte) (head []byte, w, h int) {
	dst = append(dst, 0xff, 0xd8)
	w, h = p.width, p.height
	ids := [3]byte{0, 1, 2} // of the components: Y, Cb, Cr
	var hasFrame, hasTables, hasHuffman, hasRestart bool
	for len(ext) >= 4 && ext[0] == 0xff {
		if ext[1] == 0xff { // fill byte
			ext = ext[1:]
			continue
		}
		n := 2 + int(binary.BigEndian.Uint16(ext[2:]))
		if n < 4 || n > len(ext) {
			break
		}
		seg := ext[:n]
		ext = ext[n:]
		switch seg[1] {
		case 0xc0, 0xc1: // SOF0, SOF1
			if n < 19 || seg[9] != 3 {
				return dst, 0, 0
			}
			hasFrame = true
			ids = [3]byte{seg[10], seg[13], seg[16]}
			h, w = int(binary.BigEndian.Uint16(seg[5:])), int(binary.BigEndian.Uint16(seg[7:]))
		case 0xdb:
			hasTables = true
		case 0xc4:
			hasHuffman = true
		case 0xdd:
			hasRestart = true
		case 0xda: // SOS: it must stand last, and ours says the same
			continue
		}
		dst = append(dst, seg...)
	}
	if !hasTables {
		dst = append(dst, tables...)
	}
	if p.restart > 0 && !hasRestart {
		dst = append(dst, 0xff, 0xdd, 0, 4, byte(p.restart>>8), byte(p.restart)) // DRI
	}
	if !hasFrame {
		second := byte(1)
		if p.q > 127 && len(tables) < 5+64+5 || p.precision&1 == 1 && len(tables) < 5+128+5 {
			second = 0 // one table for all
		}
		dst = append(dst, 0xff, 0xc0, 0, 17, 8, byte(h>>8), byte(h), byte(w>>8), byte(w), 3,
			0, 0x21+p.kind, 0, 1, 0x11, second, 2, 0x11, second)
	}
	if !hasHuffman {
		dst = append(dst, huffman...)
	}
	return append(dst, 0xff, 0xda, 0, 12, 3, ids[0], 0, ids[1], 0x11, ids[2], 0x11, 0, 63, 0), w, h
}
