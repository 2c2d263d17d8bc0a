package rtsp

import (
	"cmp"
	"fmt"
	"time"

	"qianshao/ingest/rtsp/limit"
)

// bucket says when something comes more often than it may: most at once, rate a
// second on the whole. It belongs to one goroutine.
type bucket struct {
	rate, most float64
	level      float64
	last       time.Duration
}

// take counts n at a time. It is false when that is too much.
func (b *bucket) take(n int, at time.Duration) bool {
	b.level = max(0, b.level-max(0, at-b.last).Seconds()*b.rate) + float64(n)
	b.last = at
	return b.level <= b.most
}

// flowOf is the bucket of bytes for a bit rate; 0 is the usual limit.
func flowOf(bitrate int) bucket {
	rate := float64(cmp.Or(bitrate, limit.Bitrate)) / 8
	return bucket{rate: rate, most: rate * limit.Burst.Seconds()}
}

// tooMuch is what to say of a camera whose bytes are too many.
func (b *bucket) tooMuch() error {
	return fmt.Errorf("%w: more than %.0f Mbit/s for %s; lower its bit rate, or raise ingest.max_mbit", ErrTooMuch, b.rate*8/1e6, limit.Burst)
}
