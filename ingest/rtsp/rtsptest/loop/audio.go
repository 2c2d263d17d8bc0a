package loop

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strconv"
)

// AudioSeconds is the length of every audio loop: a whole number of frames for
// each codec.
const AudioSeconds = 8

// Audio is one loop of sound, ready to be sent. It is not changed after it was
// made and may be shared. The loop's first sample belongs to a unix time that
// is a multiple of AudioSeconds.
type Audio struct {
	Codec        Codec
	Rate         int    // clock rate and sample rate, Hz
	Channels     int    //
	FrameSamples int    // samples a frame
	Config       []byte // AAC: AudioSpecificConfig (ISO/IEC 14496-3 1.6.2.1)
	Frames       [][]byte
}

// Tone returns the frequency in Hz that sounds in the given second of unix
// time: eight steps of a pentatonic scale, the same for every codec.
func Tone(second int64) float64 {
	return []float64{440, 523.25, 587.33, 659.26, 783.99, 880, 1046.5, 1174.66}[((second%AudioSeconds)+AudioSeconds)%AudioSeconds]
}

// sound returns count samples of the pattern from the sample first on (which
// may be negative), mono, full scale 1.
func sound(rate, first, count int) []float64 {
	out := make([]float64, count)
	for i := range out {
		n := first + i
		second := n / rate
		if n < 0 {
			second = (n - rate + 1) / rate
		}
		in := float64(n-second*rate) / float64(rate)
		fade := math.Min(1, math.Min(in, 1-in)*100) // 10 ms, no clicks
		out[i] = 0.25 * fade * math.Sin(2*math.Pi*Tone(int64(second))*in)
	}
	return out
}

// LoadAudio returns the loop for the codec; nil for None or "".
func LoadAudio(ctx context.Context, codec Codec) (*Audio, error) {
	switch codec {
	case None, "":
		return nil, nil
	case PCMA, PCMU:
		return g711(codec), nil
	case AAC, Opus:
		return cached(audioName(codec), decodeAudio, encodeAudio, func() (*Audio, error) { return generateAudio(ctx, codec) })
	}
	return nil, fmt.Errorf("audio codec %q: %w", codec, ErrBadParams)
}

func audioName(codec Codec) string { return fmt.Sprintf("audio-%s-%d", codec, version) }

// generateAudio encodes three laps and keeps the frames of the middle one, so
// that the loop follows itself without a seam.
func generateAudio(ctx context.Context, codec Codec) (*Audio, error) {
	a := &Audio{Codec: codec, Channels: 1}
	var args []string
	lead := 0 // samples the encoder puts before the first input sample
	switch codec {
	case AAC:
		a.Rate, a.FrameSamples, lead = 16000, 1024, 1024
		a.Config = []byte{0x14, 0x08} // AAC-LC, 16 kHz, mono
		args = []string{"-c:a", "aac", "-b:a", "32k", "-f", "adts"}
	case Opus:
		a.Rate, a.FrameSamples, lead = 48000, 960, 312
		args = []string{"-c:a", "libopus", "-b:a", "32k", "-vbr", "off", "-frame_duration", "20", "-f", "ogg"}
	}
	// Begin early by what is missing to a whole frame, so that frames start on
	// the loop's own grid.
	early := (a.FrameSamples - lead%a.FrameSamples) % a.FrameSamples
	lap := AudioSeconds * a.Rate
	var pcm bytes.Buffer
	for _, s := range sound(a.Rate, -early, 3*lap+early) {
		pcm.Write(binary.LittleEndian.AppendUint16(nil, uint16(int16(s*32767))))
	}
	raw, err := ffmpeg(ctx, &pcm, append([]string{"-f", "s16le", "-ar", strconv.Itoa(a.Rate), "-ac", "1", "-i", "pipe:0"},
		append(args, "pipe:1")...)...)
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", codec, err)
	}
	frames, err := adts(raw)
	if codec == Opus {
		frames, err = oggPackets(raw)
	}
	if err != nil {
		return nil, fmt.Errorf("unpack %s: %w", codec, err)
	}
	n := lap / a.FrameSamples
	skip := (lead+early)/a.FrameSamples + n
	if len(frames) < skip+n {
		return nil, fmt.Errorf("encoder made %d frames, %d wanted", len(frames), skip+n)
	}
	a.Frames = frames[skip : skip+n]
	return a, nil
}

// adts cuts an ADTS stream into raw frames (ISO/IEC 13818-7 6.2).
func adts(b []byte) ([][]byte, error) {
	var out [][]byte
	for len(b) > 0 {
		if len(b) < 7 || b[0] != 0xff || b[1]&0xf6 != 0xf0 {
			return nil, errors.New("no ADTS header")
		}
		head := 7
		if b[1]&1 == 0 {
			head = 9
		}
		size := int(b[3]&3)<<11 | int(b[4])<<3 | int(b[5])>>5
		if size < head || size > len(b) {
			return nil, errors.New("ADTS frame longer than the stream")
		}
		out = append(out, b[head:size])
		b = b[size:]
	}
	return out, nil
}

// oggPackets returns the packets of one Ogg stream (RFC 3533 6) without the two
// Opus header packets (RFC 7845 3).
func oggPackets(b []byte) ([][]byte, error) {
	var out [][]byte
	var open []byte
	for len(b) > 0 {
		if len(b) < 27 || string(b[:4]) != "OggS" || len(b) < 27+int(b[26]) {
			return nil, errors.New("no Ogg page")
		}
		lacing := b[27 : 27+int(b[26])]
		body := b[27+len(lacing):]
		for _, l := range lacing {
			if int(l) > len(body) {
				return nil, errors.New("ogg page longer than the stream")
			}
			open = append(open, body[:l]...)
			body = body[l:]
			if l < 255 {
				out = append(out, open)
				open = nil
			}
		}
		b = body
	}
	if len(out) < 2 {
		return nil, errors.New("no Opus headers")
	}
	return out[2:], nil
}
