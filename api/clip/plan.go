package clip

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"qianshao/storage"
	"qianshao/storage/index"
	"qianshao/storage/media"
	"qianshao/storage/segment"
	"qianshao/storage/timeline"
)

// plan says which samples of which segments make the file, and when each is
// shown.
type plan struct {
	kind     Kind
	keysOnly bool
	tracks   []track // tracks[0] is the video
	parts    []part
	delay    int64 // decode runs ahead of presentation by so much, video ticks
	offsets  bool  // pictures carry composition offsets
	leastRef int64 // of play.mp4, video ticks
	mostRef  int64

	begin int64 // decode position of the first picture; lead-in makes it negative
	start int64 // position of the first frame shown: about 0
	end   int64 // position where the last frame shown ends
	first timeline.Micros
	total []tally // a track
	texts tally
	sound []int64 // position where each track's sound ends
}

// edited reports whether the file has edit lists: then sound is laid against
// the picture without holes.
func (pl *plan) edited() bool { return pl.kind == Clip }

// planner makes a plan.
type planner struct {
	ctx  context.Context
	p    Params
	segs []*storage.Segment
	feet *feet
	pl   *plan
	info *Info
	pics pictures
	r    reel

	inner bool
	from  int   // segment of the first picture
	lo    int   // its first sample in that segment
	shown int   // segment of the first frame shown
	tick  int64 // its presentation tick there

	// Of the part before.
	prev   int // its segment
	uLast  int64
	cont   int64 // where the next picture would stand if nothing is missing
	closed timeline.Micros
	debt   timeline.Micros // by how much positions run late after a backward step
	sounds []tally
	counts counter
	m      grouper
}

// order puts segments in the order they are shown: by time, and where
// recordings overlap (after a backward step of the clock) by when they were
// made.
func order(in []*storage.Segment) []*storage.Segment {
	segs := slices.Clone(in)
	for i := 0; i < len(segs); {
		j, end := i+1, segs[i].Span.To
		for j < len(segs) && segs[j].Span.From < end {
			end = max(end, segs[j].Span.To)
			j++
		}
		slices.SortStableFunc(segs[i:j], func(a, b *storage.Segment) int {
			switch {
			case a.Epoch != b.Epoch:
				return cmpUint(a.Epoch, b.Epoch)
			case a.Boot != b.Boot:
				return cmpUint(a.Boot, b.Boot)
			}
			return int(int64(a.Seq) - int64(b.Seq))
		})
		i = j
	}
	return segs
}

func cmpUint(a, b uint64) int {
	if a < b {
		return -1
	}
	return 1
}

// window asks the archive, and names its answer "gone" in our words.
func window(ctx context.Context, a *storage.Archive, stream media.StreamID, p *Params) (*storage.Window, error) {
	span := p.Span
	if p.Trim == Exact {
		span.From -= p.LeadIn
	}
	w, err := a.Window(ctx, stream, span, p.AsOf)
	if errors.Is(err, index.ErrGone) {
		return nil, fmt.Errorf("%w: %w", ErrGone, err)
	}
	return w, err
}

// findStart chooses the first frame shown and the picture at which its decoding
// begins.
func (n *planner) findStart() error {
	span := n.p.Span
	seen := false
	for i, s := range n.segs {
		if s.Span.To <= span.From || s.Span.From >= span.To {
			continue
		}
		f, err := n.feet.get(n.ctx, i)
		if err != nil {
			return err
		}
		n.pics.load(f)
		to := n.pics.tickAt(span.To)
		tick, ok := n.pics.first(n.pics.tickAt(span.From))
		if !ok || tick >= to {
			continue
		}
		seen = true
		if !n.inner {
			found, err := n.leadIn(i, f, tick)
			if err != nil || found {
				return err
			}
			n.inner = true
			n.pics.load(f)
		}
		if k := n.pics.key(n.pics.tickAt(span.From)); k >= 0 && n.pics.pts[k] < to {
			n.from, n.lo, n.shown, n.tick = i, k, i, n.pics.pts[k]
			return nil
		}
	}
	if seen {
		return fmt.Errorf("%s to %s: %w", span.From, span.To, ErrNoKeyFrame)
	}
	return ErrNoFootage
}

