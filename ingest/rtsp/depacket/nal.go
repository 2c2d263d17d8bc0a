package depacket

import (
	"bytes"
	"time"

	"qianshao/ingest/rtsp/limit"
	"qianshao/storage/media"
)

// Bounds on what a camera may send.
const (
	maxUnit = limit.Unit
	maxID   = 255 // of a parameter set: pic_parameter_set_id, the largest (ISO/IEC 14496-10 7.4.2.2)
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
	// border: what comes after it is of another picture than what came before.
	border bool
	part   bool // a slice that only complements another: it begins nothing
	drop   bool // not part of a stream in a file
	bad    bool // cannot stand in a unit
	bare   bool // a header is all there is to it: an end of sequence or of stream
}

// sets are the parameter sets in force, by kind and id.
type sets struct {
	kind    [4]map[uint32][]byte // index 1 VPS, 2 SPS, 3 PPS
	order   [4][]uint32
	bytes   int // of all
	changed bool
}

// put keeps a parameter set. Repeating one costs nothing; one beyond all bounds
// is not kept.
func (s *sets) put(kind int, id uint32, nal []byte) {
	if id > maxID || len(nal) > limit.Set || s.bytes+len(nal)-len(s.kind[kind][id]) > limit.Sets {
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
	s.bytes += len(nal) - len(old)
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

// trustMarkers is after how many pictures that ended where the marker said so a
// marker is believed at once. Before, a picture waits for the packet behind it.
const trustMarkers = 8

// nalUnits builds access units from NAL units: 4-byte lengths, parameter sets
// in band at every key frame. A picture ends where the next begins: at another
// timestamp, at a first slice, or at what may only precede one (ISO/IEC 14496-10
// 7.4.1.2.3, 23008-2 7.4.2.4.4). What precedes a picture belongs to it, whatever
// its timestamp.
type nalUnits struct {
	out   *output
	codec nalCodec
	sets  sets
	cur   *media.Track // coding announced last

	full    bool    // the unit is larger than it may be: nothing more of it is kept
	inBand  [4]bool // kinds seen in this unit
	slices  bool    // a slice was written
	nalAt   int64   // chain position of a fragmented NAL unit's length; -1: none open
	skip    bool    // the fragmented NAL unit is left out: filler
	prefix  [8]byte // first bytes of a fragmented NAL unit, for classify
	nalHead nalClass

	// tail is where messages stand that came behind the slices: they are of this
	// picture if more slices follow, of the next if not. -1: there are none.
	tail     int64
	tailSync media.Sync

	marked bool   // the marker said that the picture ends here
	good   int    // pictures that ended where it said so
	lies   bool   // it says so elsewhere
	ended  uint32 // timestamp of the picture that a marker ended
}

func newNALUnits(out *output, codec nalCodec, p Params) *nalUnits {
	b := &nalUnits{out: out, codec: codec, nalAt: -1, tail: -1}
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
	o := b.out
	if o.open && gap && !b.slices && !o.damaged {
		// What preceded a picture, which may be lost.
		o.chain.Truncate(o.start)
		o.open = false
		if timestamp != o.rtp {
			o.n.Damaged++
		}
	}
	if o.open && (gap && !b.complete() || b.nalAt >= 0 && timestamp != o.rtp) {
		o.damaged = true // its end, or a part of it, is missing
		b.lose()
	}
	if o.open && timestamp != o.rtp {
		if b.marked {
			b.good++
		}
		b.end()
	}
	if o.open {
		if !b.slices { // what precedes a picture takes its time
			o.rtp = timestamp
		} else if gap && !first() {
			o.damaged = true
		}
	} else {
		b.open(timestamp, at)
		if gap && !first() {
			o.damaged = true
		}
	}
	o.at = at
}

// open begins a unit.
func (b *nalUnits) open(timestamp uint32, at time.Duration) {
	b.out.begin(timestamp, at)
	b.fresh()
}

// fresh forgets what was seen of a unit.
func (b *nalUnits) fresh() {
	b.inBand, b.slices, b.nalAt, b.skip, b.tail, b.marked, b.full = [4]bool{}, false, -1, false, -1, false, false
}

// complete reports whether nothing of the unit can be missing, though packets
// are: its end was marked, and the marker is believed.
func (b *nalUnits) complete() bool { return b.marked && b.nalAt < 0 && !b.lies }

// marker is told that a packet carried the marker bit: the picture ends here
// (RFC 6184 5.1, RFC 7798 4.1), or so the camera says.
func (b *nalUnits) marker() {
	switch o := b.out; {
	case !o.open || b.lies:
	case b.nalAt >= 0: // in the middle of a NAL unit
		b.lied()
	case o.damaged:
		b.end()
	case !b.slices: // before the picture
		o.n.Markers++
	case b.good >= trustMarkers:
		b.ended = o.rtp
		b.end()
	default:
		b.marked = true
	}
}

// lied is told that a marker did not end a picture.
func (b *nalUnits) lied() {
	b.lies, b.marked = true, false
	b.out.n.Markers++
}

// end finishes the unit. What came behind its slices and may precede the next
// picture stays, as does a unit without a picture.
func (b *nalUnits) end() {
	o := b.out
	b.lose()
	if !o.open || !b.slices && !o.damaged {
		return
	}
	tail, sync := b.tail, b.tailSync
	if tail < 0 {
		b.refresh()
		o.end(0)
		b.fresh()
		return
	}
	if o.damaged {
		kept := o.chain.AppendTo(nil, tail, o.chain.End())
		o.drop()
		b.open(o.rtp, o.at)
		o.chain.Append(kept)
	} else {
		b.refresh()
		o.cut(tail)
		b.fresh()
	}
	o.sync = sync
}

// flush gives out a last picture; what precedes another is of no use.
func (b *nalUnits) flush() {
	b.end()
	if b.out.open {
		b.out.chain.Truncate(b.out.start)
		b.out.open = false
	}
	b.fresh()
}

// begins looks at a NAL unit before its first byte is written: it may begin
// another picture.
func (b *nalUnits) begins(c nalClass) {
	o := b.out
	switch {
	case c.slice && b.slices && c.first, !c.slice && b.slices && c.border:
		if b.marked {
			b.good++
		}
		if !c.slice {
			b.tail = -1 // nothing of what came before it is of the next
		}
		b.end()
		if !o.open {
			b.open(o.rtp, o.at)
		}
	case c.slice && b.slices:
		if b.marked {
			b.lied()
		}
		b.tail = -1
	case c.slice && !c.first && !c.part:
		// Its beginning is missing, or a marker cut it off.
		if b.good >= trustMarkers && o.rtp == b.ended {
			b.lied()
		}
		o.damaged = true
	case !c.slice && c.first && b.slices && b.tail < 0:
		b.tail, b.tailSync = o.chain.End(), media.NoSync
	}
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
	if startCode(nal) > 0 {
		b.byteStream(nal)
		return
	}
	c := b.codec.classify(nal)
	if !c.slice && bytes.Contains(nal, []byte{0, 0, 1}) {
		b.byteStream(nal)
		return
	}
	if c.bad || len(nal) == b.codec.header() && !c.bare {
		b.out.damaged = true
		return
	}
	if c.drop {
		return
	}
	if b.begins(c); b.full {
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

// startCode is the length of the start code (ISO/IEC 14496-10 B.1) that b begins
// with, 0 when there is none. No NAL unit begins so.
func startCode(b []byte) int {
	switch {
	case len(b) > 3 && b[0] == 0 && b[1] == 0 && b[2] == 1:
		return 3
	case len(b) > 4 && b[0] == 0 && b[1] == 0 && b[2] == 0 && b[3] == 1:
		return 4
	}
	return 0
}

// byteStream writes the NAL units of a piece of a byte stream, which some
// cameras put into packets as their encoder wrote it.
func (b *nalUnits) byteStream(p []byte) {
	b.out.n.StartCodes++
	code := []byte{0, 0, 1}
	for len(p) > 0 {
		end := bytes.Index(p, code)
		rest := []byte(nil)
		if end < 0 {
			end = len(p)
		} else {
			rest = p[end+len(code):]
		}
		if nal := bytes.TrimRight(p[:end], "\x00"); len(nal) > b.codec.header() {
			b.nal(nal)
		}
		p = rest
	}
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
		if c.sync != media.NoSync { // a recovery point message precedes its picture
			if b.tail >= 0 {
				b.tailSync = c.sync
			} else if b.out.sync == media.NoSync {
				b.out.sync = c.sync
			}
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
		b.lose() // the one before lost its end
		n := copy(b.prefix[:], head)
		n += copy(b.prefix[n:], part)
		c := b.codec.classify(b.prefix[:n])
		b.skip = c.drop
		if c.drop {
			return
		}
		if b.begins(c); b.full {
			return
		}
		b.out.damaged = b.out.damaged || c.bad
		b.before(c)
		b.nalAt = b.out.chain.End()
		b.nalHead = c
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
		b.finish()
	}
}

// lose gives up a fragmented NAL unit whose end is missing: nothing of it stays.
func (b *nalUnits) lose() {
	if b.nalAt < 0 {
		return
	}
	b.out.chain.Truncate(b.nalAt)
	if b.tail >= b.nalAt {
		b.tail = -1
	}
	b.out.damaged, b.nalAt = true, -1
}

// finish ends a fragmented NAL unit.
func (b *nalUnits) finish() {
	at, c := b.nalAt, b.nalHead
	b.nalAt = -1
	n := b.out.chain.End() - at - 4
	if n <= int64(b.codec.header()) && !c.bare {
		b.out.damaged = true
		return
	}
	b.out.chain.SetLength(at, uint32(n))
	if c.slice {
		return
	}
	nal := b.out.chain.AppendTo(nil, at+4, b.out.chain.End())
	if bytes.Contains(nal, []byte{0, 0, 1}) {
		b.out.chain.Truncate(at)
		if c.set > 0 {
			b.inBand[c.set] = false
		}
		b.byteStream(nal)
		return
	}
	if c.set > 0 {
		b.sets.put(c.set, setID(b.codec, c.set, nal), nal)
	}
}

// bound gives up a unit that grows beyond all reason.
func (b *nalUnits) bound() {
	if b.out.chain.End()-b.out.start > maxUnit || b.out.crowded() {
		b.out.chain.Truncate(b.out.start)
		b.out.damaged, b.full = true, true
		b.nalAt, b.tail = -1, -1
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
