package segment

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
	"slices"

	"qianshao/storage/media"
	"qianshao/storage/timeline"
)

// FormatVersion is the version of the segment layout written by this program.
const FormatVersion = 1

// Suite numbers name the algorithms a segment was written with.
const (
	SuiteCRC32C = 1 // COMMIT checksums
	SuiteSHA256 = 1 // hash of the sealed bytes, and of the chain
)

// ClockFlags say how far the server's clock could be trusted at the start.
type ClockFlags uint32

// Flags of the server's clock.
const (
	ClockUnsynced ClockFlags = 1 << 0 // the kernel does not call the clock synchronised
	ClockStepped  ClockFlags = 1 << 1 // the segment begins because the clock was stepped
)

// MaxTracks bounds the tracks of one segment.
const MaxTracks = 8

// Head stands in front of the first fragment. With it an unsealed segment can
// be read, placed in time and sealed.
type Head struct {
	ID
	Store   [16]byte        // the archive's own id, so that mixed buckets can be told apart
	Start   timeline.Micros // presentation time of the first video sample
	Clock   ClockFlags
	NewRun  bool // the first segment of a run: it does not continue the one before
	Created timeline.Micros
	Prev    [32]byte      // SHA-256 of the segment before in (stream, epoch); zero at a break
	Break   string        // why Prev is zero
	Tracks  []media.Track // Tracks[0] is the video
	Maps    []TimeMap     // one a track
}

// appendHead encodes the payload of the HEAD box, checksum included.
func appendHead(dst []byte, h *Head) []byte {
	start := len(dst)
	dst = binary.AppendUvarint(dst, FormatVersion)
	dst = binary.AppendUvarint(dst, SuiteCRC32C)
	dst = binary.AppendUvarint(dst, SuiteSHA256)
	dst = append(dst, h.Store[:]...)
	dst = appendBytes(dst, []byte(h.Stream))
	dst = binary.AppendUvarint(dst, h.Epoch)
	dst = binary.AppendUvarint(dst, h.Boot)
	dst = binary.AppendUvarint(dst, uint64(h.Seq))
	dst = binary.AppendVarint(dst, int64(h.Start))
	dst = binary.AppendUvarint(dst, uint64(h.Clock))
	newRun := uint64(0)
	if h.NewRun {
		newRun = 1
	}
	dst = binary.AppendUvarint(dst, newRun)
	dst = binary.AppendVarint(dst, int64(h.Created))
	dst = append(dst, h.Prev[:]...)
	dst = appendBytes(dst, []byte(h.Break))
	dst = binary.AppendUvarint(dst, uint64(len(h.Tracks)))
	for i := range h.Tracks {
		dst = appendTrack(dst, &h.Tracks[i])
		m := h.Maps[i]
		dst = binary.AppendVarint(dst, m.Tick0)
		dst = binary.AppendVarint(dst, int64(m.US0))
		dst = binary.AppendVarint(dst, int64(m.PPB))
	}
	return binary.BigEndian.AppendUint32(dst, crc32.Checksum(dst[start:], castagnoli))
}

// decodeHead is the inverse of appendHead. The Head shares no memory with b.
func decodeHead(b []byte) (*Head, error) {
	if len(b) < 4 || crc32.Checksum(b[:len(b)-4], castagnoli) != binary.BigEndian.Uint32(b[len(b)-4:]) {
		return nil, fmt.Errorf("head checksum: %w", ErrCorrupt)
	}
	c := &cursor{b: append([]byte(nil), b[:len(b)-4]...)}
	if v := c.uint(); v != FormatVersion {
		return nil, fmt.Errorf("segment format %d, this program reads %d: %w", v, FormatVersion, ErrCorrupt)
	}
	if c.uint() != SuiteCRC32C || c.uint() != SuiteSHA256 {
		return nil, fmt.Errorf("unknown suite: %w", ErrCorrupt)
	}
	h := &Head{}
	c.fixed(h.Store[:])
	stream, err := media.ParseStreamID(string(c.bytes()))
	if err != nil {
		return nil, fmt.Errorf("head: %w: %w", err, ErrCorrupt)
	}
	h.Stream = stream
	h.Epoch = c.uint()
	h.Boot = c.uint()
	h.Seq = c.uint32()
	h.Start = timeline.Micros(c.int())
	h.Clock = ClockFlags(c.uint32())
	h.NewRun = c.bool()
	h.Created = timeline.Micros(c.int())
	c.fixed(h.Prev[:])
	h.Break = string(c.bytes())
	n := c.count()
	if n < 1 || n > MaxTracks {
		return nil, fmt.Errorf("%d tracks: %w", n, ErrCorrupt)
	}
	for range n {
		h.Tracks = append(h.Tracks, decodeTrack(c))
		h.Maps = append(h.Maps, TimeMap{Tick0: c.int(), US0: timeline.Micros(c.int()), PPB: c.int32()})
	}
	c.finish()
	if c.err != nil {
		return nil, fmt.Errorf("head: %w", c.err)
	}
	if h.Epoch > math.MaxInt64 || h.Boot > math.MaxInt64 || h.Start < 0 || h.Start > timeline.Forever {
		return nil, fmt.Errorf("head: identity or start: %w", ErrCorrupt)
	}
	if err := checkTracks(h.Tracks); err != nil {
		return nil, err
	}
	return h, nil
}

// checkTracks wants one video, first, then audio, of codecs that are known and
// under ids of their own.
func checkTracks(tracks []media.Track) error {
	for i := range tracks {
		t := &tracks[i]
		twice := slices.ContainsFunc(tracks[:i], func(o media.Track) bool { return o.ID == t.ID })
		if t.Timescale == 0 || twice || (i == 0) != t.Codec.IsVideo() || !t.Codec.Known() {
			return fmt.Errorf("head: track %d, %s: %w", i, t.Codec, ErrCorrupt)
		}
	}
	return nil
}

func appendTrack(dst []byte, t *media.Track) []byte {
	for _, v := range []uint64{
		uint64(t.ID), uint64(t.Codec), uint64(t.Timescale), uint64(t.Width), uint64(t.Height),
		uint64(t.ReorderDelay), uint64(t.SampleRate), uint64(t.Channels),
	} {
		dst = binary.AppendUvarint(dst, v)
	}
	for _, sets := range [][][]byte{t.VPS, t.SPS, t.PPS} {
		dst = binary.AppendUvarint(dst, uint64(len(sets)))
		for _, s := range sets {
			dst = appendBytes(dst, s)
		}
	}
	return appendBytes(dst, t.Config)
}

// codec reads a codec's number; 0 is none.
func codec(c *cursor) media.Codec {
	v := c.uint()
	if v > math.MaxUint8 {
		c.fail("codec")
		return 0
	}
	return media.Codec(v)
}

func decodeTrack(c *cursor) media.Track {
	t := media.Track{
		ID: c.uint32(), Codec: codec(c), Timescale: c.uint32(),
		Width: int(c.uint32()), Height: int(c.uint32()), ReorderDelay: c.uint32(),
		SampleRate: int(c.uint32()), Channels: int(c.uint32()),
	}
	for _, sets := range []*[][]byte{&t.VPS, &t.SPS, &t.PPS} {
		for range c.count() {
			*sets = append(*sets, c.bytes())
		}
	}
	if cfg := c.bytes(); len(cfg) > 0 {
		t.Config = cfg
	}
	return t
}
