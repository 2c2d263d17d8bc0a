package register

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"qianshao/storage/media"
	"qianshao/storage/timeline"
)

// What is refused may come as often as somebody tries, so that it is counted, and
// written once a minute: who tries for long fills no disk.
const (
	countEvery  = time.Minute
	mostCounted = 10 // entries a minute with a name, and as many without; the rest share one an act
	mostTried   = 20 // cameras of one entry
)

// counting is what waits to be written.
type counting struct {
	mu   sync.Mutex // guards below
	of   map[countKey]*counted
	lone [2]int // keys without a name, and with one
}

// countKey is what entries have in common that become one.
type countKey struct {
	kind                                       Kind
	who, unit, caseNo, address, act, res, note string
	rest                                       bool // beyond mostCounted
}

type counted struct {
	e     Entry
	n     int
	since timeline.Micros
}

// Count takes an entry in that may come often, of what was refused: those of a
// minute that differ in nothing but their cameras become one, which says how many
// there were. It writes nothing and takes no time that could tell anything; see
// Flush. What cannot be an entry is passed over.
func (r *Register) Count(e Entry) {
	if err := e.check(); err != nil {
		r.cfg.Log.Warn("access register: not counted", "err", err)
		return
	}
	r.counts.add(&counted{e, 1, timeline.FromTime(r.cfg.Now())})
}

func (c *counting) add(x *counted) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := x.e
	key := countKey{e.Kind, e.Who, e.Unit, e.Case, e.Address, e.Act, e.Result, e.Note, false}
	named := 0
	if e.Who != "" {
		named = 1
	}
	if c.of[key] == nil && c.lone[named] >= mostCounted {
		key = countKey{kind: e.Kind, act: e.Act, res: e.Result, rest: true}
		e = Entry{Kind: e.Kind, Act: e.Act, Result: e.Result, Note: "by others, too"}
	}
	have := c.of[key]
	if have == nil {
		if c.of == nil {
			c.of = map[countKey]*counted{}
		}
		if !key.rest {
			c.lone[named]++
		}
		have = &counted{e: e, since: x.since}
		have.e.Cameras = nil
		c.of[key] = have
	}
	have.n += x.n
	have.since = min(have.since, x.since)
	for _, id := range e.Cameras {
		if len(have.e.Cameras) < mostTried && !slices.Contains(have.e.Cameras, id) {
			have.e.Cameras = append(have.e.Cameras, id)
		}
	}
}

// Flush writes what was counted. What cannot be written goes on being counted.
func (r *Register) Flush(ctx context.Context) error {
	r.counts.mu.Lock()
	of := r.counts.of
	r.counts.of, r.counts.lone = nil, [2]int{}
	r.counts.mu.Unlock()
	list := slices.SortedFunc(maps.Values(of), func(a, b *counted) int {
		return cmp.Or(cmp.Compare(a.since, b.since), cmp.Compare(a.e.Act, b.e.Act), cmp.Compare(a.e.Who, b.e.Who), cmp.Compare(a.e.Address, b.e.Address))
	})
	if len(list) == 0 {
		return nil
	}
	entries := make([]*Entry, len(list))
	for i, c := range list {
		e := c.e
		times := fmt.Sprintf("%d times since %s", c.n, c.since)
		if c.n == 1 {
			times = "once, " + c.since.String()
		}
		if e.Note != "" {
			times = "; " + times
		}
		e.Cameras = append([]media.CameraID(nil), e.Cameras...)
		e.Note = Clean(e.Note + times)
		entries[i] = &e
	}
	err := r.Append(ctx, entries...)
	if err != nil {
		for _, c := range list {
			r.counts.add(c)
		}
	}
	return err
}