// leadIn finds the place to begin for tick of segment i, here or in the
// segments it continues, and reports whether one lies within the allowed
// lead-in. That is the last key frame at or before tick. Recovery points are
// passed over while a key frame may still come, since nothing says how many
// pictures later they are exact: without one, the last but one serves.
func (n *planner) leadIn(i int, f *segment.Foot, tick int64) (bool, error) {
	n.shown, n.tick = i, tick
	wall := n.pics.wall(tick)
	points := 0 // recovery points met
	for k := i; ; {
		syncs := f.Samples[0].Syncs
		for j := len(syncs) - 1; j >= 0; j-- {
			at := int(syncs[j].Index)
			if n.pics.pts[at] > tick {
				continue
			}
			if wall-n.pics.wall(n.pics.pts[at]) > n.p.LeadIn {
				return points > 0, nil
			}
			if syncs[j].Kind != segment.RecoveryPoint {
				n.from, n.lo = k, at
				return true, nil
			}
			if points++; points <= 2 {
				n.from, n.lo = k, at
			}
		}
		if k == 0 || wall-n.segs[k-1].Span.To > n.p.LeadIn || !follows(n.segs[k-1], n.segs[k], f) {
			return points > 0, nil
		}
		k--
		var err error
		if f, err = n.feet.get(n.ctx, k); err != nil {
			return false, err
		}
		n.pics.load(f)
		tick = math.MaxInt64
	}
}

// follows reports whether segment b, whose foot is f, goes on where a ends, so
// that its pictures may need those of a.
func follows(a, b *storage.Segment, f *segment.Foot) bool {
	d := b.Span.From - a.Span.To
	return a.Epoch == b.Epoch && a.Boot == b.Boot && a.Seq+1 == b.Seq && !f.NewRun && -2000 <= d && d <= 2000
}

// sameEntries reports whether both segments' samples can stand behind the same
// sample entries.
func sameEntries(a, b []media.Track) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !a[i].SameEntry(&b[i]) {
			return false
		}
	}
	return true
}

// run makes the plan.
func (n *planner) run() error {
	if err := n.findStart(); err != nil {
		return err
	}
	f, err := n.feet.get(n.ctx, n.shown)
	if err != nil {
		return err
	}
	first := f.Maps[0].Wall(n.tick, f.Tracks[0].Timescale)
	n.pl.first, n.pl.tracks = first, n.chooseTracks(f.Tracks)
	n.pl.total = make([]tally, len(n.pl.tracks))
	n.sounds = make([]tally, len(n.pl.tracks))
	least := max(leastRef, n.p.Span.Len()/mostRefs)
	n.pl.leastRef = ticks(least, f.Tracks[0].Timescale)
	n.pl.mostRef = ticks(max(mostRef, least), f.Tracks[0].Timescale)
	n.closed = 0
	entries := slices.Clone(f.Tracks)
	n.prev = -1
	n.feet.ahead(n.ctx, n.from)
	for i := n.from; i < len(n.segs); i++ {
		if n.segs[i].Span.From >= n.p.Span.To {
			break
		}
		if f, err = n.feet.get(n.ctx, i); err != nil {
			return err
		}
		if !sameEntries(entries, f.Tracks) {
			n.info.cut(n.segs[i:], n.p.Span)
			break
		}
		over, err := n.add(i, f)
		if err != nil {
			return err
		}
		if len(n.pl.parts) > keepParts {
			n.feet.done(i)
		}
		if over {
			break
		}
	}
	return n.finish()
}

