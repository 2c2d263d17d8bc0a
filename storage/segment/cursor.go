package segment

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// ErrCorrupt is returned (wrapped) when bytes do not form a valid box of ours.
var ErrCorrupt = errors.New("segment is corrupt")

// cursor reads the varint fields of HEAD and FOOT. The first malformed field
// sticks in err; later reads give zero values.
type cursor struct {
	b   []byte
	err error
}

func (c *cursor) fail(what string) {
	if c.err == nil {
		c.err = fmt.Errorf("%s: %w", what, ErrCorrupt)
	}
	c.b = nil
}

func (c *cursor) uint() uint64 {
	v, n := binary.Uvarint(c.b)
	if n <= 0 {
		c.fail("varint")
		return 0
	}
	c.b = c.b[n:]
	return v
}

func (c *cursor) int() int64 {
	v, n := binary.Varint(c.b)
	if n <= 0 {
		c.fail("varint")
		return 0
	}
	c.b = c.b[n:]
	return v
}

func (c *cursor) uint32() uint32 {
	v := c.uint()
	if v > math.MaxUint32 {
		c.fail("32-bit field")
		return 0
	}
	return uint32(v)
}

func (c *cursor) int32() int32 {
	v := c.int()
	if v < math.MinInt32 || v > math.MaxInt32 {
		c.fail("32-bit field")
		return 0
	}
	return int32(v)
}

// bool reads 0 or 1.
func (c *cursor) bool() bool {
	v := c.uint()
	if v > 1 {
		c.fail("flag")
	}
	return v == 1
}

// finish fails when bytes are left.
func (c *cursor) finish() {
	if len(c.b) > 0 {
		c.fail("bytes behind the last field")
	}
}

// count reads the number of items that follow; each needs at least one byte, so
// a count beyond the remaining bytes is corrupt and allocates nothing.
func (c *cursor) count() int {
	v := c.uint()
	if v > uint64(len(c.b)) {
		c.fail("count")
		return 0
	}
	return int(v)
}

func (c *cursor) bytes() []byte {
	n := c.count()
	out := c.b[:n:n]
	c.b = c.b[n:]
	return out
}

func (c *cursor) fixed(dst []byte) {
	if len(c.b) < len(dst) {
		c.fail("fixed field")
		return
	}
	copy(dst, c.b)
	c.b = c.b[len(dst):]
}

func appendBytes(dst, b []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(b)))
	return append(dst, b...)
}
