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
	var text [3][2 * blockSize]byte
	var sum [3]SHA256
	var job [3]Job
	for k := range text {
		for i := range text[k] {
			text[k][i] = byte(7*i + 31*k)
		}
		sum[k].h = initial
		job[k] = Job{SHA: &sum[k], Bufs: [][]byte{text[k][:]}}
	}
	One(&job[0])
	Two(&job[1], &job[2])
	for k := range text {
		if sum[k].Sum() != sha256.Sum256(text[k][:]) || job[k].CRC != crc32.Checksum(text[k][:], castagnoli) {
			return false
		}
	}
	return true
}

// blocksCRC takes 64*blocks bytes from p into h and crc, and returns the new crc.
//
//go:noescape
func blocksCRC(h *[8]uint32, crc uint32, p *byte, blocks int) uint32

// blocksCRC2 does what blocksCRC does for two lanes, a and b.
//
//go:noescape
func blocksCRC2(ha, hb *[8]uint32, crca, crcb uint32, pa, pb *byte, blocks int) (uint32, uint32)