func (n *planner) chooseTracks(in []media.Track) []track {
	var out []track
	for i := range in {
		t := track{Track: in[i], src: i}
		if i > 0 && (n.p.Audio == NoAudio || n.pl.keysOnly) {
			break
		}
		t.flac = n.p.Audio == Playable && t.Codec.IsG711()
		t.ID = uint32(len(out) + 1)
		t.any = i == 0
		out = append(out, t)
	}
	return out
}

// add puts segment i behind the plan. over: the window ends in it.
func (n *planner) add(i int, f *segment.Foot) (over bool, err error) {
	s, span := n.segs[i], n.p.Span
	p := part{seg: s, hi: f.Samples[0].Len(), fresh: -1}
	joined := n.prev >= 0 && n.prev == i-1 && follows(n.segs[i-1], s, f)
	last := s.Span.To > span.To-timeline.Second
	if i <= n.shown || !joined || last {
		n.pics.load(f)
	}
	switch {
	case n.prev < 0:
		p.lo = n.lo
		p.drop = n.pics.leading(p.lo)
	case !joined:
		syncs := f.Samples[0].Syncs
		if len(syncs) == 0 {
			return false, nil
		}
		p.lo = int(syncs[0].Index)
		p.drop = n.pics.leading(p.lo)
	}
	if !joined {
		p.fresh, p.apart = p.lo, true
	}
	endTick := int64(-1)
	if last {
		to := n.pics.tickAt(span.To)
		if p.hi = n.pics.until(p.lo, to, n.inner); p.hi == p.lo {
			return true, nil
		}
		endTick = n.pics.end(p.lo, p.hi, to)
	}
	if p.hi <= p.lo {
		return false, nil
	}
	p.drop = min(p.drop, p.hi-p.lo-1)
	if err := n.place(&p, i, f, joined, endTick); err != nil {
		return false, err
	}
	n.pl.parts = append(n.pl.parts, p)
	n.count(&n.pl.parts[len(n.pl.parts)-1], f, endTick)
	n.prev = i
	return false, nil
}

// place sets where the part stands and what it shows.
func (n *planner) place(p *part, i int, f *segment.Foot, joined bool, endTick int64) error {
	ts := f.Tracks[0].Timescale
	delay := int64(f.Tracks[0].ReorderDelay)
	dts, pts := timesAt(f, p.lo)
	if !n.pl.keysOnly {
		n.pl.delay = max(n.pl.delay, delay)
	}
	head := dts + delay // presentation tick at which the part's first picture appears
	if p.drop > 0 || n.pl.keysOnly {
		head = pts
	}
	p.walls.From = f.Maps[0].Wall(head, ts)
	p.base = n.pl.first + n.closed - n.debt
	p.off, p.anchor = p.ideal(f, pts), pts
	if n.prev >= 0 {
		before := &n.pl.parts[len(n.pl.parts)-1]
		gap := p.walls.From - before.walls.To
		if !joined && gap > 0 {
			if n.p.Gaps == Join {
				n.closed += gap
			} else if gap > MaxGap {
				return &GapError{timeline.Span{From: before.walls.To, To: p.walls.From}}
			} else {
				n.debt = max(0, n.debt-gap)
			}
			p.base = n.pl.first + n.closed - n.debt
			p.off = p.ideal(f, pts)
		}
		first := dts + delay
		if n.pl.keysOnly {
			first = pts
		}
		off := n.cont - first
		near := int64(ts) / slack
		if late := off - p.off; late > near && !joined {
			// Overlapping recordings: the later one waits for the earlier.
			n.debt += micros(late, ts)
			p.base -= micros(late, ts)
			p.off = off
		} else if joined && late <= near && late >= -near {
			p.off = off
		}
		p.off = max(p.off, n.uLast+1-first)
		if n.pl.edited() || joined {
			before.lastDur = uint32(first + p.off - n.uLast)
		} else {
			before.lastDur = uint32(min(first+p.off, n.cont) - n.uLast) // the jump is in the next decode time
		}
		before.until = head + p.off
		before.ends = min(before.ends, before.until)
	}
	p.shown = head + p.off
	if i == n.shown {
		p.shown = n.tick + p.off
		p.walls.From = f.Maps[0].Wall(n.tick, ts)
		n.pl.start = p.shown
	}
	if n.prev < 0 {
		n.pl.begin = dts + delay + p.off
		if n.pl.keysOnly {
			n.pl.begin = pts + p.off
		}
	}
	p.audioEnd = n.audioEnd(p, i, f, endTick)
	return nil
}

