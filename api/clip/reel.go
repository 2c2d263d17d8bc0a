package clip

import (
	"qianshao/api/flac"
	"qianshao/storage/media"
	"qianshao/storage/segment"
	"qianshao/storage/timeline"
)

// track is one track of the file.
type track struct {
	media.Track
	src   int   // its number in the segments
	flac  bool  // G.711 that is given as FLAC
	start int64 // position of its first sample
	any   bool  // it has samples
}

// chunk is the samples of one track in one stored fragment, in file order.
// Slices run parallel and are reused by the reel.
type chunk struct {
	track int   // in the file
	pos   int64 // of the first sample: decode order without delay (video), or sound
	offs  []int64
	src   []uint32 // bytes in the segment; 0: a silent frame of our own
	sizes []uint32 // bytes in the file
	durs  []uint32
	ctts  []uint32
	kinds []uint8
	bytes int64 // sum of sizes
}

func (c *chunk) reset(track int) {
	*c = chunk{track: track, offs: c.offs[:0], src: c.src[:0], sizes: c.sizes[:0], durs: c.durs[:0], ctts: c.ctts[:0], kinds: c.kinds[:0]}
}

func (c *chunk) add(off int64, src, size, dur uint32) {
	c.offs = append(c.offs, off)
	c.src = append(c.src, src)
	c.sizes = append(c.sizes, size)
	c.durs = append(c.durs, dur)
	c.bytes += int64(size)
}

// reel runs over one part of a plan and yields its chunks: fragment by
// fragment, and in each fragment track by track.
type reel struct {
	pl   *plan
	p    *part
	foot *segment.Foot
	frag int
	turn int // next track of the fragment
	c    chunk
	v    film
	s    []voice
	at   []int // by source track: number of the fragment's first sample
}

// film steps through the pictures of a part.
type film struct {
	k, i, left int   // fragment, sample, samples left in the fragment
	dts        int64 // of sample i
	ok         bool
	sync       int   // place in Syncs at or behind i
	u, pres    int64 // position of sample i in decode and in presentation order
	kind       uint8
	off        int64
	anchor     int64
	highest    int64 // presentation tick so far
	far        int64 // how far from the anchor a correction may be due; 0: never
	last       int64 // u of the last sample yielded
}

// begin puts the reel in front of part p, whose foot is f.
func (r *reel) begin(pl *plan, p *part, f *segment.Foot) {
	r.pl, r.p, r.foot = pl, p, f
	r.frag, r.turn = 0, 0
	if len(r.at) != len(f.Tracks) {
		r.at = make([]int, len(f.Tracks))
	}
	clear(r.at)
	r.v = film{off: p.off, anchor: p.anchor, highest: -1 << 62, last: -1 << 62}
	if ppb := abs32(f.Maps[0].PPB); ppb > 0 {
		r.v.far = int64(f.Tracks[0].Timescale) / slack * 1_000_000_000 / int64(ppb)
	}
	r.seek(p.lo)
	if len(r.s) != len(pl.tracks) {
		r.s = make([]voice, len(pl.tracks))
	}
	for t := range pl.tracks {
		if t > 0 {
			r.s[t].begin(r, &pl.tracks[t], &p.tracks[t])
		}
	}
}

// seek finds sample lo.
func (r *reel) seek(lo int) {
	v := &r.v
	s := &r.foot.Samples[0]
	v.k = -1
	for v.k+1 < len(r.foot.Fragments) {
		v.k++
		run := &r.foot.Fragments[v.k].Runs[0]
		if lo < v.i+int(run.Samples) {
			v.left, v.dts, v.ok = int(run.Samples), run.FirstTick, true
			for v.i < lo {
				v.dts += int64(s.Durs[v.i])
				v.i++
				v.left--
			}
			break
		}
		v.i += int(run.Samples)
	}
	v.sync = s.SyncAt(lo-1) + 1
	r.place()
}

