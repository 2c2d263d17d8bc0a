package clip

import (
	"encoding/binary"

	"qianshao/storage/segment"
)

// runs is a run-length table (stts, ctts) in the making.
type runs struct {
	entries int64
	val, n  uint32
	write   bool
	out     []byte // pairs (count, value), with write
}

func (r *runs) push(v uint32) {
	if r.n > 0 && v == r.val {
		r.n++
		return
	}
	r.flush()
	r.val, r.n = v, 1
	r.entries++
}

// flush ends the run: the next value begins one of its own.
func (r *runs) flush() {
	if r.n > 0 && r.write {
		r.out = binary.BigEndian.AppendUint32(r.out, r.n)
		r.out = binary.BigEndian.AppendUint32(r.out, r.val)
	}
	r.n = 0
}

// durations feeds the stts of one track and part. The last picture's duration
// depends on the part behind, so it is a run of its own.
type durations struct {
	runs
	video bool
	held  uint32
	holds bool
}

func (d *durations) chunk(durs []uint32) {
	for _, v := range durs {
		if !d.video {
			d.push(v)
			continue
		}
		if d.holds {
			d.push(d.held)
		}
		d.held, d.holds = v, true
	}
}

func (d *durations) end() {
	if d.holds {
		d.flush()
		d.push(d.held)
	}
	d.flush()
	d.holds = false
}

// counter turns the chunks of a part into the sizes of its tables' pieces. A
// piece stands on its own: runs do not reach over a part's border.
type counter struct {
	tallies []tally
	state   [segment.MaxTracks]struct {
		stts durations
		ctts runs
		per  uint32 // samples of the last chunk
	}
}

func (n *counter) begin(t []tally) {
	*n = counter{tallies: t}
	n.state[0].stts.video = true
}

func (n *counter) chunk(c *chunk) {
	t, s := &n.tallies[c.track], &n.state[c.track]
	if t.chunks == 0 || s.per != uint32(len(c.sizes)) {
		t.stsc++
		s.per = uint32(len(c.sizes))
	}
	t.chunks++
	t.bytes += c.bytes
	t.samples += int64(len(c.sizes))
	s.stts.chunk(c.durs)
	for _, v := range c.ctts {
		s.ctts.push(v)
	}
	for _, k := range c.kinds {
		if k != 0 {
			t.stss++
		}
	}
}

func (n *counter) end() {
	for i := range n.tallies {
		n.state[i].stts.end()
		n.tallies[i].stts, n.tallies[i].ctts = n.state[i].stts.entries, n.state[i].ctts.entries
	}
}
