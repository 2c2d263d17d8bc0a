package clip

import (
	"encoding/binary"

	"qianshao/api/flac"
	"qianshao/storage/fmp4"
	"qianshao/storage/media"
)

// section is a stretch of the file: bytes that are known, or a body that is
// rendered part by part when it is asked for.
type section struct {
	kind  body
	track int // in the plan, or textTrack
	size  int64
	bytes []byte // of known
}

// body says what a section holds.
type body uint8

const (
	known body = iota
	stts
	ctts
	stss
	stsc
	stsz
	stco
	co64
	chunks // the media of clip.mp4
	refs   // the references of the sidx of play.mp4
	moofs  // the fragments of play.mp4
)

// textTrack is the number of the wall-clock track.
const textTrack = -1

// width is the bytes of a table's entry.
func (b body) width() int64 {
	return [...]int64{stts: 8, ctts: 8, stss: 4, stsc: 12, stsz: 4, stco: 4, co64: 8, moofs: 0}[b]
}

// entries is the number of a table's entries.
func (t *tally) entries(b body) int64 {
	switch b {
	case stts:
		return t.stts
	case ctts:
		return t.ctts
	case stss:
		return t.stss
	case stsc:
		return t.stsc
	case stsz:
		return t.samples
	}
	return t.chunks
}

// skeleton builds boxes around bodies that are rendered later.
type skeleton struct {
	fmp4.Builder
	bodies []section
	at     []int // where in B each body belongs
	held   int64 // bytes of all bodies
	boxes  []mark
}

type mark struct {
	at   int
	held int64
}

// box begins a box that may hold bodies; end closes it.
func (w *skeleton) box(kind string) {
	w.boxes = append(w.boxes, mark{len(w.B), w.held})
	w.U32(0)
	w.Str(kind)
}

func (w *skeleton) end() {
	m := w.boxes[len(w.boxes)-1]
	w.boxes = w.boxes[:len(w.boxes)-1]
	binary.BigEndian.PutUint32(w.B[m.at:], uint32(int64(len(w.B)-m.at)+w.held-m.held))
}

// body leaves room behind what stands in B.
func (w *skeleton) body(kind body, track int, size int64) {
	w.bodies = append(w.bodies, section{kind: kind, track: track, size: size})
	w.at = append(w.at, len(w.B))
	w.held += size
}

// size is that of all built so far.
func (w *skeleton) size() int64 { return int64(len(w.B)) + w.held }

// sections takes what was built apart.
func (w *skeleton) sections() []section {
	var out []section
	from := 0
	for i, b := range w.bodies {
		out = append(out, section{kind: known, size: int64(w.at[i] - from), bytes: w.B[from:w.at[i]]}, b)
		from = w.at[i]
	}
	if from < len(w.B) {
		out = append(out, section{kind: known, size: int64(len(w.B) - from), bytes: w.B[from:]})
	}
	return out
}

// table writes a full box that begins with its number of entries.
func (w *skeleton) table(kind string, b body, track int, t *tally) {
	w.box(kind)
	w.U32(0)
	if b == stsz {
		w.U32(0) // sizes differ
	}
	n := t.entries(b)
	w.U32(uint32(n))
	w.body(b, track, n*b.width())
	w.end()
}

// layoutClip lays out a progressive file: ftyp, moov, mdat.
func layoutClip(pl *plan) ([]section, error) {
	data := pl.texts.bytes
	for i := range pl.total {
		data += pl.total[i].bytes
	}
	offsets := stco
	for {
		w := &skeleton{}
		w.Open("ftyp")
		w.Str("isom")
		w.U32(0x200)
		w.Str("isomiso2mp41")
		w.Close()
		if err := w.moov(pl, offsets); err != nil {
			return nil, err
		}
		if data+8 > 0xffffffff {
			w.U32(1)
			w.Str("mdat")
			w.U64(uint64(data + 16))
		} else {
			w.U32(uint32(data + 8))
			w.Str("mdat")
		}
		if offsets == stco && w.size()+data > 0xffffffff {
			offsets = co64
			continue
		}
		w.body(chunks, 0, data)
		return w.sections(), nil
	}
}

