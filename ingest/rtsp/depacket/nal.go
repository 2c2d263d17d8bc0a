package depacket

import (
	"bytes"
	"time"

	"qianshao/storage/media"
)

// Bounds on what a camera may send.
const (
	maxUnit = 32 << 20 // bytes of an access unit: the largest key frames seen are 7 MB
	maxSet  = 16 << 10 // bytes of a parameter set: with all scaling lists they are below 2 KB
	maxID   = 255      // of a parameter set: pic_parameter_set_id, the largest (ISO/IEC 14496-10 7.4.2.2)
)

// nalCodec is what H.264 and H.265 differ in.
type nalCodec interface {
	// classify looks at a NAL unit's first bytes.
	classify(nal []byte) nalClass
	// header is the length of a NAL unit header: 1 or 2 bytes.
	header() int
	// track builds the coding from the parameter sets; nil when they do not
	// suffice or cannot be read.
	track(s *sets) *media.Track
}

// nalClass is what the unit builder must know of a NAL unit.
type nalClass struct {
	set   int        // 1 VPS, 2 SPS, 3 PPS; 0 none
	sync  media.Sync // of a slice at which decoding can begin
	slice bool
	first bool // a slice that begins a picture, or a NAL unit that precedes one
	drop  bool // not part of a stream in a file
	bad   bool // cannot stand in a unit
	bare  bool // a header is all there is to it: an end of sequence or of stream
}

// sets are the parameter sets in force, by kind and id.
type sets struct {
	kind    [4]map[uint32][]byte // index 1 VPS, 2 SPS, 3 PPS
	order   [4][]uint32
	changed bool
}

// put keeps a parameter set. Repeating one costs nothing; one beyond all bounds
// is not kept.
func (s *sets) put(kind int, id uint32, nal []byte) {
	if id > maxID || len(nal) > maxSet {
		return
	}
	if s.kind[kind] == nil {
		s.kind[kind] = map[uint32][]byte{}
	}
	old, ok := s.kind[kind][id]
	if ok && bytes.Equal(old, nal) {
		return
	}
	if !ok {
		s.order[kind] = append(s.order[kind], id)
	}
	s.kind[kind][id] = bytes.Clone(nal)
	s.changed = true
}

// list returns the sets of a kind in the order they first came.
func (s *sets) list(kind int) [][]byte {
	var out [][]byte
	for _, id := range s.order[kind] {
		out = append(out, s.kind[kind][id])
	}
	return out
}

// nalUnits builds access units from NAL units: 4-byte lengths, parameter sets
// in band at every key frame.
type nalUnits struct {
	out   *output
	codec nalCodec
	sets  sets
	cur   *media.Track // coding announced last

	inBand  [4]bool // kinds seen in this unit
	slices  bool    // a slice was written
	nalAt   int64   // chain position of a fragmented NAL unit's length; -1: none open
	skip    bool    // the fragmented NAL unit is left out: filler
	prefix  [8]byte // first bytes of a fragmented NAL unit, for classify
	nalHead int     // its parameter set kind
	nalBare bool    // a header alone is enough for it
}

func newNALUnits(out *output, codec nalCodec, p Params) *nalUnits {
	b := &nalUnits{out: out, codec: codec, nalAt: -1}
	for kind, list := range [][][]byte{nil, p.VPS, p.SPS, p.PPS} {
		for _, nal := range list {
			if len(nal) > codec.header() {
				b.sets.put(kind, setID(codec, kind, nal), nal)
			}
		}
	}
	b.refresh()
	return b
}

// refresh announces the coding when the parameter sets changed.
func (b *nalUnits) refresh() {
	if !b.sets.changed {
		return
	}
	b.sets.changed = false
	t := b.codec.track(&b.sets)
	if t == nil || b.cur != nil && t.SameCoding(b.cur) {
		return
	}
	b.cur = t
	b.out.track = t
}

// step prepares for a packet with this timestamp: the unit before ends when the
// timestamp changes.
func (b *nalUnits) step(timestamp uint32, at time.Duration, gap bool, first func() bool) {
	if b.out.open && (gap || b.nalAt >= 0 && timestamp != b.out.rtp) {
		b.out.damaged = true // its end, or a part of it, is missing
		b.nalAt = -1
	}
	if b.out.open && timestamp != b.out.rtp {
		b.end()
	}
	if !b.out.open {
		b.out.begin(timestamp, at)
		b.inBand, b.slices, b.nalAt, b.skip = [4]bool{}, false, -1, false
		if gap && !first() {
			b.out.damaged = true
		}
	}
	b.out.at = at
}

// end finishes the unit.
func (b *nalUnits) end() {
	if b.nalAt >= 0 {
		b.out.damaged = true
		b.nalAt = -1
	}
	if b.out.open && !b.slices && !b.out.damaged {
		// Parameter sets or SEI alone: kept in mind, no picture.
		b.out.chain.Truncate(b.out.start)
		b.out.open = false
		return
	}
	b.refresh()
	b.out.end(0)
}

// nal writes one whole NAL unit.
func (b *nalUnits) nal(nal []byte) {
	if len(nal) == 0 {
		return
	}
	if len(nal) < b.codec.header() {
		b.out.damaged = true
		return
	}
	c := b.codec.classify(nal)
	if c.bad || len(nal) == b.codec.header() && !c.bare {
		b.out.damaged = true
		return
	}
	if c.drop {
		return
	}
	b.before(c)
	if c.set > 0 {
		b.sets.put(c.set, setID(b.codec, c.set, nal), nal)
	}
	b.out.chain.AppendLength(uint32(len(nal)))
	b.out.chain.Append(nal)
	b.bound()
}

