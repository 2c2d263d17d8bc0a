package acts

import (
	"slices"
	"sort"
	"sync"

	"qianshao/storage/media"
	"qianshao/storage/timeline"
)

// Removals is what expire and erase acts have taken, for a reindex: an object
// found in the store that was removed must not come back. It adds such a row
// as index.Expiring, unless a hold keeps it, and the next pass of retention
// finishes the deletion. Any goroutine may call it.
type Removals struct {
	mu      sync.Mutex
	streams map[string]*removed // by stream or camera id; guarded by mu
}

// removed is the starts of segments that are taken, half-open.
type removed struct {
	spans  []timeline.Span
	sorted bool
}

// Add notes an act; other kinds than expire and erase are passed over.
func (r *Removals) Add(a *Act) {
	if a.Kind != Expire && a.Kind != Erase {
		return
	}
	starts := timeline.Span{From: a.Span.From, To: a.Span.To}
	if a.LastStart != 0 {
		starts.To = a.LastStart + 1
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.streams == nil {
		r.streams = map[string]*removed{}
	}
	key := string(a.Stream)
	if a.Camera != "" {
		key = string(a.Camera)
	}
	s := r.streams[key]
	if s == nil {
		s = &removed{}
		r.streams[key] = s
	}
	s.spans, s.sorted = append(s.spans, starts), false
}

// Has reports whether a segment of the stream that starts at this moment was
// removed.
func (r *Removals) Has(stream media.StreamID, start timeline.Micros) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.streams[string(stream)].has(start) || r.streams[string(stream.Camera())].has(start)
}

func (s *removed) has(start timeline.Micros) bool {
	if s == nil {
		return false
	}
	if !s.sorted {
		s.spans, s.sorted = timeline.Normalize(slices.Clip(s.spans)), true
	}
	i := sort.Search(len(s.spans), func(i int) bool { return s.spans[i].To > start })
	return i < len(s.spans) && s.spans[i].Contains(start)
}
