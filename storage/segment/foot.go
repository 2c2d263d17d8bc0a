package segment

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"

	"qianshao/storage/timeline"
)

// appendFoot encodes the payload of the FOOT box without its trailer.
func appendFoot(dst []byte, f *Foot) []byte {
	dst = binary.AppendUvarint(dst, FormatVersion)
	head := appendHead(nil, &f.Head)
	dst = appendBytes(dst, head)
	dst = binary.AppendVarint(dst, int64(f.End))
	dst = append(dst, byte(f.Reason))
	dst = binary.AppendUvarint(dst, f.Report.NTP)
	dst = binary.AppendUvarint(dst, uint64(f.Report.RTP))
	dst = binary.AppendVarint(dst, int64(f.Report.Arrival))
	dst = binary.AppendVarint(dst, f.ClockOff)
	dst = binary.AppendVarint(dst, f.ClockUnc)
	dst = binary.AppendUvarint(dst, f.LostPkts)
	dst = binary.AppendUvarint(dst, f.Reordered)
	dst = binary.AppendUvarint(dst, f.Damaged)
	dst = binary.AppendUvarint(dst, uint64(len(f.Fragments)))
	end := int64(0)
	ticks := make([]int64, len(f.Tracks))
	next := make([]int, len(f.Tracks))
	for i := range f.Fragments {
		fr := &f.Fragments[i]
		dst = binary.AppendUvarint(dst, uint64(fr.Offset-end))
		dst = binary.AppendUvarint(dst, uint64(fr.MoofSize))
		for t, r := range fr.Runs {
			dst = binary.AppendUvarint(dst, uint64(r.Samples))
			if r.Samples == 0 {
				continue
			}
			dst = binary.AppendVarint(dst, r.FirstTick-ticks[t])
			tick := r.FirstTick
			for _, d := range f.Samples[t].Durs[next[t] : next[t]+int(r.Samples)] {
				tick += int64(d)
			}
			ticks[t] = tick
			next[t] += int(r.Samples)
		}
		end = fr.End()
	}
	for t := range f.Samples {
		dst = appendSamples(dst, &f.Samples[t])
	}
	return dst
}

func appendSamples(dst []byte, s *Samples) []byte {
	for _, v := range s.Sizes {
		dst = binary.AppendUvarint(dst, uint64(v))
	}
	dst = appendRuns(dst, s.Durs)
	if s.CTS == nil {
		dst = append(dst, 0)
	} else {
		dst = append(dst, 1)
		dst = appendRuns(dst, s.CTS)
	}
	dst = binary.AppendUvarint(dst, uint64(len(s.Syncs)))
	last := uint32(0)
	for _, y := range s.Syncs {
		dst = binary.AppendUvarint(dst, uint64(y.Index-last)<<2|uint64(y.Kind))
		last = y.Index
	}
	return dst
}

// appendRuns writes pairs (count, value) as ISO/IEC 14496-12 8.6.1.2 does.
func appendRuns(dst []byte, v []uint32) []byte {
	for i := 0; i < len(v); {
		j := i + 1
		for j < len(v) && v[j] == v[i] {
			j++
		}
		dst = binary.AppendUvarint(dst, uint64(j-i))
		dst = binary.AppendUvarint(dst, uint64(v[i]))
		i = j
	}
	return dst
}

func readRuns(c *cursor, dst []uint32, n int) []uint32 {
	for n > 0 && c.err == nil {
		k, v := c.uint(), c.uint32()
		if k == 0 || k > uint64(n) {
			c.fail("run length")
			return dst
		}
		for range k {
			dst = append(dst, v)
		}
		n -= int(k)
	}
	return dst
}

