package clip

import (
	"context"

	"qianshao/storage/fmp4"
	"qianshao/storage/timeline"
)

// Limits of play.mp4's fragments. Each is one reference of the sidx: after a
// seek ffmpeg, and Chromium with it, goes from reference to reference and would
// miss a second moof in one. A fragment ends at the first key frame after
// leastRef, and without one at mostRef.
const (
	leastRef = 2 * timeline.Second
	mostRef  = 10 * timeline.Second
	mostRefs = 50_000 // of a sidx, whose count has 16 bits; a segment adds one at most
)

// group is one moof of play.mp4: the chunks of several stored fragments,
// gathered a track.
type group struct {
	tracks []chunk
	durs   [][]uint32 // sound: durations in the file's timescale, a track
	runs   []fmp4.Run
	start  int64 // decode position of the first picture
	end    int64
	sync   bool // begins with a place to begin
	data   int64
	moof   int64 // bytes of the moof
}

// size is what the group takes in the file.
func (g *group) size() int64 { return g.moof + 8 + g.data }

// grouper gathers the chunks of a part.
type grouper struct {
	r     *reel
	g     group
	ahead *chunk // the first chunk of the next group
}

func (m *grouper) begin(r *reel) {
	m.r, m.ahead = r, r.next()
	if len(m.g.tracks) != len(r.pl.tracks) {
		m.g.tracks = make([]chunk, len(r.pl.tracks))
		m.g.durs = make([][]uint32, len(r.pl.tracks))
	}
}

// next yields the next group, valid until the call after; nil: the part is over.
func (m *grouper) next() *group {
	if m.ahead == nil {
		return nil
	}
	g, pl := &m.g, m.r.pl
	for t := range g.tracks {
		g.tracks[t].reset(t)
	}
	g.data, g.sync = 0, false
	frag := m.r.frag
	for c := m.ahead; ; c = m.r.next() {
		if c == nil || m.r.frag != frag && pl.splits(g, c) {
			m.ahead = c
			break
		}
		frag = m.r.frag
		g.take(c)
	}
	g.moof = 24
	for t := range g.tracks {
		n := int64(len(g.tracks[t].sizes))
		if n == 0 {
			continue
		}
		width := int64(8)
		if t == 0 {
			width += 4
			if pl.offsets {
				width += 4
			}
		}
		g.moof += 64 + n*width
	}
	return g
}

// splits reports whether a group ends before chunk c of the next fragment.
func (pl *plan) splits(g *group, c *chunk) bool {
	if c.track != 0 || len(g.tracks[0].sizes) == 0 {
		return false
	}
	length := g.end - g.start
	return length >= pl.leastRef && c.kinds[0] != 0 || length >= pl.mostRef
}

// take adds a chunk's samples.
func (g *group) take(c *chunk) {
	t := &g.tracks[c.track]
	if len(t.sizes) == 0 {
		t.pos = c.pos
		if c.track == 0 {
			g.start, g.end, g.sync = c.pos, c.pos, c.kinds[0] != 0
		}
	} else if jump := c.pos - t.end(); jump > 0 {
		t.durs[len(t.durs)-1] += uint32(jump)
	}
	t.offs = append(t.offs, c.offs...)
	t.src = append(t.src, c.src...)
	t.sizes = append(t.sizes, c.sizes...)
	t.durs = append(t.durs, c.durs...)
	t.ctts = append(t.ctts, c.ctts...)
	t.kinds = append(t.kinds, c.kinds...)
	t.bytes += c.bytes
	g.data += c.bytes
	if c.track == 0 {
		g.end = t.end()
	}
}

// end is the position behind the chunk's last sample.
func (c *chunk) end() int64 {
	at := c.pos
	for _, d := range c.durs {
		at += int64(d)
	}
	return at
}

// header renders the group's moof and the header of its mdat.
func (g *group) header(dst []byte, pl *plan, seq uint32) []byte {
	g.runs = g.runs[:0]
	id := uint32(0)
	for t := range g.tracks {
		if pl.total[t].samples > 0 {
			id++
		}
		c := &g.tracks[t]
		if len(c.sizes) == 0 {
			continue
		}
		run := fmp4.Run{TrackID: id, Sizes: c.sizes}
		if t == 0 {
			run.FirstTick, run.Durs, run.Kinds = c.pos-pl.begin, c.durs, c.kinds
			if pl.offsets {
				run.CTS = c.ctts
			}
		} else {
			run.FirstTick, g.durs[t] = pl.playTimes(t, c, g.durs[t][:0])
			run.Durs = g.durs[t]
		}
		g.runs = append(g.runs, run)
	}
	dst, _ = fmp4.AppendMoof(dst, seq, g.runs)
	return dst
}

// playTimes is the decode time and the durations of sound in play.mp4, in the
// timescale of the pictures. All tracks share it, because ffmpeg, and Chromium
// with it, looks up the times of a sidx for every track as if they counted in
// that track's own. Each border is rounded by itself, so nothing adds up; the
// usual frames come out whole.
//
// Decode times of pictures begin at 0, and presentation runs the reorder delay
// behind; so does sound.
func (pl *plan) playTimes(t int, c *chunk, durs []uint32) (int64, []uint32) {
	own, all := pl.tracks[t].Timescale, pl.tracks[0].Timescale
	pos := c.pos
	first := ticksOf(pos, own, all) + pl.delay - pl.begin
	at := first
	for _, d := range c.durs {
		pos += int64(d)
		next := ticksOf(pos, own, all) + pl.delay - pl.begin
		durs = append(durs, uint32(next-at))
		at = next
	}
	return first, durs
}

