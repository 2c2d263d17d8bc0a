package fmp4

import (
	"qianshao/storage/media"
)

// AppendInit writes ftyp and moov of a fragmented file with one track each
// (ISO/IEC 14496-12 8.8). duration is the movie's length in milliseconds where
// it is known (mvhd, mehd), else 0.
func AppendInit(dst []byte, tracks []media.Track, durationMS uint64) ([]byte, error) {
	return AppendInitWith(dst, tracks, durationMS, (*Builder).Entry)
}

// AppendInitWith is AppendInit with sample entries of another making.
func AppendInitWith(dst []byte, tracks []media.Track, durationMS uint64, entry func(*Builder, *media.Track) error) ([]byte, error) {
	w := &Builder{B: dst}
	w.Open("ftyp")
	w.Str("iso6")
	w.U32(0)
	w.Str("iso6isomcmfcmp41")
	w.Close()
	w.Open("moov")
	w.Mvhd(1000, durationMS, uint32(len(tracks)+1))
	for i := range tracks {
		t := &tracks[i]
		w.Open("trak")
		w.Tkhd(t, 0)
		w.Open("mdia")
		w.Mdhd(t.Timescale, 0)
		w.Hdlr(t)
		w.Open("minf")
		w.MediaHeader(t)
		w.Open("stbl")
		w.Full("stsd", 0, 0)
		w.U32(1)
		if err := entry(w, t); err != nil {
			return dst, err
		}
		w.Close()
		for _, kind := range []string{"stts", "stsc"} {
			w.Full(kind, 0, 0)
			w.U32(0)
			w.Close()
		}
		w.Full("stsz", 0, 0)
		w.U64(0)
		w.Close()
		w.Full("stco", 0, 0)
		w.U32(0)
		w.Close()
		w.Close() // stbl
		w.Close() // minf
		w.Close() // mdia
		w.Close() // trak
	}
	w.Open("mvex")
	if durationMS > 0 {
		w.Full("mehd", 1, 0)
		w.U64(durationMS)
		w.Close()
	}
	for i := range tracks {
		w.Full("trex", 0, 0)
		w.U32(tracks[i].ID)
		w.U32(1)
		w.Zero(12)
		w.Close()
	}
	w.Close()
	w.Close()
	return w.B, nil
}

// Mvhd writes the movie header (8.2.2), version 1.
func (w *Builder) Mvhd(timescale uint32, duration uint64, nextTrack uint32) {
	w.Full("mvhd", 1, 0)
	w.U64(0)
	w.U64(0)
	w.U32(timescale)
	w.U64(duration)
	w.U32(0x00010000)
	w.U16(0x0100)
	w.Zero(10)
	w.matrix()
	w.Zero(24)
	w.U32(nextTrack)
	w.Close()
}

func (w *Builder) matrix() {
	for _, v := range []uint32{0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000} {
		w.U32(v)
	}
}

// Tkhd writes the track header (8.3.2), version 1, enabled; duration counts in
// the movie's timescale.
func (w *Builder) Tkhd(t *media.Track, duration uint64) {
	w.Full("tkhd", 1, 3)
	w.U64(0)
	w.U64(0)
	w.U32(t.ID)
	w.U32(0)
	w.U64(duration)
	w.Zero(8)
	w.U16(0)
	w.U16(0)
	if t.Codec.IsVideo() {
		w.U16(0)
	} else {
		w.U16(0x0100)
	}
	w.U16(0)
	w.matrix()
	w.U32(uint32(t.Width) << 16)
	w.U32(uint32(t.Height) << 16)
	w.Close()
}

// Mdhd writes the media header (8.4.2), version 1, language undetermined.
func (w *Builder) Mdhd(timescale uint32, duration uint64) {
	w.Full("mdhd", 1, 0)
	w.U64(0)
	w.U64(0)
	w.U32(timescale)
	w.U64(duration)
	w.U16(0x55c4)
	w.U16(0)
	w.Close()
}

// Hdlr writes the handler (8.4.3).
func (w *Builder) Hdlr(t *media.Track) {
	kind, name := "soun", "sound"
	if t.Codec.IsVideo() {
		kind, name = "vide", "video"
	}
	w.HdlrKind(kind, name)
}

// HdlrKind writes a handler of any type.
func (w *Builder) HdlrKind(kind, name string) {
	w.Full("hdlr", 0, 0)
	w.U32(0)
	w.Str(kind)
	w.Zero(12)
	w.Str(name)
	w.U8(0)
	w.Close()
}

// MediaHeader writes vmhd or smhd and a dinf that says the data is in this file.
func (w *Builder) MediaHeader(t *media.Track) {
	if t.Codec.IsVideo() {
		w.Full("vmhd", 0, 1)
		w.Zero(8)
	} else {
		w.Full("smhd", 0, 0)
		w.Zero(4)
	}
	w.Close()
	w.Dinf()
}

// Dinf writes a data reference to this file (8.7.1, 8.7.2).
func (w *Builder) Dinf() {
	w.Open("dinf")
	w.Full("dref", 0, 0)
	w.U32(1)
	w.Full("url ", 0, 1)
	w.Close()
	w.Close()
	w.Close()
}