// decodeFoot is the inverse of appendFoot. size is the object's size; fragments
// must lie inside it. The slices of into are reused where they are large
// enough.
func decodeFoot(b []byte, size int64, into *Foot) error {
	c := &cursor{b: b}
	if v := c.uint(); v != FormatVersion {
		return fmt.Errorf("foot format %d, this program reads %d: %w", v, FormatVersion, ErrCorrupt)
	}
	head, err := decodeHead(c.bytes())
	if err != nil {
		return err
	}
	f := Foot{Head: *head, Fragments: into.Fragments[:0], Samples: into.Samples}
	f.End = timeline.Micros(c.int())
	var reason [1]byte
	c.fixed(reason[:])
	f.Reason = EndReason(reason[0])
	f.Report = SenderReport{NTP: c.uint(), RTP: c.uint32(), Arrival: timeline.Micros(c.int())}
	f.ClockOff, f.ClockUnc = c.int(), c.int()
	f.LostPkts, f.Reordered, f.Damaged = c.uint(), c.uint(), c.uint()
	counts, offsets, err := decodeFragments(c, &f)
	if err != nil {
		return err
	}
	if len(f.Samples) != len(f.Tracks) {
		f.Samples = make([]Samples, len(f.Tracks))
	}
	for t := range f.Samples {
		decodeSamples(c, &f.Samples[t], counts[t])
	}
	c.finish()
	if c.err != nil {
		return fmt.Errorf("foot: %w", c.err)
	}
	if err := finishFragments(&f, offsets, size); err != nil {
		return err
	}
	*into = f
	return nil
}

// decodeFragments reads the fragment list; first ticks are still relative to
// the end of the track's run before, offsets to the end of the fragment before.
func decodeFragments(c *cursor, f *Foot) (counts []int, gaps []int64, err error) {
	n := c.count()
	if n*(2+len(f.Tracks)) > len(c.b) { // a fragment takes at least so many bytes
		c.fail("fragment count")
		return nil, nil, fmt.Errorf("foot: %w", c.err)
	}
	total := 0
	counts = make([]int, len(f.Tracks))
	gaps = make([]int64, 0, n)
	runs := make([]Run, n*len(f.Tracks))
	for range n {
		gap := c.uint()
		if gap > math.MaxInt32 {
			c.fail("fragment offset")
		}
		gaps = append(gaps, int64(gap))
		fr := Fragment{MoofSize: c.uint32(), Runs: runs[:len(f.Tracks):len(f.Tracks)]}
		runs = runs[len(f.Tracks):]
		for t := range fr.Runs {
			r := &fr.Runs[t]
			if r.Samples = c.uint32(); r.Samples > 0 {
				r.FirstTick = c.int()
			}
			counts[t] += int(r.Samples)
			if total += int(r.Samples); total > len(c.b) {
				c.fail("sample count") // a sample takes at least one byte further on
			}
		}
		f.Fragments = append(f.Fragments, fr)
		if c.err != nil {
			return nil, nil, fmt.Errorf("foot: %w", c.err)
		}
	}
	return counts, gaps, nil
}

func decodeSamples(c *cursor, s *Samples, n int) {
	s.Sizes, s.Durs, s.Syncs = s.Sizes[:0], s.Durs[:0], s.Syncs[:0]
	for range n {
		s.Sizes = append(s.Sizes, c.uint32())
		if c.err != nil {
			return
		}
	}
	s.Durs = readRuns(c, s.Durs, n)
	var hasCTS [1]byte
	c.fixed(hasCTS[:])
	if hasCTS[0] == 1 {
		s.CTS = readRuns(c, make([]uint32, 0, n), n)
	} else {
		s.CTS = nil
	}
	last := uint64(0)
	for i := range c.count() {
		v := c.uint()
		if i > 0 && v>>2 == 0 {
			c.fail("sync sample order")
		}
		last += v >> 2
		if c.err != nil || v>>2 > math.MaxUint32 || last >= uint64(n) || v&3 == 0 {
			c.fail("sync sample")
			return
		}
		s.Syncs = append(s.Syncs, SyncSample{Index: uint32(last), Kind: Sync(v & 3)})
	}
}

