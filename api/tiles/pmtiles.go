package tiles

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sort"
	"sync"
)

// pmtiles is a file of PMTiles version 3: a header, a root directory, JSON metadata,
// leaf directories, tiles. Numbers in directories are varints; tiles stand along a
// Hilbert curve.
type pmtiles struct {
	file io.ReaderAt
	done func() error
	head pmHeader
	what Info
	root []pmEntry

	mu     sync.Mutex
	leaves map[uint64][]pmEntry // by offset; guarded by mu
}

const (
	pmHeaderBytes = 127
	// pmMostDirectory bounds a directory, packed and unpacked: the specification's
	// root fits in 16 KiB, leaves are of that order.
	pmMostDirectory = 16 << 20
	pmMostEntries   = 1 << 20
	pmMostDepth     = 4
	pmMostLeaves    = 256 // kept
)

// pmHeader is the part of the header that is used.
type pmHeader struct {
	rootAt, rootBytes  uint64
	metaAt, metaBytes  uint64
	leavesAt           uint64
	tilesAt            uint64
	packing            uint8 // of directories: 1 none, 2 gzip
	format             uint8 // 1 mvt, 2 png, 3 jpeg, 4 webp
	minZoom, maxZoom   uint8
	west, south, e, nn int32 // 1e-7 degrees
}

// pmEntry is a run of tiles with one content, or, of run 0, a leaf directory.
type pmEntry struct {
	id     uint64
	offset uint64
	length uint32
	run    uint32
}

func openPMTiles(name, title, path string) (source, error) {
	f, err := os.Open(path) //nolint:gosec // the operator names it
	if err != nil {
		return nil, err
	}
	p := &pmtiles{file: f, done: f.Close}
	if err := p.read(); err != nil {
		return nil, fmt.Errorf("not PMTiles 3: %w", errors.Join(err, f.Close()))
	}
	p.what.Name, p.what.Title = name, title
	return p, nil
}

// read takes in header, root directory and metadata.
func (p *pmtiles) read() error {
	b := make([]byte, pmHeaderBytes)
	if _, err := p.file.ReadAt(b, 0); err != nil {
		return fmt.Errorf("header: %w", err)
	}
	var err error
	if p.head, err = parsePMHeader(b); err != nil {
		return err
	}
	h := &p.head
	if p.root, err = p.directory(h.rootAt, h.rootBytes); err != nil {
		return fmt.Errorf("root directory: %w", err)
	}
	const scale = 1e7
	p.what = Info{
		Format: map[uint8]string{1: "mvt", 2: "png", 3: "jpeg", 4: "webp"}[h.format], MinZoom: int(h.minZoom), MaxZoom: min(int(h.maxZoom), maxZoom),
		Bounds: [4]float64{float64(h.west) / scale, float64(h.south) / scale, float64(h.e) / scale, float64(h.nn) / scale},
	}
	p.leaves = map[uint64][]pmEntry{}
	if meta, err := p.unpack(h.metaAt, h.metaBytes); err == nil {
		var m struct{ Attribution string }
		if json.Unmarshal(meta, &m) == nil {
			p.what.Attribution = plainText(m.Attribution)
		}
	}
	return nil
}

func parsePMHeader(b []byte) (h pmHeader, err error) {
	if len(b) < pmHeaderBytes || string(b[:7]) != "PMTiles" {
		return h, errors.New("it begins otherwise")
	}
	if b[7] != 3 {
		return h, fmt.Errorf("version %d", b[7])
	}
	u := func(at int) uint64 { return binary.LittleEndian.Uint64(b[at:]) }
	i := func(at int) int32 { return int32(binary.LittleEndian.Uint32(b[at:])) }
	h = pmHeader{
		rootAt: u(8), rootBytes: u(16), metaAt: u(24), metaBytes: u(32), leavesAt: u(40), tilesAt: u(56),
		packing: b[97], format: b[99], minZoom: b[100], maxZoom: b[101], west: i(102), south: i(106), e: i(110), nn: i(114),
	}
	switch {
	case h.packing != 1 && h.packing != 2:
		return h, fmt.Errorf("directories are packed in way %d: only none and gzip are read", h.packing)
	case h.format < 1 || h.format > 4:
		return h, fmt.Errorf("tiles of type %d: only vector tiles, PNG, JPEG and WebP are read", h.format)
	case b[98] != 1 && b[98] != 2 && b[98] != 0:
		return h, fmt.Errorf("tiles are packed in way %d: only none and gzip are read", b[98])
	}
	return h, nil
}

// part reads a part of the file, as long as there is any: what a damaged file claims
// costs no memory.
func (p *pmtiles) part(at, n uint64) ([]byte, error) {
	if at > 1<<62 {
		return nil, io.ErrUnexpectedEOF
	}
	b, err := io.ReadAll(io.NewSectionReader(p.file, int64(at), int64(n)))
	if err == nil && uint64(len(b)) < n {
		err = io.ErrUnexpectedEOF
	}
	return b, err
}

