package index

import "qianshao/storage/timeline"

// clockStep is how far the measurements of a stretch may lie apart, µs, where their
// uncertainty allows no more: a picture or two. A usual clock drifts so far in an hour.
const clockStep = 100_000

// CameraClock is how a camera's clock stood to the server's in a window, by the
// segments in which it was measured.
type CameraClock struct {
	Off, Unc int64 // µs, camera minus server, by the last of them
	Spans    []ClockSpan
}

// ClockSpan is a stretch in which the clock was not set, nor drifted far: from the
// first segment that measured it to the last one.
type ClockSpan struct {
	timeline.Span       // half-open
	Off, Unc      int64 // µs: whatever was measured in it lies within Off ± Unc
}

// clockReader makes a CameraClock of segments as they follow each other.
type clockReader struct {
	CameraClock
	least, most, unc int64 // of the last stretch
}

// add takes the next segment; unc is negative where nothing was measured.
func (c *clockReader) add(s timeline.Span, off, unc int64) {
	if unc < 0 {
		return
	}
	least, most, by := min(c.least, off), max(c.most, off), max(c.unc, unc)
	if len(c.Spans) == 0 || most-least > max(clockStep, 2*by) {
		least, most, by = off, off, unc
		c.Spans = append(c.Spans, ClockSpan{Span: s})
	}
	c.Off, c.Unc, c.least, c.most, c.unc = off, unc, least, most, by
	last := &c.Spans[len(c.Spans)-1]
	last.To = max(last.To, s.To)
	last.Off = least + (most-least)/2
	last.Unc = by + (most - last.Off)
}