// moov writes the movie. Its timescale is the video's, so that edits lie on the
// frame grid.
func (w *skeleton) moov(pl *plan, offsets body) error {
	ts := pl.tracks[0].Timescale
	length := pl.end - pl.start
	w.box("moov")
	w.Mvhd(ts, uint64(length), uint32(len(pl.tracks)+2))
	id := uint32(0)
	for i := range pl.tracks {
		t := &pl.tracks[i]
		if pl.total[i].samples == 0 {
			continue
		}
		id++
		out := t.Track
		out.ID = id
		length, edit := pl.edit(i)
		w.box("trak")
		w.Tkhd(&out, uint64(edit.length))
		w.elst(edit)
		w.box("mdia")
		w.Mdhd(t.Timescale, uint64(length))
		w.Hdlr(&out)
		w.box("minf")
		w.MediaHeader(&out)
		w.box("stbl")
		if err := w.entries(t, &out); err != nil {
			return err
		}
		w.tables(pl, i, offsets)
		w.end()
		w.end()
		w.end()
		w.end()
	}
	w.textTrack(pl, id+1, offsets)
	w.end()
	return nil
}

// entries writes a track's one sample entry.
func (w *skeleton) entries(t *track, out *media.Track) error {
	w.Full("stsd", 0, 0)
	w.U32(1)
	if t.flac {
		flac.Entry(&w.Builder, out)
	} else if err := w.Entry(out); err != nil {
		return err
	}
	w.Close()
	return nil
}

// edit is a track's one edit: it shows [from, from+length) of the media.
type edit struct {
	length int64 // in the movie's timescale
	from   int64 // in the track's
}

// edit returns the length of a track's media and its edit.
func (pl *plan) edit(i int) (int64, edit) {
	t := &pl.tracks[i]
	ts := pl.tracks[0].Timescale
	if i == 0 {
		last := &pl.parts[len(pl.parts)-1]
		return last.decodeEnd - pl.begin, edit{length: pl.end - pl.start, from: pl.start - pl.begin + pl.delay}
	}
	media := pl.sound[i] - t.start
	shown := min(pl.sound[i], ticksOf(pl.end-pl.start, ts, t.Timescale))
	return media, edit{length: ticksOf(shown, t.Timescale, ts), from: -t.start}
}

// elst writes an edit list of one entry (ISO/IEC 14496-12 8.6.6).
func (w *skeleton) elst(e edit) {
	w.Open("edts")
	w.Full("elst", 1, 0)
	w.U32(1)
	w.U64(uint64(e.length))
	w.U64(uint64(e.from))
	w.U32(0x00010000)
	w.Close()
	w.Close()
}

// tables writes a track's sample tables.
func (w *skeleton) tables(pl *plan, i int, offsets body) {
	t := &pl.total[i]
	w.table("stts", stts, i, t)
	if i == 0 && pl.offsets {
		w.table("ctts", ctts, i, t)
	}
	if i == 0 && t.stss < t.samples {
		w.table("stss", stss, i, t)
	}
	w.table("stsc", stsc, i, t)
	w.table("stsz", stsz, i, t)
	if offsets == co64 {
		w.table("co64", co64, i, t)
	} else {
		w.table("stco", stco, i, t)
	}
}

// textTrack writes the wall-clock track. It is not enabled: who wants it turns
// the subtitles on.
func (w *skeleton) textTrack(pl *plan, id uint32, offsets body) {
	ts := pl.tracks[0].Timescale
	length := pl.end - pl.start
	w.box("trak")
	at := len(w.B)
	w.Tkhd(&media.Track{ID: id, Width: 640, Height: 48, Codec: media.H264}, uint64(length))
	binary.BigEndian.PutUint32(w.B[at+8:], 1<<24|2) // in the movie, not enabled
	w.elst(edit{length: length})
	w.box("mdia")
	w.Mdhd(ts, uint64(length))
	w.HdlrKind("sbtl", "wall clock")
	w.box("minf")
	w.Full("nmhd", 0, 0)
	w.Close()
	w.Dinf()
	w.box("stbl")
	w.Full("stsd", 0, 0)
	w.U32(1)
	textEntry(&w.Builder)
	w.Close()
	t := &pl.texts
	w.table("stts", stts, textTrack, t)
	w.table("stsc", stsc, textTrack, t)
	w.table("stsz", stsz, textTrack, t)
	if offsets == co64 {
		w.table("co64", co64, textTrack, t)
	} else {
		w.table("stco", stco, textTrack, t)
	}
	w.end()
	w.end()
	w.end()
	w.end()
}
