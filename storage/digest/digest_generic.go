//go:build !amd64

package digest

// hardware says that there is assembly for this processor.
var hardware = false

func blocksCRC(*[8]uint32, uint32, *byte, int) uint32 {
	panic("digest: no assembly")
}

func blocksCRC2(_, _ *[8]uint32, _, _ uint32, _, _ *byte, _ int) (uint32, uint32) {
	panic("digest: no assembly")
}
