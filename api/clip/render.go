package clip

import (
	"context"
	"encoding/binary"

	"qianshao/api/flac"
	"qianshao/storage"
	"qianshao/storage/segment"
	"qianshao/storage/timeline"
)

// renderer writes sections. It belongs to one call of WriteRange.
type renderer struct {
	f    *File
	o    *outlet
	feet *feet
	r    reel
	m    grouper
	buf  []byte // of one table piece
}

// section writes what the outlet wants of a section.
func (n *renderer) section(ctx context.Context, s *section) error {
	switch s.kind {
	case known:
		n.o.bytes(s.bytes)
		return n.o.err
	case chunks:
		return n.media(ctx)
	case refs:
		return n.refs(ctx)
	case moofs:
		return n.moofs(ctx)
	}
	return n.table(ctx, s)
}

// start puts the reel in front of part i.
func (n *renderer) start(ctx context.Context, i int) (*part, error) {
	p := &n.f.pl.parts[i]
	foot, err := n.foot(ctx, i)
	if err != nil {
		return nil, err
	}
	n.r.begin(n.f.pl, p, foot)
	return p, nil
}

func (n *renderer) foot(ctx context.Context, i int) (*segment.Foot, error) {
	if n.f.kept != nil {
		return n.f.kept[i], nil
	}
	for k := range n.feet.slots {
		if k < i {
			n.feet.done(k)
		}
	}
	return n.feet.get(ctx, i)
}

// table writes one sample table, part by part.
func (n *renderer) table(ctx context.Context, s *section) error {
	pl := n.f.pl
	at := n.f.media // file offset of the part's first chunk
	var samples, chunks int64
	for i := range pl.parts {
		p := &pl.parts[i]
		t := &p.texts
		if s.track >= 0 {
			t = &p.tracks[s.track]
		}
		size := t.entries(s.kind) * s.kind.width()
		if !n.o.pass(size) {
			if err := n.piece(ctx, s, i, at, samples, chunks); err != nil {
				return err
			}
			n.o.bytes(n.buf)
		}
		if n.o.over() {
			return n.o.err
		}
		samples += t.samples
		chunks += t.chunks
		at += p.bytes()
	}
	return n.o.err
}

// piece renders the entries that part i gives to a table into buf.
func (n *renderer) piece(ctx context.Context, s *section, i int, at, samples, chunks int64) error {
	n.buf = n.buf[:0]
	if s.track == textTrack {
		n.textPiece(s, &n.f.pl.parts[i], at, chunks)
		return nil
	}
	p, err := n.start(ctx, i)
	if err != nil {
		return err
	}
	at += p.texts.bytes
	durs := durations{video: s.track == 0, runs: runs{write: true, out: n.buf}}
	offs := runs{write: true, out: n.buf}
	per := uint32(0)
	for c := n.r.next(); c != nil; c = n.r.next() {
		if c.track != s.track {
			at += c.bytes
			continue
		}
		switch s.kind {
		case stts:
			durs.chunk(c.durs)
		case ctts:
			for _, v := range c.ctts {
				offs.push(v)
			}
		case stss:
			for k, kind := range c.kinds {
				if kind != 0 {
					n.u32(uint32(samples + int64(k) + 1))
				}
			}
		case stsz:
			for _, v := range c.sizes {
				n.u32(v)
			}
		case stsc:
			if per != uint32(len(c.sizes)) {
				per = uint32(len(c.sizes))
				n.u32(uint32(chunks + 1))
				n.u32(per)
				n.u32(1)
			}
		case stco:
			n.u32(uint32(at))
		case co64:
			n.buf = binary.BigEndian.AppendUint64(n.buf, uint64(at))
		}
		samples += int64(len(c.sizes))
		chunks++
		at += c.bytes
	}
	switch s.kind {
	case stts:
		durs.end()
		n.buf = durs.out
	case ctts:
		offs.flush()
		n.buf = offs.out
	}
	return nil
}

func (n *renderer) u32(v uint32) { n.buf = binary.BigEndian.AppendUint32(n.buf, v) }

