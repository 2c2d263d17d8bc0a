// Package flac writes G.711 as FLAC (RFC 9639), which browsers play, with verbatim
// subframes: a frame's length follows from its sample count and its position alone, so
// a file's layout is known without reading media.
package flac

import (
	"qianshao/storage/fmp4"
	"qianshao/storage/media"
)

// RFC6381 is the codecs parameter of a track.
const RFC6381 = "flac"

// Len is the size of the frame with n samples a channel that begins at
// sample pos. Silent frames use a constant subframe.
func Len(pos, n int64, channels int, silent bool) uint32 {
	sub := 1 + 2*n
	if silent {
		sub = 3
	}
	return uint32(4 + codedLen(pos) + 2 + 1 + sub*int64(channels) + 2)
}

// codedLen is the size of a coded number (RFC 9639 9.1.5).
func codedLen(v int64) int64 {
	switch {
	case v < 1<<7:
		return 1
	case v < 1<<11:
		return 2
	case v < 1<<16:
		return 3
	case v < 1<<21:
		return 4
	case v < 1<<26:
		return 5
	case v < 1<<31:
		return 6
	}
	return 7
}

func appendCoded(dst []byte, v int64) []byte {
	n := codedLen(v)
	if n == 1 {
		return append(dst, byte(v))
	}
	lead := byte(0xff << (8 - n))
	if n == 7 {
		lead = 0xfe
	}
	dst = append(dst, lead|byte(v>>(6*(n-1))))
	for i := n - 2; i >= 0; i-- {
		dst = append(dst, 0x80|byte(v>>(6*i))&0x3f)
	}
	return dst
}

// Append encodes G.711 samples, interleaved, as one frame of the
// variable-blocksize strategy. n is the samples a channel; g711 nil is silence.
func Append(dst []byte, pos, n int64, t *media.Track, g711 []byte) []byte {
	start := len(dst)
	dst = append(dst, 0xff, 0xf9, // sync, variable block size
		0x70, // block size: 16 bits at the header's end; sample rate: in STREAMINFO
		byte(t.Channels-1)<<4|4<<1)
	dst = appendCoded(dst, pos)
	dst = append(dst, byte((n-1)>>8), byte(n-1))
	dst = append(dst, crc8(dst[start:]))
	table := &alawLinear
	if t.Codec == media.PCMU {
		table = &ulawLinear
	}
	for c := range t.Channels {
		if g711 == nil {
			dst = append(dst, 0, 0, 0) // constant 0
			continue
		}
		dst = append(dst, 1<<1) // verbatim
		for i := c; i < len(g711); i += t.Channels {
			v := table[g711[i]]
			dst = append(dst, byte(v>>8), byte(v))
		}
	}
	crc := crc16(dst[start:])
	return append(dst, byte(crc>>8), byte(crc))
}

// Entry writes the fLaC sample entry (Encapsulation of FLAC in ISOBMFF 3.3).
func Entry(w *fmp4.Builder, t *media.Track) {
	w.Open("fLaC")
	w.Zero(6)
	w.U16(1)
	w.Zero(8)
	w.U16(uint16(t.Channels))
	w.U16(16)
	w.U32(0)
	w.U32(t.Timescale << 16)
	w.Full("dfLa", 0, 0)
	w.U32(0x80<<24 | 34) // the last metadata block, STREAMINFO
	w.U16(16)            // least block
	w.U16(65535)         // largest block
	w.Zero(6)            // frame sizes unknown
	w.U64(uint64(t.Timescale)<<44 | uint64(t.Channels-1)<<41 | 15<<36)
	w.Zero(16) // MD5 unknown
	w.Close()
	w.Close()
}

var (
	crc8Table              [256]byte
	crc16Table             [256]uint16
	alawLinear, ulawLinear [256]int16
)

func init() {
	for i := range 256 {
		c8, c16 := byte(i), uint16(i)<<8
		for range 8 {
			if c8&0x80 != 0 {
				c8 = c8<<1 ^ 0x07
			} else {
				c8 <<= 1
			}
			if c16&0x8000 != 0 {
				c16 = c16<<1 ^ 0x8005
			} else {
				c16 <<= 1
			}
		}
		crc8Table[i], crc16Table[i] = c8, c16
		alawLinear[i], ulawLinear[i] = alaw(byte(i)), ulaw(byte(i))
	}
}

func crc8(b []byte) (crc byte) {
	for _, v := range b {
		crc = crc8Table[crc^v]
	}
	return crc
}

func crc16(b []byte) (crc uint16) {
	for _, v := range b {
		crc = crc<<8 ^ crc16Table[byte(crc>>8)^v]
	}
	return crc
}

// alaw expands an A-law byte to 16 bits (ITU-T G.711 table 1).
func alaw(b byte) int16 {
	b ^= 0x55
	exp, v := b>>4&7, int16(b&15)<<4|8
	if exp > 0 {
		v = (v | 0x100) << (exp - 1)
	}
	if b&0x80 == 0 {
		return -v
	}
	return v
}

// ulaw expands a µ-law byte to 16 bits (ITU-T G.711 table 2).
func ulaw(b byte) int16 {
	b = ^b
	v := (int16(b&15)<<3|0x84)<<(b>>4&7) - 0x84
	if b&0x80 != 0 {
		return -v
	}
	return v
}
