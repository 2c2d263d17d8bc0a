package api

import (
	"qianshao/api/flac"
	"qianshao/storage/fmp4"
	"qianshao/storage/media"
)

// becomesFLAC tells whether a track goes out as FLAC: browsers refuse a whole stream for
// one of G.711.
func (v *viewer) becomesFLAC(t *media.Track) bool { return v.flac && t.Codec.IsG711() }

// codecOf is the codecs parameter of a track.
func (v *viewer) codecOf(t *media.Track) string {
	if v.becomesFLAC(t) {
		return flac.RFC6381
	}
	return t.RFC6381()
}

// entry writes the sample entry of a track.
func (v *viewer) entry(w *fmp4.Builder, t *media.Track) error {
	if v.becomesFLAC(t) {
		flac.Entry(w, t)
		return nil
	}
	return w.Entry(t)
}

// coded is a sample as it goes out: what came of G.711 at once is one frame of FLAC.
func (v *viewer) coded(p int, tick int64, data []byte) []byte {
	t := &v.tracks[p]
	if !v.becomesFLAC(t) {
		return data
	}
	return flac.Append(nil, tick, int64(len(data)/t.Channels), t, data)
}

// mostSilence is the longest frame of silence, ticks.
const mostSilence = 1 << 15

// fillSilence puts silence where a track that becomes FLAC has had no sound for a second
// before a picture: browsers hold the pictures back until there is some.
func (v *viewer) fillSilence(tick int64) {
	for p := range v.tracks {
		t := &v.tracks[p]
		now := tick * int64(t.Timescale) / int64(v.tracks[0].Timescale)
		if !v.becomesFLAC(t) || now-v.end[p] <= int64(t.Timescale) {
			continue
		}
		v.silent[p] = now - int64(t.Timescale)/2 // sound may come a little later than its picture
		for v.end[p] < v.silent[p] {
			n := min(v.silent[p]-v.end[p], mostSilence)
			v.put(p, v.end[p], uint32(n), flac.Append(nil, v.end[p], n, t, nil))
		}
	}
}