// aggregate writes NAL units that come with 2-byte lengths before them: a
// STAP-A (RFC 6184 5.7.1) or an AP (RFC 7798 4.4.2).
func (b *nalUnits) aggregate(p []byte) {
	n := 0
	for ; !padding(p); n++ {
		nal, rest, ok := sized(p)
		if !ok {
			b.out.damaged = true
			return
		}
		b.nal(nal)
		p = rest
	}
	if n == 0 {
		b.out.damaged = true // an aggregate of nothing: what it held is lost
	}
}

// sized takes the NAL unit at the front of b, behind its 2-byte length.
func sized(b []byte) (nal, rest []byte, ok bool) {
	if len(b) < 2 {
		return nil, nil, false
	}
	n := int(b[0])<<8 | int(b[1])
	if n == 0 || n > len(b)-2 {
		return nil, nil, false
	}
	return b[2 : 2+n], b[2+n:], true
}

// padding reports whether nothing but zeros is left: some cameras fill up their
// packets.
func padding(b []byte) bool {
	for _, v := range b {
		if v != 0 {
			return false
		}
	}
	return true
}

// before is called for every NAL unit before its bytes: key frames get their
// parameter sets here.
func (b *nalUnits) before(c nalClass) {
	if c.set > 0 {
		b.inBand[c.set] = true
	}
	if !c.slice {
		if c.sync != media.NoSync && b.out.sync == media.NoSync {
			b.out.sync = c.sync // a recovery point message precedes its picture
		}
		return
	}
	if c.sync == media.KeyFrame || c.sync == media.OpenKeyFrame {
		b.out.sync = c.sync
	}
	if b.out.sync != media.NoSync && !b.slices {
		for kind := 1; kind <= 3; kind++ {
			if b.inBand[kind] {
				continue
			}
			for _, id := range b.sets.order[kind] {
				nal := b.sets.kind[kind][id]
				b.out.chain.AppendLength(uint32(len(nal)))
				b.out.chain.Append(nal)
			}
		}
	}
	b.slices = true
}

// fragment writes a part of a NAL unit that is spread over packets. head is the
// NAL unit's header, given with every part.
func (b *nalUnits) fragment(head []byte, part []byte, start, end bool) {
	if start {
		if b.nalAt >= 0 {
			b.out.damaged = true // the one before lost its end
		}
		n := copy(b.prefix[:], head)
		n += copy(b.prefix[n:], part)
		c := b.codec.classify(b.prefix[:n])
		b.nalAt, b.skip = -1, c.drop
		if c.drop {
			return
		}
		b.nalBare = c.bare
		b.out.damaged = b.out.damaged || c.bad
		b.before(c)
		b.nalAt = b.out.chain.End()
		b.nalHead = c.set
		b.out.chain.AppendLength(0)
		b.out.chain.Append(head)
	} else if b.skip {
		return
	} else if b.nalAt < 0 {
		b.out.damaged = true // its beginning is missing
		return
	}
	b.out.chain.Append(part)
	b.bound()
	if end && b.nalAt >= 0 {
		n := b.out.chain.End() - b.nalAt - 4
		if n <= int64(b.codec.header()) && !b.nalBare {
			b.out.damaged = true
			b.nalAt = -1
			return
		}
		b.out.chain.SetLength(b.nalAt, uint32(n))
		if b.nalHead > 0 {
			nal := b.out.chain.AppendTo(nil, b.nalAt+4, b.out.chain.End())
			b.sets.put(b.nalHead, setID(b.codec, b.nalHead, nal), nal)
		}
		b.nalAt = -1
	}
}

// bound gives up a unit that grows beyond all reason.
func (b *nalUnits) bound() {
	if b.out.chain.End()-b.out.start > maxUnit {
		b.out.chain.Truncate(b.out.start)
		b.out.damaged = true
		b.nalAt = -1
	}
}

// golomb reads an unsigned Exp-Golomb number (ISO/IEC 14496-10 9.1) from the
// bit position in b.
func golomb(b []byte, bit int) (uint32, int) {
	zeros := 0
	for bit < len(b)*8 && b[bit/8]>>(7-bit%8)&1 == 0 {
		zeros++
		bit++
	}
	if zeros > 31 || bit+zeros >= len(b)*8 {
		return 0, len(b) * 8
	}
	v := uint32(0)
	for range zeros + 1 {
		v = v<<1 | uint32(b[bit/8]>>(7-bit%8)&1)
		bit++
	}
	return v - 1, bit
}

// setID is the id of a parameter set, so that several of a kind are kept apart.
// Ids stand within the first bytes, where emulation prevention cannot be: the
// profile bytes before them are never two zeros.
func setID(c nalCodec, kind int, nal []byte) uint32 {
	h := c.header()
	switch {
	case kind == 1: // vps_video_parameter_set_id u(4)
		return uint32(nal[h] >> 4)
	case kind == 2 && h == 1: // profile, constraints, level, then ue(v)
		if len(nal) < 5 {
			return 0
		}
		id, _ := golomb(nal[4:], 0)
		return id
	case kind == 2: // behind profile_tier_level, whose length varies: one SPS is the rule
		return 0
	default:
		id, _ := golomb(nal[h:], 0)
		return id
	}
}
