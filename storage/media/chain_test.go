package media

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"
)

// TestChainIsAByteQueue drives a Chain beside a plain byte slice.
func TestChainIsAByteQueue(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var c Chain
		defer c.Close()
		var all []byte // every byte ever appended and not truncated
		var fill byte
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			switch rapid.IntRange(0, 4).Draw(t, "op") {
			case 0, 1:
				b := make([]byte, rapid.IntRange(0, 3*ChunkSize).Draw(t, "n"))
				for i := range b {
					fill++
					b[i] = fill
				}
				c.Append(b)
				all = append(all, b...)
			case 2:
				pos := c.End()
				c.AppendLength(0)
				c.SetLength(pos, 0x01020304)
				all = append(all, 1, 2, 3, 4)
			case 3:
				pos := rapid.Int64Range(c.Taken(), c.End()).Draw(t, "cut")
				c.Truncate(pos)
				all = all[:pos]
			case 4:
				from := c.Taken()
				upto := rapid.Int64Range(from, c.End()).Draw(t, "take")
				if got := c.AppendTo(nil, from, upto); !bytes.Equal(got, all[from:upto]) {
					t.Fatalf("AppendTo(%d, %d) differs", from, upto)
				}
				var p Part
				c.Take(upto, &p)
				if got := bytes.Join(p.Bufs, nil); !bytes.Equal(got, all[from:upto]) {
					t.Fatalf("Take(%d) from %d differs", upto, from)
				}
				p.Release()
			}
			if c.End() != int64(len(all)) {
				t.Fatalf("End %d, want %d", c.End(), len(all))
			}
		}
	})
}

func BenchmarkChainAppend(b *testing.B) {
	b.ReportAllocs()
	b.SetBytes(1400)
	var c Chain
	var p Part
	pkt := make([]byte, 1400)
	for i := 0; b.Loop(); i++ {
		c.Append(pkt)
		if i%200 == 199 {
			c.Take(c.End(), &p)
			p.Release()
		}
	}
}
