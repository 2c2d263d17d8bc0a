package media

import "golang.org/x/sys/unix"

// canGiveBack: giveBack frees pages.
const canGiveBack = true

// newSlab returns memory that is not resident before it is written to. It is
// never unmapped.
func newSlab() []byte {
	b, err := unix.Mmap(-1, 0, slabChunks*ChunkSize, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil { // no address space, or too many mappings
		return make([]byte, slabChunks*ChunkSize)
	}
	// A huge page would make chunks resident that are not used.
	_ = unix.Madvise(b, unix.MADV_NOHUGEPAGE)
	return b
}

// giveBack frees the pages of a chunk; it reads as zeros from then on. That it
// fails, on the allocator's memory, costs memory only.
func giveBack(b []byte) { _ = unix.Madvise(b, unix.MADV_DONTNEED) }
