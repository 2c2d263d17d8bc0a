package digest

import "github.com/klauspost/cpuid/v2"

// hardware says that the processor has the instructions of digest_amd64.s. Tests
// change it.
var hardware = cpuid.CPU.Supports(cpuid.SHA, cpuid.SSSE3, cpuid.SSE42)

// blocksCRC takes 64*blocks bytes from p into h and crc, and returns the new crc.
//
//go:noescape
func blocksCRC(h *[8]uint32, crc uint32, p *byte, blocks int) uint32

// blocksCRC2 does what blocksCRC does for two lanes, a and b.
//
//go:noescape
func blocksCRC2(ha, hb *[8]uint32, crca, crcb uint32, pa, pb *byte, blocks int) (uint32, uint32)
