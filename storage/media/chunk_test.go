package media

import "testing"

// What was needed once is given back when it has not been needed for a while;
// what is in use all the time is not.
func TestFreeListGivesBack(t *testing.T) {
	t.Parallel()
	var l freeList
	held := make([]*chunk, 5*slabChunks)
	for i := range held {
		held[i] = l.get()
		held[i].b[0] = 1
	}
	for _, c := range held {
		l.put(c)
	}
	const used = 10
	for range 2 * turns * 2 * slabChunks {
		c := l.get()
		var more [used - 1]*chunk
		for i := range more {
			more[i] = l.get()
		}
		for _, m := range more {
			l.put(m)
		}
		l.put(c)
	}
	if len(l.warm) != used || len(l.warm)+len(l.cold) != len(held) {
		t.Errorf("%d warm and %d cold chunks, where %d are used", len(l.warm), len(l.cold), used)
	}
	if c := l.get(); c == nil || l.taken != 1 {
		t.Errorf("no chunk, or %d taken", l.taken)
	}
	if c := pop(&l.cold); canGiveBack && c.b[0] != 0 {
		t.Error("a chunk given back holds its bytes")
	}
}

// The allocator is not asked on the steady path.
func TestChainDoesNotAllocate(t *testing.T) {
	var c Chain
	var p Part
	packet := make([]byte, 1400)
	fragment := func() {
		for range 180 {
			c.Append(packet)
		}
		c.Take(c.End(), &p)
		p.Release()
	}
	fragment()
	if n := testing.AllocsPerRun(100, fragment); n > 0 {
		t.Errorf("%v allocations a fragment", n)
	}
}