// audioEnd is the moment from which on the part's sound is left out.
func (n *planner) audioEnd(p *part, i int, f *segment.Foot, endTick int64) timeline.Micros {
	switch {
	case endTick >= 0:
		return f.Maps[0].Wall(endTick, f.Tracks[0].Timescale)
	case n.p.Gaps == Join && (i+1 == len(n.segs) || n.segs[i+1].Span.From > n.segs[i].Span.To):
		return n.segs[i].Span.To
	}
	return timeline.Forever
}

// timesAt is the decode and presentation tick of a picture.
func timesAt(f *segment.Foot, i int) (dts, pts int64) {
	s := &f.Samples[0]
	n := 0
	for k := range f.Fragments {
		run := &f.Fragments[k].Runs[0]
		if i >= n+int(run.Samples) {
			n += int(run.Samples)
			continue
		}
		dts = run.FirstTick
		for ; n < i; n++ {
			dts += int64(s.Durs[n])
		}
		break
	}
	return dts, dts + int64(s.Offset(i))
}

// count runs over the part once.
func (n *planner) count(p *part, f *segment.Foot, endTick int64) {
	ts := f.Tracks[0].Timescale
	p.tracks = make([]tally, len(n.pl.tracks))
	for t := range p.tracks {
		p.tracks[t].cursor, p.tracks[t].began = n.sounds[t].cursor, n.sounds[t].began
	}
	n.r.begin(n.pl, p, f)
	n.counts.begin(p.tracks)
	p.decodeStart = n.r.v.u
	if n.pl.kind == Clip {
		for c := n.r.next(); c != nil; c = n.r.next() {
			n.counts.chunk(c)
		}
	} else {
		n.countPlay(p)
	}
	n.counts.end()
	for t := 1; t < len(p.tracks); t++ {
		n.sounds[t].cursor, n.sounds[t].began = n.r.s[t].cursor, n.r.s[t].began
	}
	n.uLast = n.r.v.last
	natural := int64(f.Samples[0].Durs[p.hi-1])
	n.cont = n.uLast + natural
	off := n.r.v.off
	if n.pl.keysOnly {
		dts, _ := timesAt(f, p.hi-1)
		n.cont = max(n.uLast+1, dts+int64(f.Tracks[0].ReorderDelay)+natural+off)
	}
	p.lastDur = uint32(n.cont - n.uLast)
	p.ends, p.decodeEnd = n.cont, n.cont
	if endTick >= 0 {
		p.ends = endTick + off
	}
	p.walls.To = f.Maps[0].Wall(p.ends-off, ts)
	p.until = p.ends
	if n.pl.parts[len(n.pl.parts)-1].walls.To <= n.pl.first {
		p.shown = p.ends
	}
	for t := range p.tracks {
		n.pl.total[t].add(&p.tracks[t])
	}
}

// finish closes the plan behind its last part.
func (n *planner) finish() error {
	pl := n.pl
	last := &pl.parts[len(pl.parts)-1]
	pl.end = last.ends
	pl.offsets = pl.delay > 0
	pl.sound = make([]int64, len(pl.tracks))
	for t := range n.sounds {
		pl.sound[t] = n.sounds[t].cursor
	}
	for i := range pl.parts {
		p := &pl.parts[i]
		if pl.kind == Clip {
			p.countTexts(pl)
			pl.texts.add(&p.texts)
		} else if pl.offsets {
			p.moofBytes += 4 * p.tracks[0].samples
		}
		if p.ends > p.shown {
			n.info.shown = append(n.info.shown, p.walls)
		}
	}
	return nil
}
