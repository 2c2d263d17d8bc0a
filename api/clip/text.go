package clip

import (
	"encoding/binary"

	"qianshao/storage/fmp4"
	"qianshao/storage/timeline"
)

// The wall-clock track: a line of text for every second of footage, and one for
// a gap (3GPP TS 26.245). A sample is a 16-bit length and the text.

const (
	stampForm = "2006-01-02 15:04:05Z"
	stampSize = len(stampForm)
	gapText   = "no footage until "
)

// captions calls yield for every sample that belongs to part p.
func (p *part) captions(pl *plan, yield func(dur uint32, gap bool, at timeline.Micros)) {
	if p.ends <= p.shown {
		return
	}
	ts := pl.tracks[0].Timescale
	at, pos := p.walls.From, p.shown
	for {
		next := (at/timeline.Second + 1) * timeline.Second
		if next >= p.walls.To {
			break
		}
		// Clamped, since pictures may stand up to a millisecond beside the wall.
		if to := min(ticks(next-p.base, ts), p.ends); to > pos {
			yield(uint32(to-pos), false, at)
			pos = to
		}
		at = next
	}
	if p.ends > pos {
		yield(uint32(p.ends-pos), false, at)
		pos = p.ends
	}
	if p.until > pos {
		yield(uint32(p.until-pos), true, p.walls.To+micros(p.until-pos, ts))
	}
}

func (p *part) countTexts(pl *plan) {
	p.captions(pl, func(_ uint32, gap bool, _ timeline.Micros) {
		p.texts.samples++
		p.texts.bytes += 2 + int64(stampSize)
		if gap {
			p.texts.bytes += int64(len(gapText))
		}
	})
	if p.texts.samples > 0 {
		p.texts.chunks = 1
		p.texts.stsc = 1
	}
	p.texts.stts = p.texts.samples
}

// appendCaption writes one sample.
func appendCaption(dst []byte, gap bool, at timeline.Micros) []byte {
	n := stampSize
	if gap {
		n += len(gapText)
	}
	dst = binary.BigEndian.AppendUint16(dst, uint16(n))
	if gap {
		dst = append(dst, gapText...)
	}
	return at.Time().AppendFormat(dst, stampForm)
}

// textEntry writes the tx3g sample entry: white on a translucent ground at the
// bottom.
func textEntry(w *fmp4.Builder) {
	w.Open("tx3g")
	w.Zero(6)
	w.U16(1)
	w.U32(0)                 // displayFlags
	w.Bytes([]byte{1, 0xff}) // centred, bottom
	w.Bytes([]byte{0, 0, 0, 0x80})
	w.Zero(8) // text box: the whole track
	w.Zero(4) // style: all characters
	w.U16(1)  // font
	w.Bytes([]byte{0, 18})
	w.Bytes([]byte{0xff, 0xff, 0xff, 0xff})
	w.Open("ftab")
	w.U16(1)
	w.U16(1)
	w.U8(5)
	w.Str("Serif")
	w.Close()
	w.Close()
}
