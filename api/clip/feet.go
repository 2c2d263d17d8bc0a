package clip

import (
	"context"
	"sync"

	"qianshao/storage"
	"qianshao/storage/segment"
)

// footPool keeps tables for reuse between requests.
var footPool = sync.Pool{New: func() any { return &segment.Foot{} }}

// readAhead is how many feet are read and decoded beside the one in use.
const readAhead = 3

// feet reads the tables of a list of segments, mostly in order, some of them
// ahead. One goroutine uses it; close must be called.
type feet struct {
	segs  []*storage.Segment
	slots map[int]*slot
	few   bool // feet are shared with who asks next
	limit int  // segments before it may be read ahead
	wg    sync.WaitGroup
}

type slot struct {
	done chan struct{}
	mem  *segment.Foot // from the pool, or nil
	foot *segment.Foot // may share mem
	err  error
}

func newFeet(segs []*storage.Segment) *feet {
	return &feet{segs: segs, slots: map[int]*slot{}, few: len(segs) <= keepParts}
}

// ahead allows reading ahead of the segments from on.
func (f *feet) ahead(_ context.Context, from int) {
	if len(f.segs)-from > readAhead {
		f.limit = len(f.segs)
	}
}

func (f *feet) start(ctx context.Context, i int, apart bool) *slot {
	if s := f.slots[i]; s != nil {
		return s
	}
	s := &slot{done: make(chan struct{})}
	if !f.few {
		s.mem = footPool.Get().(*segment.Foot)
	}
	f.slots[i] = s
	read := func() {
		defer close(s.done)
		s.foot, s.err = f.segs[i].Foot(ctx, s.mem)
	}
	if apart {
		f.wg.Go(read)
	} else {
		read()
	}
	return s
}

// get returns the foot of segment i. It is valid until done(i).
func (f *feet) get(ctx context.Context, i int) (*segment.Foot, error) {
	ahead := f.limit > i
	s := f.start(ctx, i, ahead && f.slots[i] == nil && f.limit > i+1)
	for k := i + 1; k <= i+readAhead && k < f.limit; k++ {
		f.start(ctx, k, true)
	}
	<-s.done
	return s.foot, s.err
}

// done gives the memory of foot i back.
func (f *feet) done(i int) {
	if s := f.slots[i]; s != nil {
		<-s.done
		delete(f.slots, i)
		if s.mem != nil {
			footPool.Put(s.mem)
		}
	}
}

// keep hands the foot of a segment over to the caller for good, or returns nil
// if it is not held.
func (f *feet) keep(seg *storage.Segment) *segment.Foot {
	for i, s := range f.slots {
		if f.segs[i] == seg {
			<-s.done
			delete(f.slots, i)
			return s.foot
		}
	}
	return nil
}

// close waits for what is read ahead and gives all memory back.
func (f *feet) close() {
	f.wg.Wait()
	for i := range f.slots {
		f.done(i)
	}
}
