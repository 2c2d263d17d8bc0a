package index

import (
	"qianshao/storage/media"
	"qianshao/storage/segment"
	"qianshao/storage/timeline"
)

// State is where a segment stands in its life (ARCHITECTURE.md, promises).
type State uint8

// A segment is spooled when sealed on this machine's disk, stored when the
// store has confirmed it, expiring when it is hidden and about to be deleted.
const (
	Spooled  State = 1
	Stored   State = 2
	Expiring State = 3
)

// Rev counts changes of the index. A clip can be answered as of a Rev: a row is
// part of that answer if Rev <= r and (UntilRev == 0 or UntilRev > r).
type Rev int64

// Row is one sealed segment.
type Row struct {
	segment.ID
	Span       timeline.Span // presentation span, half-open
	Rev        Rev           // when it was added; set by the index
	UntilRev   Rev           // when it was hidden; 0 = visible
	State      State
	Bytes      int64 // size of the object
	FootBytes  int32 // size of the FOOT box at the object's end, trailer included
	SHA256     [32]byte
	Codecs     string            // "h264+aac": of the tracks, video first
	Keyframes  []timeline.Micros // times of the video's key frames, ascending (all of them)
	Frames     int32             // video samples
	LostPkts   int64
	ClockOff   int64 // µs camera minus server, 0 with ClockUnc < 0 when not measured in it
	ClockUnc   int64 // µs uncertainty, -1 not measured
	ClockFlags uint32
}

// Key is the row's object key.
func (r *Row) Key() segment.Key {
	k := segment.Key{ID: r.ID, Span: r.Span}
	copy(k.SHA[:], r.SHA256[:16])
	return k
}

// CauseInterval is one entry of the append-only log of reasons why a stream
// had no footage. Intervals may overlap; Span.To may be moved by a later entry
// with the same ID.
type CauseInterval struct {
	ID     string // unique; the act's id
	Stream media.StreamID
	Span   timeline.Span
	Cause  timeline.Cause
	Source string // who says so: "ingest", "upkeep", "operator"
}
