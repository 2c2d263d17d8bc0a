package segment

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"qianshao/storage/fmp4"
	"qianshao/storage/timeline"
)

// maxMeta bounds the boxes that are read into memory whole: moov, HEAD, moof.
const maxMeta = 8 << 20

// box is a box header met on the way through a file.
type box struct {
	off  int64
	size int64
	kind string
	uuid [16]byte // of uuid boxes
}

// nextBox reads the box header at off. A header that does not fit the file is
// ErrCorrupt; a failing read is the reader's own error.
func nextBox(r io.ReaderAt, off, size int64) (box, error) {
	var h [24]byte
	n := int(min(int64(len(h)), size-off))
	if n < 8 {
		return box{}, fmt.Errorf("box header at %d of %d: %w", off, size, ErrCorrupt)
	}
	if _, err := readFull(r, h[:n], off); err != nil {
		return box{}, err
	}
	b := box{off: off, size: int64(binary.BigEndian.Uint32(h[:])), kind: string(h[4:8])}
	if b.size < 8 || b.size > size-off {
		return box{}, fmt.Errorf("box %q of %d bytes at %d of %d: %w", b.kind, b.size, off, size, ErrCorrupt)
	}
	if b.kind == "uuid" {
		if b.size < 24 || n < 24 {
			return box{}, fmt.Errorf("uuid box at %d: %w", off, ErrCorrupt)
		}
		copy(b.uuid[:], h[8:])
	}
	return b, nil
}