// place works out where sample v.i stands.
func (r *reel) place() {
	v := &r.v
	if !v.ok || v.i >= r.p.hi {
		v.ok = false
		return
	}
	s := &r.foot.Samples[0]
	pts := v.dts + int64(s.Offset(v.i))
	sorted := v.dts + int64(r.foot.Tracks[0].ReorderDelay)
	if v.far > 0 {
		if d := pts - v.anchor; pts == sorted && pts > v.highest && (d > v.far || -d > v.far) {
			v.off, v.anchor = r.p.ideal(r.foot, pts), pts
		}
		v.highest = max(v.highest, pts)
	}
	v.kind = 0
	if v.sync < len(s.Syncs) && int(s.Syncs[v.sync].Index) == v.i {
		v.kind = uint8(s.Syncs[v.sync].Kind)
		v.sync++
	}
	v.pres = pts + v.off
	if v.kind == uint8(segment.RecoveryPoint) && v.i != r.p.fresh && v.pres <= int64(r.foot.Tracks[0].Timescale)/slack {
		// Players begin at the sync sample nearest to the first frame shown: not
		// at one from which that frame is not yet exact.
		v.kind = 0
	}
	v.u = sorted + v.off
	if r.pl.keysOnly {
		v.u = v.pres
	}
	v.u = max(v.u, v.last+1)
}

// ideal is the offset that puts presentation tick pts where its wall time says.
func (p *part) ideal(f *segment.Foot, pts int64) int64 {
	ts := f.Tracks[0].Timescale
	return ticks(f.Maps[0].Wall(pts, ts)-p.base, ts) - pts
}

// advance goes to the next sample that belongs to the file.
func (r *reel) advance() {
	v := &r.v
	s := &r.foot.Samples[0]
	v.last = v.u
	for v.ok {
		v.dts += int64(s.Durs[v.i])
		v.i++
		v.left--
		for v.left == 0 {
			v.k++
			if v.k >= len(r.foot.Fragments) {
				v.ok = false
				return
			}
			run := &r.foot.Fragments[v.k].Runs[0]
			v.left, v.dts = int(run.Samples), run.FirstTick
		}
		if v.i > r.p.lo && v.i <= r.p.lo+r.p.drop {
			continue
		}
		r.place()
		if !r.pl.keysOnly || v.kind != 0 {
			return
		}
	}
}

// next yields the next chunk; it is valid until the call after. nil: the part
// is over.
func (r *reel) next() *chunk {
	for ; r.frag < len(r.foot.Fragments); r.frag++ {
		for r.turn < len(r.pl.tracks) {
			t := r.turn
			r.turn++
			r.c.reset(t)
			if t == 0 {
				r.film()
			} else {
				r.s[t].play(r, t)
			}
			if len(r.c.sizes) > 0 {
				return &r.c
			}
		}
		for t, run := range r.foot.Fragments[r.frag].Runs {
			r.at[t] += int(run.Samples)
		}
		r.turn = 0
	}
	return nil
}

// film fills the chunk with the fragment's pictures.
func (r *reel) film() {
	v, c := &r.v, &r.c
	if !v.ok || v.k != r.frag {
		return
	}
	sizes := r.foot.Samples[0].Sizes
	off, n := r.foot.Fragments[r.frag].DataOffset(0), r.at[0]
	c.pos = v.u
	for v.ok && v.k == r.frag {
		for ; n < v.i; n++ {
			off += int64(sizes[n])
		}
		u, pres, kind, size := v.u, v.pres, v.kind, sizes[v.i]
		r.advance()
		dur := r.p.lastDur
		if v.ok {
			dur = uint32(v.u - u)
		}
		c.add(off, size, size, dur)
		c.ctts = append(c.ctts, uint32(max(pres-u+r.pl.delay, 0)))
		c.kinds = append(c.kinds, kind)
	}
}

// voice steps through one sound track of a part.
type voice struct {
	t       *track
	first   int64 // tick of the segment's first sample
	has     bool
	off     int64 // position = tick + off at first
	ppb     int64
	natural int64 // ticks of a frame
	silence silence
	cursor  int64 // position of the next sample
	began   bool  // a sample has been given
	end     int64
	noEnd   bool
}