// finishFragments turns the relative numbers into absolute ones, now that the
// sample tables are known, and checks that all lies inside the object.
func finishFragments(f *Foot, gaps []int64, size int64) error {
	end := int64(0)
	next := make([]int, len(f.Tracks))
	tick := make([]int64, len(f.Tracks))
	for i := range f.Fragments {
		fr := &f.Fragments[i]
		fr.Offset = end + gaps[i]
		mdat := uint64(8)
		for t := range fr.Runs {
			r := &fr.Runs[t]
			bytes := uint64(0)
			if r.Samples > 0 {
				r.FirstTick += tick[t]
				tick[t] = r.FirstTick
			}
			for k := next[t]; k < next[t]+int(r.Samples); k++ {
				bytes += uint64(f.Samples[t].Sizes[k])
				tick[t] += int64(f.Samples[t].Durs[k])
			}
			next[t] += int(r.Samples)
			mdat += bytes
			if mdat > math.MaxUint32 {
				return fmt.Errorf("foot: fragment %d: %w", i, ErrCorrupt)
			}
			r.Bytes = uint32(bytes)
		}
		fr.MdatSize = uint32(mdat)
		end = fr.End()
		if end > size || tick[0] < 0 {
			return fmt.Errorf("foot: fragment %d ends at %d of %d: %w", i, end, size, ErrCorrupt)
		}
	}
	return nil
}

// maxFoot bounds a FOOT box: twenty times what 300 s of 60 pictures and two
// tracks of 100 packets a second need.
const maxFoot = 16 << 20

// trailer is the last 16 bytes of a sealed segment:
//
//	u32 size of the FOOT box   u32 CRC-32C of the FOOT payload   u32 version   "QSFT"
const (
	trailerSize  = 16
	trailerMagic = "QSFT"
)

// AppendFoot encodes the whole FOOT box, trailer included.
func AppendFoot(dst []byte, f *Foot) []byte {
	start := len(dst)
	dst = append(dst, 0, 0, 0, 0, 'u', 'u', 'i', 'd')
	dst = append(dst, uuidFoot[:]...)
	payload := len(dst)
	dst = appendFoot(dst, f)
	sum := crc32.Checksum(dst[payload:], castagnoli)
	size := uint32(len(dst) - start + trailerSize)
	binary.BigEndian.PutUint32(dst[start:], size)
	dst = binary.BigEndian.AppendUint32(dst, size)
	dst = binary.BigEndian.AppendUint32(dst, sum)
	dst = binary.BigEndian.AppendUint32(dst, FormatVersion)
	return append(dst, trailerMagic...)
}

// DecodeFoot reads the FOOT box, which is the last bytes of an object of the
// given size. The slices of into are reused; a zero Foot is fine.
func DecodeFoot(box []byte, size int64, into *Foot) error {
	if err := CheckFoot(box, size); err != nil {
		return err
	}
	return decodeFoot(box[24:len(box)-trailerSize], size-int64(len(box)), into)
}

// CheckFoot reports whether box is a whole FOOT box with the right checksum.
func CheckFoot(box []byte, size int64) error {
	n, err := FootSize(box, size)
	if err != nil {
		return err
	}
	if n != len(box) {
		return fmt.Errorf("foot of %d bytes, given %d: %w", n, len(box), ErrCorrupt)
	}
	if string(box[4:8]) != "uuid" || string(box[8:24]) != string(uuidFoot[:]) {
		return fmt.Errorf("no foot box: %w", ErrCorrupt)
	}
	if crc32.Checksum(box[24:n-trailerSize], castagnoli) != binary.BigEndian.Uint32(box[n-12:]) {
		return fmt.Errorf("foot checksum: %w", ErrCorrupt)
	}
	return nil
}

// FootSize reads the trailer at the end of tail and returns the FOOT box's
// size in bytes. size is the whole object's.
func FootSize(tail []byte, size int64) (int, error) {
	if len(tail) < trailerSize || string(tail[len(tail)-4:]) != trailerMagic {
		return 0, fmt.Errorf("no trailer: %w", ErrCorrupt)
	}
	t := tail[len(tail)-trailerSize:]
	n := int64(binary.BigEndian.Uint32(t))
	if n < 24+trailerSize || n > size || n > maxFoot {
		return 0, fmt.Errorf("foot of %d bytes in a segment of %d: %w", n, size, ErrCorrupt)
	}
	return int(n), nil
}
