package clip

import (
	"qianshao/storage/media"
)

// silence is one silent frame of a track.
type silence struct {
	data []byte
	dur  int64 // ticks; 0: this coding has none
}

// silenceFor makes the silent frame for a track whose frames last about natural
// ticks.
func silenceFor(t *media.Track, natural int64) silence {
	switch t.Codec {
	case media.PCMA, media.PCMU:
		zero := byte(0xd5) // A-law of 0 (ITU-T G.711, even bits inverted)
		if t.Codec == media.PCMU {
			zero = 0xff
		}
		n := max(natural, 1)
		b := make([]byte, n*int64(max(t.Channels, 1)))
		for i := range b {
			b[i] = zero
		}
		return silence{b, n}
	case media.AAC:
		return silence{silentAAC(t.Channels), max(natural, 1)}
	case media.Opus:
		// A CELT frame of 20 ms that codes silence (RFC 6716 4.3: the silence
		// flag), fullband; the stereo bit is in the TOC.
		toc := byte(31 << 3)
		if t.Channels > 1 {
			toc |= 4
		}
		return silence{[]byte{toc, 0xff, 0xfe}, int64(t.Timescale) / 50}
	}
	return silence{}
}

// bitWriter appends bits, most significant first.
type bitWriter struct {
	b    []byte
	free uint // unused bits of the last byte
}

func (w *bitWriter) put(v uint32, n uint) {
	for n > 0 {
		if w.free == 0 {
			w.b = append(w.b, 0)
			w.free = 8
		}
		k := min(n, w.free)
		w.b[len(w.b)-1] |= byte(v>>(n-k)&(1<<k-1)) << (w.free - k)
		w.free -= k
		n -= k
	}
}

// silentAAC is a raw_data_block (ISO/IEC 14496-3 4.4.2.1) without spectral data
// for the default channel configuration of that many channels.
func silentAAC(channels int) []byte {
	const (
		sce, cpe, lfe, end = 0, 1, 3, 7
	)
	layout := map[int][]uint32{
		1: {sce}, 2: {cpe}, 3: {sce, cpe}, 4: {sce, cpe, sce}, 5: {sce, cpe, cpe},
		6: {sce, cpe, cpe, lfe}, 8: {sce, cpe, cpe, cpe, lfe},
	}[channels]
	if layout == nil {
		layout = []uint32{sce}
	}
	var w bitWriter
	tags := map[uint32]uint32{}
	for _, e := range layout {
		w.put(e, 3)
		w.put(tags[e], 4)
		tags[e]++
		streams := 1
		if e == cpe {
			streams = 2
			w.put(0, 1) // common_window
		}
		for range streams {
			w.put(0, 8) // global_gain
			w.put(0, 1) // ics_reserved_bit
			w.put(0, 2) // window_sequence: long
			w.put(0, 1) // window_shape
			w.put(0, 6) // max_sfb: nothing is coded
			w.put(0, 1) // predictor_data_present
			w.put(0, 3) // pulse, tns, gain control
		}
	}
	w.put(end, 3)
	return w.b
}