// textPiece renders the entries of the wall-clock track.
func (n *renderer) textPiece(s *section, p *part, at, chunks int64) {
	if p.texts.samples == 0 {
		return
	}
	switch s.kind {
	case stsc:
		n.u32(uint32(chunks + 1))
		n.u32(uint32(p.texts.samples))
		n.u32(1)
	case stco:
		n.u32(uint32(at))
	case co64:
		n.buf = binary.BigEndian.AppendUint64(n.buf, uint64(at))
	}
	p.captions(n.f.pl, func(dur uint32, gap bool, _ timeline.Micros) {
		switch s.kind {
		case stts:
			n.u32(1)
			n.u32(dur)
		case stsz:
			size := uint32(2 + stampSize)
			if gap {
				size += uint32(len(gapText))
			}
			n.u32(size)
		}
	})
}

// media writes the chunks of clip.mp4.
func (n *renderer) media(ctx context.Context) error {
	pl := n.f.pl
	for i := range pl.parts {
		if n.o.pass(pl.parts[i].bytes()) {
			if n.o.over() {
				break
			}
			continue
		}
		p, err := n.start(ctx, i)
		if err != nil {
			return err
		}
		n.buf = n.buf[:0]
		p.captions(pl, func(_ uint32, gap bool, at timeline.Micros) { n.buf = appendCaption(n.buf, gap, at) })
		n.o.bytes(n.buf)
		src := source{ctx: ctx, seg: p.seg, o: n.o}
		for c := n.r.next(); c != nil && !n.o.over(); c = n.r.next() {
			src.chunk(&n.r, c)
		}
		if err := src.close(); err != nil {
			return err
		}
	}
	return n.o.err
}

// source copies a segment's bytes. Neighbouring ranges become one.
type source struct {
	ctx     context.Context // of the request
	seg     *storage.Segment
	o       *outlet
	r       storage.Reader
	off, n  int64 // a range that is not copied yet
	scratch []byte
	raw     []byte
}

// chunk copies the samples of c.
func (s *source) chunk(r *reel, c *chunk) {
	pos := c.pos
	for i, size := range c.src {
		switch {
		case size > 0 && c.sizes[i] == size && !r.pl.tracks[c.track].flac:
			if s.n > 0 && s.off+s.n == c.offs[i] {
				s.n += int64(size)
			} else {
				s.flush()
				s.off, s.n = c.offs[i], int64(size)
			}
		default:
			s.flush()
			s.own(r, c, i, pos)
		}
		pos += int64(c.durs[i])
	}
}

// own writes a sample that is not copied as it stands: silence, or FLAC.
func (s *source) own(r *reel, c *chunk, i int, pos int64) {
	if s.o.pass(int64(c.sizes[i])) {
		return
	}
	v, t := &r.s[c.track], &r.pl.tracks[c.track]
	switch {
	case !t.flac:
		s.o.bytes(v.silence.data)
	case c.src[i] == 0:
		s.scratch = flac.Append(s.scratch[:0], pos-t.start, int64(c.durs[i]), &t.Track, nil)
		s.o.bytes(s.scratch)
	default:
		s.raw = append(s.raw[:0], make([]byte, c.src[i])...)
		if !s.open() {
			return
		}
		if _, err := s.r.ReadAt(s.raw, c.offs[i]); err != nil {
			s.o.err = err
			return
		}
		s.scratch = flac.Append(s.scratch[:0], pos-t.start, int64(len(s.raw)/t.Channels), &t.Track, s.raw)
		s.o.bytes(s.scratch)
	}
}

// flush copies the range that is held back.
func (s *source) flush() {
	if s.n == 0 {
		return
	}
	n := s.n
	s.n = 0
	if s.o.pass(n) || !s.open() {
		return
	}
	s.o.copy(s.r, s.off, n)
}

func (s *source) open() bool {
	if s.r == nil && s.o.err == nil {
		s.r, s.o.err = s.seg.Reader(s.ctx)
	}
	return s.o.err == nil
}

func (s *source) close() error {
	s.flush()
	if s.r != nil {
		if err := s.r.Close(); err != nil && s.o.err == nil {
			s.o.err = err
		}
	}
	return s.o.err
}
