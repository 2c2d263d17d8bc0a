package audit

import (
	"context"
	"fmt"
	"math"

	"qianshao/ingest/rtsp/rtsptest/loop"
)

// Tone is what sounds in one stretch of a file's audio.
type Tone struct {
	PTS    float64 // seconds of the stretch's middle on the file's own timeline
	Second int     // which of the pattern's seconds it is, unix seconds mod 8; -1 for silence
}

// Tones decodes the first audio track and says for every tenth of a second
// which tone of the cameras' pattern sounds: unix second mod 8. Stretches of a
// tenth that hold the step between two seconds name the louder one. Nil when
// there is no audio track.
func Tones(ctx context.Context, path string) ([]Tone, error) {
	const rate, step = 8000, 800
	begin, err := run(ctx, "ffprobe", "-v", "error", "-select_streams", "a:0", "-of", "csv=p=0",
		"-read_intervals", "%+#8", "-show_entries", "frame=best_effort_timestamp_time", path)
	if err != nil || len(begin) == 0 {
		return nil, err
	}
	var first float64
	if _, err := fmt.Sscanf(string(begin), "%g", &first); err != nil {
		return nil, fmt.Errorf("%s: begin of audio %q: %w", path, begin, err)
	}
	pcm, err := run(ctx, "ffmpeg", "-nostdin", "-v", "error", "-i", path, "-map", "0:a:0", "-ac", "1",
		"-ar", fmt.Sprint(rate), "-f", "s16le", "pipe:1")
	if err != nil {
		return nil, err
	}
	var out []Tone
	for at := 0; (at+step)*2 <= len(pcm); at += step {
		samples := make([]float64, step)
		var power float64
		for i := range samples {
			samples[i] = float64(int16(uint16(pcm[2*(at+i)])|uint16(pcm[2*(at+i)+1])<<8)) / 32768
			power += samples[i] * samples[i]
		}
		t := Tone{PTS: first + (float64(at)+step/2)/rate, Second: -1}
		best := power * step / 8 // a tone has half its power × length² in its bin
		for second := range loop.AudioSeconds {
			if p := goertzel(samples, loop.Tone(int64(second))/rate); p > best {
				best, t.Second = p, second
			}
		}
		if power/step < 1e-4 {
			t.Second = -1
		}
		out = append(out, t)
	}
	return out, nil
}

// goertzel returns the squared magnitude of one frequency (cycles a sample).
func goertzel(samples []float64, f float64) float64 {
	c := 2 * math.Cos(2*math.Pi*f)
	var s1, s2 float64
	for _, x := range samples {
		s1, s2 = x+c*s1-s2, s1
	}
	return s1*s1 + s2*s2 - c*s1*s2
}