func (s *voice) begin(r *reel, t *track, y *tally) {
	*s = voice{t: t, cursor: y.cursor, began: y.began, silence: s.silence}
	f, ts := r.foot, t.Timescale
	for k := range f.Fragments {
		if run := &f.Fragments[k].Runs[t.src]; run.Samples > 0 {
			s.first, s.has = run.FirstTick, true
			break
		}
	}
	if !s.has || r.p.audioEnd == 0 {
		s.has = false
		return
	}
	s.off = ticks(f.Maps[t.src].Wall(s.first, ts)-r.p.base, ts) - s.first
	s.ppb = int64(f.Maps[t.src].PPB)
	s.noEnd = r.p.audioEnd == timeline.Forever
	if !s.noEnd {
		s.end = ticks(r.p.audioEnd-r.p.base, ts)
	}
	s.natural = usual(f.Samples[t.src].Durs)
	if s.pcm() {
		s.natural = int64(f.Samples[t.src].Sizes[0]) / int64(max(t.Channels, 1))
	}
	if !r.pl.edited() {
		return
	}
	if s.silence.data == nil || s.silence.dur != s.natural {
		s.silence = silenceFor(&t.Track, s.natural)
	}
}

func (s *voice) pcm() bool { return s.t.Codec.IsG711() }

// usual is the median of the first few durations.
func usual(durs []uint32) int64 {
	var a [9]uint32
	n := copy(a[:], durs)
	for i := 1; i < n; i++ {
		for j := i; j > 0 && a[j] < a[j-1]; j-- {
			a[j], a[j-1] = a[j-1], a[j]
		}
	}
	if n == 0 {
		return 0
	}
	return int64(a[n/2])
}

// play fills the chunk with the fragment's sound. Frames keep their natural
// duration; where the wall has run ahead by a frame a silent one is put in, and
// where it lags by one a frame is left out, so that sound stays within a frame
// of the picture without ever being stretched.
func (s *voice) play(r *reel, t int) {
	run := &r.foot.Fragments[r.frag].Runs[s.t.src]
	if !s.has || run.Samples == 0 {
		return
	}
	c := &r.c
	table := &r.foot.Samples[s.t.src]
	off := r.foot.Fragments[r.frag].DataOffset(s.t.src)
	tick := run.FirstTick
	from := r.at[s.t.src]
	for i := from; i < from+int(run.Samples); i++ {
		size := table.Sizes[i]
		dur := s.natural
		if s.pcm() {
			dur = int64(size) / int64(max(s.t.Channels, 1))
		}
		target := tick + s.off
		if s.ppb != 0 {
			target += (tick - s.first) * s.ppb / 1_000_000_000
		}
		if s.wants(r, c, target, dur) {
			s.emit(c, off, size, dur)
		}
		tick += int64(table.Durs[i])
		off += int64(size)
	}
}

// wants decides about the frame that should stand at target, and fills up to it.
func (s *voice) wants(r *reel, c *chunk, target, dur int64) bool {
	if !s.noEnd && target >= s.end || dur <= 0 {
		return false
	}
	if !s.began {
		if r.pl.edited() {
			if target+2*dur <= 0 {
				return false
			}
			s.cursor = min(target, 0)
		} else {
			if target < ticksOf(r.pl.begin, r.pl.tracks[0].Timescale, s.t.Timescale) {
				return false
			}
			s.cursor = target
		}
		s.began = true
		if !s.t.any { // while planning; a plan that is read does not change
			s.t.start, s.t.any = s.cursor, true
		}
	}
	if s.cursor-target >= dur {
		return false
	}
	if r.pl.edited() {
		for s.silence.dur > 0 && target-s.cursor >= max(s.silence.dur, dur) {
			s.emit(c, 0, 0, s.silence.dur)
		}
	} else if len(c.sizes) == 0 && target-s.cursor >= dur {
		s.cursor = target
	}
	return true
}

func (s *voice) emit(c *chunk, off int64, src uint32, dur int64) {
	size := src
	switch {
	case s.t.flac:
		size = flac.Len(s.cursor-s.t.start, dur, s.t.Channels, src == 0)
	case src == 0:
		size = uint32(len(s.silence.data))
	}
	if len(c.sizes) == 0 {
		c.pos = s.cursor
	}
	c.add(off, src, size, uint32(dur))
	s.cursor += dur
}

// ticksOf converts a position from one timescale to another.
func ticksOf(pos int64, from, to uint32) int64 { return scale(pos, int64(to), int64(from)) }
