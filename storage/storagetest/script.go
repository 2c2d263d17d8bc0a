package storagetest

import (
	"qianshao/storage/media"
	"qianshao/storage/timeline"
)

// Script is what a camera sends, and how it is cut.
type Script struct {
	Stream   media.StreamID  // default: a new camera's main stream
	Start    timeline.Micros // wall time of the first picture; default 2026-11-23T09:00:00Z
	Runs     []Run
	Segment  float64 // seconds, default 4: a segment closes at the first key frame after them
	Fragment float64 // seconds, default 1
	Forced   bool    // close segments at their length whether a key frame comes or not
	PPB      []int32 // slew of each segment in turn, repeated; default none
	Open     bool    // leave the last segment open
	Stored   bool    // move every other segment to the store
	// Clock is what is measured of the camera's clock in the segment that ends at a
	// moment: camera minus server and uncertainty, µs. Default: nothing.
	Clock func(end timeline.Micros) (off, unc int64)
}

// Run is an unbroken stretch. Its segments abut.
type Run struct {
	After  float64 // seconds of silence before it; negative: the clock was stepped back
	Pieces []Piece
}

// Piece is a stretch of one coding; a new piece begins a new segment.
type Piece struct {
	Video   *Video
	Sounds  []*Sound
	Seconds float64
	Lag     float64 // seconds by which the sound's first sample follows the first picture
}

// Frame is one recorded picture, in presentation order.
type Frame struct {
	Wall   timeline.Micros
	Number int // in its Video
	Video  *Video
	Run    int
	Key    bool
}

// Recorded is the truth about what a script left in the archive.
type Recorded struct {
	Stream media.StreamID
	Frames []Frame         // in presentation order
	End    timeline.Micros // of the last frame
}

// In returns the frames whose time lies in the span.
func (r *Recorded) In(span timeline.Span) []Frame {
	var out []Frame
	for _, f := range r.Frames {
		if span.Contains(f.Wall) {
			out = append(out, f)
		}
	}
	return out
}
