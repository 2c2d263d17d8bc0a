package digest

import (
	"crypto/sha256"
	"hash/crc32"

	"github.com/klauspost/cpuid/v2"
)

// hardware says that the processor has the instructions of digest_amd64.s, and
// that they do here what they should. Tests change it.
var hardware = cpuid.CPU.Supports(cpuid.SHA, cpuid.SSSE3, cpuid.SSE42) && sound()

// sound holds the assembly against the standard library, once.
func sound() bool {
	var text [2 * blockSize]byte
	for i := range text {
		text[i] = byte(7 * i)
	}
	a, b, crc := initial, initial, crc32.Checksum(text[:], castagnoli)
	if crcA, crcB := blocksCRC2(&a, &b, 0, 0, &text[0], &text[0], 2); crcA != crc || crcB != crc || a != b {
		return false
	}
	s := SHA256{h: initial}
	s.Write(text[:])
	return s.h == a && s.Sum() == sha256.Sum256(text[:])
}

// blocksCRC takes 64*blocks bytes from p into h and crc, and returns the new crc.
//
//go:noescape
func blocksCRC(h *[8]uint32, crc uint32, p *byte, blocks int) uint32

// blocksCRC2 does what blocksCRC does for two lanes, a and b.
//
//go:noescape
func blocksCRC2(ha, hb *[8]uint32, crca, crcb uint32, pa, pb *byte, blocks int) (uint32, uint32)
