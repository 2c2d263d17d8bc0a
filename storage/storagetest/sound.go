package storagetest

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/Eyevinn/mp4ff/mp4"

	"qianshao/storage/media"
)

// SoundSpec says how a loop of sound is encoded.
type SoundSpec struct {
	Codec    media.Codec
	Rate     int // default 8000 for G.711, 16000 for AAC, 48000 for Opus
	Channels int // default 1
	Packet   int // G.711: samples a packet, default 160
	Seconds  int // default 4
}

// Sound is an encoded loop of a sweeping tone.
type Sound struct {
	Spec    SoundSpec
	Track   media.Track // ID 2
	Samples []Sample
	Dur     int64 // ticks of each sample
}

// NewSound encodes a loop with ffmpeg, once a process for each spec.
func NewSound(t testing.TB, spec SoundSpec) *Sound {
	t.Helper()
	if spec.Rate == 0 {
		spec.Rate = map[media.Codec]int{media.AAC: 16000, media.Opus: 48000}[spec.Codec]
	}
	spec.Rate, spec.Channels = max(spec.Rate, 8000), max(spec.Channels, 1)
	if spec.Packet == 0 {
		spec.Packet = 160
	}
	if spec.Seconds == 0 {
		spec.Seconds = 4
	}
	s, err := shared(sounds, spec, func() (*Sound, error) { return encodeSound(spec) })
	if err != nil {
		t.Fatalf("encode %+v: %v", spec, err)
	}
	return s
}

// Tone is 16-bit little-endian PCM of the sweep, interleaved.
func Tone(rate, channels, seconds int) []byte {
	var b []byte
	for i := range rate * seconds {
		x := float64(i) / float64(rate)
		v := int16(9000 * math.Sin(2*math.Pi*(300*x+40*x*x)))
		for range channels {
			b = append(b, byte(v), byte(v>>8))
		}
	}
	return b
}

func encodeSound(spec SoundSpec) (*Sound, error) {
	s := &Sound{Spec: spec, Track: media.Track{
		ID: 2, Codec: spec.Codec, Timescale: uint32(spec.Rate), SampleRate: spec.Rate, Channels: spec.Channels,
	}}
	in := []string{"-v", "error", "-f", "s16le", "-ar", fmt.Sprint(spec.Rate), "-ac", fmt.Sprint(spec.Channels), "-i", "-"}
	pcm := Tone(spec.Rate, spec.Channels, spec.Seconds)
	switch spec.Codec {
	case media.PCMA, media.PCMU:
		kind := "alaw"
		if spec.Codec == media.PCMU {
			kind = "mulaw"
		}
		var out bytes.Buffer
		if err := run(pcm, &out, append(in, "-f", kind, "-")...); err != nil {
			return nil, err
		}
		for p := range slices.Chunk(out.Bytes(), spec.Packet*spec.Channels) {
			s.Samples = append(s.Samples, Sample{Data: p, Number: len(s.Samples)})
		}
		s.Dur = int64(spec.Packet)
		return s, nil
	case media.AAC:
		return s, s.viaMP4(in, pcm, "-c:a", "aac", "-b:a", "24k")
	case media.Opus:
		return s, s.viaMP4(in, pcm, "-c:a", "libopus", "-b:a", "24k")
	}
	return nil, fmt.Errorf("no encoder for %v", spec.Codec)
}

func (s *Sound) viaMP4(in []string, pcm []byte, codec ...string) error {
	dir, err := os.MkdirTemp("", "qianshao-sound-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // temporary
	out := filepath.Join(dir, "a.mp4")
	if err := run(pcm, nil, append(append(in, codec...), "-y", out)...); err != nil {
		return err
	}
	b, err := os.ReadFile(out)
	if err != nil {
		return err
	}
	f, err := mp4.DecodeFile(bytes.NewReader(b))
	if err != nil {
		return err
	}
	trak := f.Moov.Trak
	if e := trak.Mdia.Minf.Stbl.Stsd.Mp4a; e != nil {
		s.Track.Config = e.Esds.DecConfigDescriptor.DecSpecificInfo.DecConfig
	}
	s.Dur = int64(trak.Mdia.Minf.Stbl.Stts.GetDur(1))
	// The last two frames may be short or padding: leave them out of the loop.
	for i := range trak.GetNrSamples() - 2 {
		r, err := trak.GetRangesForSampleInterval(i+1, i+1)
		if err != nil {
			return err
		}
		s.Samples = append(s.Samples, Sample{Data: b[r[0].Offset : r[0].Offset+r[0].Size], Number: int(i)})
	}
	return nil
}