// unpack reads a part of the file that may be gzipped.
func (p *pmtiles) unpack(at, n uint64) ([]byte, error) {
	if n > pmMostDirectory {
		return nil, fmt.Errorf("%d bytes at %d are too many", n, at)
	}
	b, err := p.part(at, n)
	if err != nil {
		return nil, err
	}
	if p.head.packing == 1 {
		return b, nil
	}
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	out, err := io.ReadAll(io.LimitReader(z, pmMostDirectory+1))
	if err == nil && len(out) > pmMostDirectory {
		err = errors.New("it is too large")
	}
	return out, errors.Join(err, z.Close())
}

func (p *pmtiles) directory(at, n uint64) ([]pmEntry, error) {
	b, err := p.unpack(at, n)
	if err != nil {
		return nil, err
	}
	return parsePMDirectory(b)
}

// parsePMDirectory reads a directory: how many entries, then their ids as differences,
// their runs, lengths, and offsets, where 0 means behind the one before.
func parsePMDirectory(b []byte) ([]pmEntry, error) {
	var fail error
	next := func() uint64 {
		v, n := binary.Uvarint(b)
		if n <= 0 {
			fail = errors.New("it ends too early")
			b = nil
			return 0
		}
		b = b[n:]
		return v
	}
	n := next()
	if n > pmMostEntries || n > uint64(len(b)) {
		return nil, fmt.Errorf("%d entries are too many", n)
	}
	list := make([]pmEntry, n)
	id := uint64(0)
	for i := range list {
		id += next()
		list[i].id = id
	}
	for i := range list {
		list[i].run = uint32(min(next(), 1<<32-1))
	}
	for i := range list {
		list[i].length = uint32(min(next(), 1<<32-1))
	}
	for i := range list {
		v := next()
		switch {
		case v > 0:
			list[i].offset = v - 1
		case i > 0:
			list[i].offset = list[i-1].offset + uint64(list[i-1].length)
		default:
			return nil, errors.New("the first entry has no offset")
		}
	}
	if fail == nil && !sort.SliceIsSorted(list, func(i, k int) bool { return list[i].id < list[k].id }) {
		fail = errors.New("its entries are not in order")
	}
	return list, fail
}

// find is the entry that an id lies in, or the leaf directory that may have it.
func findPMEntry(list []pmEntry, id uint64) (pmEntry, bool) {
	i := sort.Search(len(list), func(i int) bool { return list[i].id > id }) - 1
	if i < 0 {
		return pmEntry{}, false
	}
	e := list[i]
	return e, e.run == 0 || id-e.id < uint64(e.run)
}

func (p *pmtiles) info() Info { return p.what }

func (p *pmtiles) tile(_ context.Context, z, x, y int) (Tile, error) {
	id := pmTileID(z, x, y)
	list := p.root
	for range pmMostDepth {
		e, ok := findPMEntry(list, id)
		if !ok {
			return Tile{}, ErrNone
		}
		if e.run > 0 {
			if e.length > maxTile {
				return Tile{}, fmt.Errorf("a tile of %d bytes", e.length)
			}
			b, err := p.part(p.head.tilesAt+e.offset, uint64(e.length))
			if err != nil {
				return Tile{}, err
			}
			return answer(p.what.Format, b)
		}
		var err error
		if list, err = p.leaf(e); err != nil {
			return Tile{}, fmt.Errorf("leaf directory: %w", err)
		}
	}
	return Tile{}, errors.New("directories lie too deep")
}

// leaf reads a leaf directory, and keeps it.
func (p *pmtiles) leaf(e pmEntry) ([]pmEntry, error) {
	p.mu.Lock()
	list, ok := p.leaves[e.offset]
	p.mu.Unlock()
	if ok {
		return list, nil
	}
	list, err := p.directory(p.head.leavesAt+e.offset, uint64(e.length))
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.leaves) >= pmMostLeaves {
		clear(p.leaves)
	}
	p.leaves[e.offset] = list
	return list, nil
}

func (p *pmtiles) Close() error { return p.done() }

// pmTileID is where a tile stands: all of the lower zooms come before, and within one
// tiles follow the Hilbert curve.
func pmTileID(z, x, y int) uint64 {
	id := (uint64(1)<<(2*z) - 1) / 3
	a, b := uint64(x), uint64(y)
	for s := uint64(1) << z >> 1; s > 0; s >>= 1 {
		var rx, ry uint64
		if a&s != 0 {
			rx = 1
		}
		if b&s != 0 {
			ry = 1
		}
		id += s * s * ((3 * rx) ^ ry)
		if ry == 0 { // turn the quadrant
			if rx == 1 {
				a, b = s-1-a&(s-1), s-1-b&(s-1)
			}
			a, b = b, a
		}
	}
	return id
}
