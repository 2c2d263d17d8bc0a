package media

import (
	"bytes"
	"fmt"
)

// Codec is the coding of one track, kept as the camera sent it.
type Codec uint8

// The codecs that are recorded. The numbers are part of the segment format
// (storage/docs/segment.md) and never change.
const (
	H264  Codec = 1
	H265  Codec = 2
	MJPEG Codec = 3
	AAC   Codec = 16
	PCMA  Codec = 17 // G.711 A-law
	PCMU  Codec = 18 // G.711 µ-law
	Opus  Codec = 19
)

// Known reports whether the codec is one of these.
func (c Codec) Known() bool { return c >= H264 && c <= MJPEG || c >= AAC && c <= Opus }

// IsVideo reports whether the codec carries pictures.
func (c Codec) IsVideo() bool { return c >= H264 && c < AAC }

// IsG711 reports whether the codec is either law of G.711.
func (c Codec) IsG711() bool { return c == PCMA || c == PCMU }

// String returns the codec's name as it stands in the API: h264, h265, mjpeg,
// aac, pcma, pcmu, opus.
func (c Codec) String() string {
	switch c {
	case H264:
		return "h264"
	case H265:
		return "h265"
	case MJPEG:
		return "mjpeg"
	case AAC:
		return "aac"
	case PCMA:
		return "pcma"
	case PCMU:
		return "pcmu"
	case Opus:
		return "opus"
	}
	return fmt.Sprintf("codec%d", uint8(c))
}

// Track says how one track's samples are to be read: what a sample entry of
// ISO/IEC 14496-12 needs, and nothing of the container.
//
// A Track is immutable once published; a change makes a new one.
type Track struct {
	ID        uint32 // 1-based, unique in a segment; the MP4 track_ID
	Codec     Codec
	Timescale uint32 // ticks a second: 90000 for video, the sample rate for audio

	// Video. Parameter sets are NAL units without start codes or lengths.
	Width, Height int
	VPS, SPS, PPS [][]byte
	ReorderDelay  uint32 // ticks between a frame's decode and presentation order, 0 without B-frames

	// Audio.
	SampleRate int
	Channels   int
	Config     []byte // AAC: AudioSpecificConfig (ISO/IEC 14496-3 1.6.2.1)
}

// SameCoding reports whether samples of both tracks may stand in one segment:
// same codec, size, clock and parameter sets.
func (t *Track) SameCoding(o *Track) bool {
	return t.SameEntry(o) && sameSets(t.VPS, o.VPS) && sameSets(t.SPS, o.SPS) && sameSets(t.PPS, o.PPS) &&
		t.Width == o.Width && t.Height == o.Height && t.ReorderDelay == o.ReorderDelay
}

// SameEntry reports whether samples of both tracks may stand behind one sample
// entry of a clip: same codec and clock; video parameter sets may differ
// because they stand in band at every key frame.
func (t *Track) SameEntry(o *Track) bool {
	return t.Codec == o.Codec && t.Timescale == o.Timescale && t.SampleRate == o.SampleRate &&
		t.Channels == o.Channels && bytes.Equal(t.Config, o.Config)
}

func sameSets(a, b [][]byte) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !bytes.Equal(a[i], b[i]) {
			return false
		}
	}
	return true
}

// RFC6381 returns the codecs parameter for the track as MSE and HLS want it
// (RFC 6381, ISO/IEC 14496-15 E.3), for example avc1.64001f.
func (t *Track) RFC6381() string {
	switch t.Codec {
	case H264:
		if len(t.SPS) > 0 && len(t.SPS[0]) >= 4 {
			return fmt.Sprintf("avc1.%02x%02x%02x", t.SPS[0][1], t.SPS[0][2], t.SPS[0][3])
		}
		return "avc1.42e01e"
	case H265:
		return hevcCodecString(t.SPS)
	case MJPEG:
		return "jpeg"
	case AAC:
		if len(t.Config) > 0 {
			return fmt.Sprintf("mp4a.40.%d", t.Config[0]>>3)
		}
		return "mp4a.40.2"
	case PCMA:
		return "alaw"
	case PCMU:
		return "ulaw"
	case Opus:
		return "opus"
	}
	return ""
}