// next is where the group behind part i, or its end, is decoded: what a
// reference lasts until. A gap belongs to the footage before it.
func (pl *plan) next(i int) int64 {
	if i+1 < len(pl.parts) {
		return pl.parts[i+1].decodeStart
	}
	return pl.parts[i].decodeEnd
}

// layoutPlay lays out a fragmented file: ftyp, moov, sidx, fragments.
func layoutPlay(pl *plan) ([]section, error) {
	var count, data int64
	for i := range pl.parts {
		count += pl.parts[i].moofs
		data += pl.parts[i].moofBytes
	}
	w := &skeleton{}
	w.Open("ftyp")
	w.Str("iso6")
	w.U32(0)
	w.Str("iso6isomcmfcmp41")
	w.Close()
	if err := w.playMoov(pl); err != nil {
		return nil, err
	}
	w.box("sidx")
	w.U32(1 << 24)
	w.U32(1)
	w.U32(pl.tracks[0].Timescale)
	w.U64(uint64(pl.delay)) // earliest presentation time
	w.U64(0)
	w.U16(0)
	w.U16(uint16(count))
	w.body(refs, 0, 12*count)
	w.end()
	w.body(moofs, 0, data)
	return w.sections(), nil
}

// playMoov writes the movie of a fragmented file whose length is known.
func (w *skeleton) playMoov(pl *plan) error {
	const ms = 1000
	length := uint64(micros(pl.end-pl.begin+pl.delay, pl.tracks[0].Timescale)) / ms
	w.Open("moov")
	w.Mvhd(ms, length, uint32(len(pl.tracks)+1))
	id := uint32(0)
	for i := range pl.tracks {
		t := &pl.tracks[i]
		if pl.total[i].samples == 0 {
			continue
		}
		id++
		out := t.Track
		out.ID = id
		w.Open("trak")
		w.Tkhd(&out, length)
		w.Open("mdia")
		w.Mdhd(pl.tracks[0].Timescale, 0)
		w.Hdlr(&out)
		w.Open("minf")
		w.MediaHeader(&out)
		w.Open("stbl")
		if err := w.entries(t, &out); err != nil {
			return err
		}
		for _, kind := range []string{"stts", "stsc", "stsz", "stco"} {
			w.Full(kind, 0, 0)
			if kind == "stsz" {
				w.U32(0)
			}
			w.U32(0)
			w.Close()
		}
		for range 4 { // stbl, minf, mdia, trak
			w.Close()
		}
	}
	w.Open("mvex")
	w.Full("mehd", 1, 0)
	w.U64(length)
	w.Close()
	for i := range id {
		w.Full("trex", 0, 0)
		w.U32(i + 1)
		w.U32(1)
		w.Zero(12)
		w.Close()
	}
	w.Close()
	w.Close()
	return nil
}

// refs writes the references of the sidx.
func (n *renderer) refs(ctx context.Context) error {
	pl := n.f.pl
	for i := range pl.parts {
		if n.o.pass(12 * pl.parts[i].moofs) {
			continue
		}
		if _, err := n.start(ctx, i); err != nil {
			return err
		}
		n.m.begin(&n.r)
		n.buf = n.buf[:0]
		size, start, sap := int64(0), int64(0), uint32(0)
		put := func(end int64) {
			if size > 0 {
				n.u32(uint32(size))
				n.u32(uint32(end - start))
				n.u32(sap)
			}
		}
		for g := n.m.next(); g != nil; g = n.m.next() {
			put(g.start)
			size, start, sap = g.size(), g.start, 0
			if g.sync {
				sap = 1<<31 | 1<<28 // begins with a place to begin, of type 1
			}
		}
		put(pl.next(i))
		n.o.bytes(n.buf)
	}
	return n.o.err
}

// moofs writes the fragments.
func (n *renderer) moofs(ctx context.Context) error {
	pl := n.f.pl
	seq := uint32(0)
	for i := range pl.parts {
		p := &pl.parts[i]
		if n.o.over() {
			break
		}
		if n.o.pass(p.moofBytes) {
			seq += uint32(p.moofs)
			continue
		}
		if _, err := n.start(ctx, i); err != nil {
			return err
		}
		n.m.begin(&n.r)
		src := source{ctx: ctx, seg: p.seg, o: n.o}
		for g := n.m.next(); g != nil && !n.o.over(); g = n.m.next() {
			seq++
			if n.o.pass(g.size()) {
				continue
			}
			n.buf = g.header(n.buf[:0], pl, seq)
			n.o.bytes(n.buf)
			for t := range g.tracks {
				src.chunk(&n.r, &g.tracks[t])
			}
			src.flush()
		}
		if err := src.close(); err != nil {
			return err
		}
	}
	return n.o.err
}

// countPlay counts what a part gives to play.mp4. Composition offsets are added
// when it is known whether the file has any.
func (n *planner) countPlay(p *part) {
	n.m.begin(&n.r)
	for g := n.m.next(); g != nil; g = n.m.next() {
		p.moofs++
		p.moofBytes += g.size()
		for t := range g.tracks {
			if len(g.tracks[t].sizes) > 0 {
				n.counts.chunk(&g.tracks[t])
			}
		}
	}
}
