package loop

import "math/bits"

// g711 makes the loop for PCMA or PCMU without an encoder: 8 kHz, 20 ms.
func g711(codec Codec) *Audio {
	a := &Audio{Codec: codec, Rate: 8000, Channels: 1, FrameSamples: 160}
	for f := range AudioSeconds * a.Rate / a.FrameSamples {
		frame := make([]byte, a.FrameSamples)
		for i, s := range sound(a.Rate, f*a.FrameSamples, a.FrameSamples) {
			if codec == PCMA {
				frame[i] = alaw(int(s * 32767))
			} else {
				frame[i] = mulaw(int(s * 32767))
			}
		}
		a.Frames = append(a.Frames, frame)
	}
	return a
}

// alaw codes a 16-bit sample (ITU-T G.711 table 1a).
func alaw(s int) byte {
	sign := byte(0x80)
	if s < 0 {
		s, sign = -s-1, 0
	}
	s >>= 4 // 11 bits of magnitude
	exp := max(0, bits.Len(uint(s))-4)
	mantissa := s & 0xf
	if exp > 0 {
		mantissa = s >> (exp - 1) & 0xf
	}
	return (sign | byte(exp)<<4 | byte(mantissa)) ^ 0x55
}

// mulaw codes a 16-bit sample (ITU-T G.711 table 2a).
func mulaw(s int) byte {
	sign := byte(0)
	if s < 0 {
		s, sign = -s, 0x80
	}
	s = min(s, 32635) + 132 // bias
	exp := bits.Len(uint(s)) - 8
	return ^(sign | byte(exp)<<4 | byte(s>>(exp+3)&0xf))
}
