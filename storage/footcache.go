package storage

import (
	"container/list"
	"sync"

	"qianshao/storage/segment"
)

const (
	// footBoxBytes bounds the raw feet kept in memory: a day of ten streams.
	footBoxBytes = 64 << 20
	// footBytes bounds the decoded feet beside them: a thousand segments that short
	// clips and pictures came from. Decoding one takes a tenth of a millisecond.
	footBytes = 16 << 20
)

// footCache keeps what was read last of the feet of sealed segments, raw (a
// request each on S3) or decoded. Feet never change. The zero value is ready.
type footCache[T any] struct {
	mu    sync.Mutex
	byID  map[segment.ID]*list.Element // guarded by mu
	order list.List                    // front = used last; guarded by mu
	bytes int                          // guarded by mu
	drops uint64                       // how often something was dropped; guarded by mu
}

type cachedFoot[T any] struct {
	id    segment.ID
	foot  T
	bytes int
}

func (c *footCache[T]) get(id segment.ID) (foot T, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.byID[id]
	if !ok {
		return foot, false
	}
	c.order.MoveToFront(e)
	return e.Value.(*cachedFoot[T]).foot, true
}

// ticket is taken before a foot is read that put is to keep.
func (c *footCache[T]) ticket() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.drops
}

// put keeps a foot of so many bytes, and forgets others so that no more than most
// are held. Nothing is kept if a segment was dropped since the ticket: it may be
// this one.
func (c *footCache[T]) put(id segment.ID, foot T, bytes, most int, ticket uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.byID[id]; ok || c.drops != ticket {
		return
	}
	if c.byID == nil {
		c.byID = map[segment.ID]*list.Element{}
	}
	c.byID[id] = c.order.PushFront(&cachedFoot[T]{id: id, foot: foot, bytes: bytes})
	c.bytes += bytes
	for c.bytes > most {
		c.remove(c.order.Back())
	}
}

// remove forgets an entry. mu must be held.
func (c *footCache[T]) remove(e *list.Element) {
	old := c.order.Remove(e).(*cachedFoot[T])
	delete(c.byID, old.id)
	c.bytes -= old.bytes
}

// drop forgets a segment that is being deleted.
func (c *footCache[T]) drop(id segment.ID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drops++
	if e, ok := c.byID[id]; ok {
		c.remove(e)
	}
}
