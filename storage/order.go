package storage

import (
	"cmp"
	"fmt"
	"slices"

	"qianshao/storage/index"
	"qianshao/storage/segment"
	"qianshao/storage/timeline"
)

// order checks the rows of one stream among each other, in the order in which
// they were written. contents[i] is what the bytes of rows[i] say, or nil.
func (c *checker) order(rows []index.Row, contents []*inside) {
	at := make([]int, 0, len(rows))
	known := map[[32]byte]bool{}
	for i := range rows {
		known[rows[i].SHA256] = true
		if rows[i].State != index.Expiring {
			at = append(at, i)
		}
	}
	slices.SortFunc(at, func(i, j int) int {
		a, b := &rows[i], &rows[j]
		return cmp.Or(cmp.Compare(a.Epoch, b.Epoch), cmp.Compare(a.Boot, b.Boot), cmp.Compare(a.Seq, b.Seq))
	})
	var before *index.Row
	var said *inside
	reach := timeline.Micros(0) // where this boot's footage ends, since the clock was last stepped
	for _, i := range at {
		r, in := &rows[i], contents[i]
		boot := before != nil && before.Epoch == r.Epoch && before.Boot == r.Boot
		if !boot || r.ClockFlags&uint32(segment.ClockStepped) != 0 {
			reach = 0
		}
		if r.Span.From < reach {
			c.report(Overlap, r.Key().String(), fmt.Sprintf(
				"another segment of the same boot reaches to %s; both are kept, clips use the later one's pictures", reach))
		}
		reach = max(reach, r.Span.To)
		if in != nil {
			c.chain(r, in, before, known)
			if boot && said != nil && before.Seq+1 == r.Seq {
				c.abuts(r, in, before, said)
			}
		}
		before, said = r, in
	}
}

// chain checks that the segment names one that is there, or was removed by an
// act, as the one before it.
func (c *checker) chain(r *index.Row, in *inside, before *index.Row, known map[[32]byte]bool) {
	name := r.Key().String()
	switch {
	case in.prev == [32]byte{}:
		if in.why == "" {
			c.report(ChainUnexplained, name, "it names no segment before it and no reason why; the writer is at fault, report it")
		}
	case known[in.prev]:
	default:
		missing := timeline.Span{To: r.Span.From}
		if before != nil {
			missing.From = min(before.Span.To, r.Span.From-1)
		}
		// A segment begins before its footage was removed: look a segment's
		// length back.
		missing.From = max(missing.From-maxSegmentUS, 0)
		if !c.acts.tookFrom(r.Stream, missing) {
			c.report(ChainBroken, name, "the segment that it names as the one before it is not there, and no act removed it; look for it in the store's versions or a copy")
		}
	}
}

// maxSegmentUS is the longest a segment can be.
const maxSegmentUS = 300 * timeline.Second

// abuts checks that a segment of a run begins where the one before it ends.
// After a failed write or a crash there may be a hole, which is a gap with its
// cause.
func (c *checker) abuts(r *index.Row, in *inside, before *index.Row, said *inside) {
	if in.newRun || r.Span.From == before.Span.To ||
		said.reason == segment.EndWrite || said.reason == segment.EndRecovered {
		return
	}
	c.report(NotAbutting, r.Key().String(), fmt.Sprintf("it goes on with a run that ended at %s; the writer is at fault, report it", before.Span.To))
}
