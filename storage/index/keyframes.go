package index

import (
	"encoding/binary"
	"errors"
	"fmt"

	"qianshao/storage/timeline"
)

// Key frame times are stored as signed varints (encoding/binary): the first
// relative to the segment's start, the second relative to the first, every
// further one as the change of distance. A camera with an even GOP costs about
// one byte a key frame.

// errBadKeyframes says that a stored table cannot be read.
var errBadKeyframes = errors.New("malformed key frame table")

// maxKeyframes is far above 300 s of 240 frames a second, all of them key
// frames; it bounds the memory a damaged table can ask for.
const maxKeyframes = 1 << 20

// encodeKeyframes appends the table for times, ascending, to dst.
func encodeKeyframes(dst []byte, start timeline.Micros, times []timeline.Micros) []byte {
	prev, dist := start, timeline.Micros(0)
	for i, t := range times {
		d := t - prev
		if i < 2 {
			dst = binary.AppendVarint(dst, int64(d))
		} else {
			dst = binary.AppendVarint(dst, int64(d-dist))
		}
		prev, dist = t, d
	}
	return dst
}

// decodeKeyframes is the inverse of encodeKeyframes. Times that do not ascend
// are an error, as is arithmetic that overflows.
func decodeKeyframes(b []byte, start timeline.Micros) ([]timeline.Micros, error) {
	if len(b) == 0 {
		return nil, nil
	}
	if len(b) > maxKeyframes {
		return nil, fmt.Errorf("%d bytes: %w", len(b), errBadKeyframes)
	}
	times := make([]timeline.Micros, 0, len(b)) // at least one byte a time
	prev, dist := start, timeline.Micros(0)
	for i := 0; len(b) > 0; i++ {
		v, n := binary.Varint(b)
		if n <= 0 {
			return nil, fmt.Errorf("entry %d: %w", i, errBadKeyframes)
		}
		b = b[n:]
		d := timeline.Micros(v)
		if i >= 2 {
			d += dist
			if d > dist != (v > 0) && v != 0 {
				return nil, fmt.Errorf("entry %d overflows: %w", i, errBadKeyframes)
			}
		}
		t := prev + d
		if (t > prev) != (d > 0) && d != 0 || i > 0 && t < prev {
			return nil, fmt.Errorf("entry %d out of order: %w", i, errBadKeyframes)
		}
		times = append(times, t)
		prev, dist = t, d
	}
	return times, nil
}
