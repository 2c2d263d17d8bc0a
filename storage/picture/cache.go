package picture

import (
	"container/list"
	"sync"
)

// cache keeps the pictures that were asked for last, up to so many bytes.
type cache struct {
	limit int

	mu    sync.Mutex
	items map[string]*list.Element // guarded by mu
	order list.List                // front = used last; guarded by mu
	bytes int                      // guarded by mu
}

type cached struct {
	name  string
	sheet *Sheet
}

// overhead is what an entry takes beside its picture, about.
const overhead = 256

func (c *cache) get(name string) *Sheet {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.items[name]
	if !ok {
		return nil
	}
	c.order.MoveToFront(e)
	return e.Value.(*cached).sheet
}

func (c *cache) put(name string, s *Sheet) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.items[name]; ok || len(s.JPEG)+overhead > c.limit {
		return
	}
	if c.items == nil {
		c.items = map[string]*list.Element{}
	}
	c.items[name] = c.order.PushFront(&cached{name, s})
	c.bytes += len(s.JPEG) + overhead
	for c.bytes > c.limit {
		old := c.order.Remove(c.order.Back()).(*cached)
		delete(c.items, old.name)
		c.bytes -= len(old.sheet.JPEG) + overhead
	}
}

// forget drops everything.
func (c *cache) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.items, c.bytes = nil, 0
	c.order.Init()
}
