package storage

import (
	"container/list"
	"sync"

	"qianshao/storage/segment"
)

// footCacheBytes bounds the raw feet kept in memory: a day of ten streams.
const footCacheBytes = 64 << 20

// footCache keeps the feet of sealed segments that were read last, so that
// seeking in a clip does not read them again (a request each on S3). Feet never
// change. The zero value is ready.
type footCache struct {
	mu    sync.Mutex
	byID  map[segment.ID]*list.Element // guarded by mu
	order list.List                    // front = used last; guarded by mu
	bytes int                          // guarded by mu
}

type cachedFoot struct {
	id  segment.ID
	box []byte
}

func (c *footCache) get(id segment.ID) ([]byte, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.byID[id]
	if !ok {
		return nil, false
	}
	c.order.MoveToFront(e)
	return e.Value.(*cachedFoot).box, true
}

func (c *footCache) put(id segment.ID, box []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.byID[id]; ok {
		return
	}
	if c.byID == nil {
		c.byID = map[segment.ID]*list.Element{}
	}
	c.byID[id] = c.order.PushFront(&cachedFoot{id: id, box: box})
	c.bytes += len(box)
	for c.bytes > footCacheBytes {
		last := c.order.Back()
		old := c.order.Remove(last).(*cachedFoot)
		delete(c.byID, old.id)
		c.bytes -= len(old.box)
	}
}

// drop forgets a segment that is being deleted.
func (c *footCache) drop(id segment.ID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.byID[id]; ok {
		c.bytes -= len(c.order.Remove(e).(*cachedFoot).box)
		delete(c.byID, id)
	}
}
