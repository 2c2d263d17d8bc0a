package media

import (
	"sync"
	"sync/atomic"
)

// ChunkSize is the size of the pooled buffers that carry media from the socket
// to the file. Larger wastes memory at the end of every chain, smaller makes
// more entries for writev.
const ChunkSize = 16 << 10

type chunk struct {
	refs atomic.Int32
	n    int     // bytes used; owned by the Chain that appends
	of   *Budget // whose it is; nil: nobody's
	b    *[ChunkSize]byte
}

// slabChunks is how many chunks are asked of the system at a time.
const slabChunks = 64

// freeList keeps chunks that nobody uses. The one freed last is used next, so
// that as many pages stay warm and resident as are really in use at once; those
// that were not needed for a while go back to the system. The memory is not the
// garbage collector's: half of all memory would be its headroom otherwise, and
// what a start needed, or a disk that stood still, would stay resident for
// minutes. One lock is enough: a camera takes a chunk every 60 ms.
type freeList struct {
	mu    sync.Mutex
	warm  []*chunk // guarded by mu
	cold  []*chunk // without memory behind them; guarded by mu
	taken int      // chunks in use; guarded by mu
	least int      // the fewest in warm since turn was 0; guarded by mu
	turn  int      // chunks freed since; guarded by mu
}

var chunks freeList

// A look at what was not needed is due when everything in use has been freed
// turns times: a fragment lives a second, so that this is some ten of them. A
// page given back and taken again costs as much as copying it twice.
const turns = 10

func (l *freeList) get() *chunk {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.taken++
	c := pop(&l.warm)
	l.least = min(l.least, len(l.warm))
	if c != nil {
		return c
	}
	if len(l.cold) == 0 {
		for slab := newSlab(); len(slab) >= ChunkSize; slab = slab[ChunkSize:] {
			l.cold = append(l.cold, &chunk{b: (*[ChunkSize]byte)(slab)})
		}
	}
	return pop(&l.cold)
}

func (l *freeList) put(c *chunk) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.taken--
	l.turn++
	l.warm = append(l.warm, c)
	if l.turn < turns*(l.taken+slabChunks) {
		return
	}
	for range l.least {
		c := pop(&l.warm)
		giveBack(c.b[:])
		l.cold = append(l.cold, c)
	}
	l.least, l.turn = len(l.warm), 0
}

func pop(list *[]*chunk) *chunk {
	n := len(*list)
	if n == 0 {
		return nil
	}
	c := (*list)[n-1]
	(*list)[n-1] = nil
	*list = (*list)[:n-1]
	return c
}

func (c *chunk) release() {
	if c.refs.Add(-1) == 0 {
		c.n = 0
		if c.of != nil {
			c.of.held.Add(-ChunkSize)
			c.of = nil
		}
		chunks.put(c)
	}
}

// Held is how many bytes of chunks are in use in the process.
func Held() int64 {
	chunks.mu.Lock()
	defer chunks.mu.Unlock()
	return int64(chunks.taken) * ChunkSize
}

// Budget counts the chunks that several Chains hold, and the Parts taken off
// them until they are released. It may be used from many goroutines.
type Budget struct{ held atomic.Int64 }

// Held is how many bytes of chunks are in use.
func (b *Budget) Held() int64 { return b.held.Load() }