func readFull(r io.ReaderAt, b []byte, off int64) (int, error) {
	n, err := r.ReadAt(b, off)
	if n == len(b) {
		return n, nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return n, fmt.Errorf("read %d bytes at %d: %w", len(b), off, err)
}

func readBox(r io.ReaderAt, b box) ([]byte, error) {
	if b.size > maxMeta {
		return nil, fmt.Errorf("box %q of %d bytes: %w", b.kind, b.size, ErrCorrupt)
	}
	buf := make([]byte, b.size)
	_, err := readFull(r, buf, b.off)
	return buf, err
}

// ReadHead reads the head of a segment file, sealed or not, and returns the
// offset of the first fragment.
func ReadHead(r io.ReaderAt, size int64) (*Head, int64, error) {
	off := int64(0)
	for _, kind := range []string{"ftyp", "moov"} {
		b, err := nextBox(r, off, size)
		if err != nil {
			return nil, 0, err
		}
		if b.kind != kind {
			return nil, 0, fmt.Errorf("box %q where %q belongs: %w", b.kind, kind, ErrCorrupt)
		}
		off += b.size
	}
	b, err := nextBox(r, off, size)
	if err != nil {
		return nil, 0, err
	}
	if b.uuid != uuidHead {
		return nil, 0, fmt.Errorf("no HEAD at %d: %w", off, ErrCorrupt)
	}
	raw, err := readBox(r, b)
	if err != nil {
		return nil, 0, err
	}
	h, err := decodeHead(raw[24:])
	if err != nil {
		return nil, 0, err
	}
	return h, off + b.size, nil
}

// ReadFoot reads the foot of a sealed segment of the given size into f. It
// takes two reads, or one when footSize (0 = unknown) is given.
func ReadFoot(r io.ReaderAt, size int64, footSize int, f *Foot) error {
	if footSize == 0 {
		var t [trailerSize]byte
		if size < trailerSize {
			return fmt.Errorf("segment of %d bytes: %w", size, ErrCorrupt)
		}
		if _, err := readFull(r, t[:], size-trailerSize); err != nil {
			return err
		}
		var err error
		if footSize, err = FootSize(t[:], size); err != nil {
			return err
		}
	}
	if footSize < 24+trailerSize || footSize > maxFoot || int64(footSize) > size {
		return fmt.Errorf("foot of %d bytes in a segment of %d: %w", footSize, size, ErrCorrupt)
	}
	buf := make([]byte, footSize)
	if _, err := readFull(r, buf, size-int64(footSize)); err != nil {
		return err
	}
	return DecodeFoot(buf, size, f)
}

// Scan reads an unsealed segment up to its last good COMMIT and returns the
// table of what stands before it, and the offset where the good bytes end.
// Everything from there on is the tail that a crash tore. Scan fails only when
// the head cannot be read (ErrCorrupt) or a read itself fails.
//
// The foot's End is the end of the last sample; its Reason is EndRecovered.
func Scan(r io.ReaderAt, size int64) (*Foot, int64, error) {
	head, off, err := ReadHead(r, size)
	if err != nil {
		return nil, 0, err
	}
	f := &Foot{Head: *head, Reason: EndRecovered, ClockUnc: -1, Samples: make([]Samples, len(head.Tracks))}
	for seq := uint32(0); ; seq++ {
		end, err := scanFragment(r, off, size, seq, f)
		if errors.Is(err, ErrCorrupt) || errors.Is(err, fmp4.ErrMoof) {
			break
		}
		if err != nil {
			return nil, 0, err
		}
		off = end
	}
	f.End = f.mediaEnd()
	return f, off, nil
}

// scanFragment verifies one moof+mdat+COMMIT at off and adds it to f.
func scanFragment(r io.ReaderAt, off, size int64, seq uint32, f *Foot) (end int64, err error) {
	moof, err := nextBox(r, off, size)
	if err != nil {
		return 0, err
	}
	if moof.kind != "moof" {
		return 0, fmt.Errorf("box %q at %d: %w", moof.kind, off, ErrCorrupt)
	}
	mdat, err := nextBox(r, off+moof.size, size)
	if err != nil {
		return 0, err
	}
	if mdat.kind != "mdat" {
		return 0, fmt.Errorf("box %q at %d: %w", mdat.kind, mdat.off, ErrCorrupt)
	}
	commit := make([]byte, CommitSize)
	if mdat.off+mdat.size+CommitSize > size {
		return 0, fmt.Errorf("no commit behind %d: %w", mdat.off, ErrCorrupt)
	}
	if _, err := readFull(r, commit, mdat.off+mdat.size); err != nil {
		return 0, err
	}
	raw, err := readBox(r, moof)
	if err != nil {
		return 0, err
	}
	crc := crcUpdate(0, raw)
	buf := make([]byte, min(mdat.size, 256<<10))
	for at := mdat.off; at < mdat.off+mdat.size; {
		n, err := readFull(r, buf[:min(int64(len(buf)), mdat.off+mdat.size-at)], at)
		if err != nil {
			return 0, err
		}
		crc = crcUpdate(crc, buf[:n])
		at += int64(n)
	}
	if err := checkCommit(commit, seq, uint32(moof.size+mdat.size), crc); err != nil {
		return 0, err
	}
	_, runs, err := fmp4.ParseMoof(raw)
	if err != nil {
		return 0, err
	}
	if err := f.addParsed(off, uint32(moof.size), uint32(mdat.size), runs); err != nil {
		return 0, err
	}
	return mdat.off + mdat.size + CommitSize, nil
}

// addParsed appends a fragment read back from its moof.
func (f *Foot) addParsed(off int64, moofSize, mdatSize uint32, runs []fmp4.ParsedRun) error {
	fr := Fragment{Offset: off, MoofSize: moofSize, MdatSize: mdatSize, Runs: make([]Run, len(f.Tracks))}
	total := uint64(8)
	for _, p := range runs {
		t := -1
		for i := range f.Tracks {
			if f.Tracks[i].ID == p.TrackID {
				t = i
			}
		}
		if t < 0 || fr.Runs[t].Samples > 0 {
			return fmt.Errorf("track %d in moof at %d: %w", p.TrackID, off, ErrCorrupt)
		}
		run := Run{FirstTick: p.FirstTick, Samples: uint32(len(p.Sizes))}
		for _, n := range p.Sizes {
			total += uint64(n)
			run.Bytes += n
		}
		fr.Runs[t] = run
	}
	if total != uint64(mdatSize) {
		return fmt.Errorf("moof at %d speaks of %d bytes, mdat has %d: %w", off, total, mdatSize, ErrCorrupt)
	}
	for _, p := range runs {
		for t := range f.Tracks {
			if f.Tracks[t].ID == p.TrackID {
				f.Samples[t].add(p.Sizes, p.Durs, p.CTS, p.Kinds)
			}
		}
	}
	f.Fragments = append(f.Fragments, fr)
	return nil
}

// add appends rows to the table. cts may be nil, which means zeros; kinds nil
// means no sync list.
func (s *Samples) add(sizes, durs, cts []uint32, kinds []uint8) {
	for i, k := range kinds {
		if k != 0 {
			s.Syncs = append(s.Syncs, SyncSample{Index: uint32(len(s.Sizes) + i), Kind: Sync(k)})
		}
	}
	if cts != nil && s.CTS == nil {
		s.CTS = make([]uint32, len(s.Sizes))
	}
	s.Sizes = append(s.Sizes, sizes...)
	s.Durs = append(s.Durs, durs...)
	s.CTS = append(s.CTS, cts...)
	if s.CTS != nil && len(s.CTS) < len(s.Sizes) {
		s.CTS = append(s.CTS, make([]uint32, len(s.Sizes)-len(s.CTS))...)
	}
}

// Add appends a fragment that has been written at off. The runs' slices are
// copied. It must be called for every fragment, in order.
func (f *Foot) Add(off int64, moofSize uint32, runs []fmp4.Run) {
	fr := Fragment{Offset: off, MoofSize: moofSize, MdatSize: 8, Runs: make([]Run, len(f.Tracks))}
	for t := range runs {
		r := Run{FirstTick: runs[t].FirstTick, Samples: uint32(len(runs[t].Sizes))}
		for _, n := range runs[t].Sizes {
			r.Bytes += n
		}
		fr.Runs[t] = r
		fr.MdatSize += r.Bytes
		f.Samples[t].add(runs[t].Sizes, runs[t].Durs, runs[t].CTS, runs[t].Kinds)
	}
	f.Fragments = append(f.Fragments, fr)
}

// MediaEnd is the wall time at which the last video sample ends.
func (f *Foot) MediaEnd() timeline.Micros { return f.mediaEnd() }
