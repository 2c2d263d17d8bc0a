package clip

import (
	"qianshao/storage"
	"qianshao/storage/timeline"
)

// part is one segment's share of a file. It holds what a reel needs to begin
// there, and how much the reel will yield.
type part struct {
	seg  *storage.Segment
	base timeline.Micros // a moment's position is the moment − base

	// Video, in decode order: samples [lo,hi) without the drop behind lo.
	lo, hi, drop int
	fresh        int    // = lo where decoding begins anew, else −1
	apart        bool   // it does not go on where the part before ended
	off          int64  // position = presentation tick + off, at lo
	anchor       int64  // presentation tick at which off was set
	lastDur      uint32 // of the last video sample in the file

	// What is shown, in video positions: [shown, ends); then nothing new until
	// the next part. Empty where all pictures are hidden lead-in.
	shown, ends, until int64
	walls              timeline.Span // of [shown, ends)
	decodeStart        int64         // where the first picture is decoded
	decodeEnd          int64         // where the next picture would be

	audioEnd timeline.Micros // sound that begins at or after this is left out; 0: all is
	tracks   []tally         // as plan.tracks
	texts    tally

	// Of play.mp4.
	moofs     int64
	moofBytes int64 // of the fragments, media included
}

// tally counts what a part gives to one track.
type tally struct {
	samples int64
	chunks  int64
	stts    int64 // entries of the tables
	ctts    int64
	stsc    int64
	stss    int64
	bytes   int64
	cursor  int64 // sound: position of the next sample when the part begins
	began   bool  // sound: the track has samples before this part
}

func (t *tally) add(o *tally) {
	t.samples += o.samples
	t.chunks += o.chunks
	t.stts += o.stts
	t.ctts += o.ctts
	t.stsc += o.stsc
	t.stss += o.stss
	t.bytes += o.bytes
}

// bytes is what the part's chunks take in the file.
func (p *part) bytes() int64 {
	n := p.texts.bytes
	for i := range p.tracks {
		n += p.tracks[i].bytes
	}
	return n
}
