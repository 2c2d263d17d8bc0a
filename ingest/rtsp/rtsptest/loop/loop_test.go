package loop

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"qianshao/ingest/rtsp/rtsptest/framecode"
)

// annexB writes the loop as a byte stream, parameter sets before key frames.
func annexB(v *Video) []byte {
	var b bytes.Buffer
	for _, u := range v.Units {
		nals := u.NALs
		if u.Key {
			nals = append(append(append(append([][]byte{}, v.VPS...), v.SPS...), v.PPS...), nals...)
		}
		for _, n := range nals {
			if v.Codec != MJPEG {
				b.Write([]byte{0, 0, 0, 1})
			}
			b.Write(n)
		}
	}
	return b.Bytes()
}

// TestCodeSurvivesCompression encodes each codec small and hard and reads the
// code of every picture, at full size and halved.
func TestCodeSurvivesCompression(t *testing.T) {
	t.Parallel()
	for _, p := range []Params{
		{},
		SubStream(Params{}),
		{Width: 320, Height: 180, FPS: 15, GOP: 1, Seconds: 4, Bitrate: 100_000, BFrames: 2},
		{Codec: H265, Width: 320, Height: 180, FPS: 10, GOP: 1, Seconds: 4, Bitrate: 100_000, BFrames: 2},
		{Codec: MJPEG, Width: 320, Height: 184, FPS: 5, Seconds: 4, Bitrate: 400_000},
	} {
		t.Run(fmt.Sprintf("%s-%dx%d-b%d", p.Codec, p.Width, p.Height, p.BFrames), func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			v, err := Load(ctx, p)
			if err != nil {
				t.Fatal(err)
			}
			p, err := p.withDefaults()
			if err != nil {
				t.Fatal(err)
			}
			if len(v.Units) != p.frames() {
				t.Fatalf("%d pictures, want %d", len(v.Units), p.frames())
			}
			for i, u := range v.Units {
				if u.Key != (i%p.gopFrames() == 0) {
					t.Errorf("picture %d: key %v", i, u.Key)
				}
				if u.Display-i > v.Delay {
					t.Errorf("picture %d shown at %d, delay %d", i, u.Display, v.Delay)
				}
			}
			if (v.Delay > 0) != (p.BFrames > 0) {
				t.Errorf("delay %d with %d B-frames", v.Delay, p.BFrames)
			}
			path := filepath.Join(t.TempDir(), "x")
			if err := os.WriteFile(path, annexB(v), 0o600); err != nil {
				t.Fatal(err)
			}
			format := map[Codec]string{H264: "h264", H265: "hevc", MJPEG: "mjpeg"}[v.Codec]
			for _, width := range []int{p.Width, p.Width / 2} {
				gray, err := ffmpeg(ctx, nil, "-f", format, "-i", path, "-vsync", "passthrough", "-vf",
					fmt.Sprintf("scale=%d:-2:flags=area,format=gray", width), "-f", "rawvideo", "pipe:1")
				if err != nil {
					t.Fatal(err)
				}
				size := len(gray) / p.frames()
				for i := range p.frames() {
					n, err := framecode.Read(gray[i*size:], width, width)
					if err != nil || int(n) != i {
						t.Fatalf("width %d: picture %d reads %d, %v", width, i, n, err)
					}
				}
			}
		})
	}
}

func TestBadParams(t *testing.T) {
	t.Parallel()
	for _, p := range []Params{
		{Codec: "vp9"},
		{Width: 63},
		{Width: 641},
		{Codec: MJPEG, Height: 180},
		{Codec: MJPEG, Width: 2048},
		{FPS: 121},
		{FPS: -1},
		{GOP: -1},
		{GOP: 0.001},
		{BFrames: 9},
		{Bitrate: 1},
		{Seconds: 3000},
		{Seconds: -1, GOP: 0.5},
	} {
		if p, err := p.withDefaults(); !errors.Is(err, ErrBadParams) {
			t.Errorf("%+v: %v, want ErrBadParams", p, err)
		}
	}
	if p, err := (Params{GOP: 12, FPS: 5}).withDefaults(); err != nil || p.Seconds != 12 {
		t.Errorf("a long GOP makes a loop of %d s, %v", p.Seconds, err)
	}
}

func TestNumbersAndTimesAgree(t *testing.T) {
	t.Parallel()
	for _, rate := range [][2]int{{25, 1}, {15, 1}, {30000, 1001}, {7, 1}, {120, 1}} {
		v := &Video{FPSNum: rate[0], FPSDen: rate[1]}
		for _, n := range []uint64{0, 1, 2, 3, 1000, 45_000_000_001, 45_000_000_002, 216_000_000_000} {
			us := v.TimeUS(n)
			if got := v.Number(us); got != n {
				t.Errorf("%v: frame at %d µs is %d, want %d", rate, us, got, n)
			}
			if us > 0 && n > 0 {
				if got := v.Number(us - 1); got != n-1 {
					t.Errorf("%v: frame just before %d µs is %d, want %d", rate, us, got, n-1)
				}
			}
		}
	}
	v := &Video{FPSNum: 30000, FPSDen: 1001}
	if d := v.Ticks(1_000_001) - v.Ticks(1_000_000); d != 3003 {
		t.Errorf("%d ticks a frame, want 3003", d)
	}
}

// TestSoundKeepsTheHour decodes every audio loop, two laps of it, and looks for
// the tone of each second.
func TestSoundKeepsTheHour(t *testing.T) {
	t.Parallel()
	for _, codec := range []Codec{PCMA, PCMU, AAC, Opus} {
		a, err := LoadAudio(t.Context(), codec)
		if err != nil {
			t.Fatal(err)
		}
		if n := len(a.Frames) * a.FrameSamples; n != AudioSeconds*a.Rate {
			t.Errorf("%s: loop of %d samples, want %d", codec, n, AudioSeconds*a.Rate)
		}
		if codec != PCMA && codec != PCMU {
			continue // decoded by ffmpeg in the tests of package rtsptest
		}
		format := map[Codec]string{PCMA: "alaw", PCMU: "mulaw"}[codec]
		raw, err := ffmpeg(t.Context(), bytes.NewReader(bytes.Join(a.Frames, nil)), "-f", format, "-ar", "8000", "-i", "pipe:0", "-f", "s16le", "pipe:1")
		if err != nil {
			t.Fatal(err)
		}
		var diff, power float64
		for i, want := range sound(a.Rate, 0, AudioSeconds*a.Rate) {
			got := float64(int16(uint16(raw[2*i])|uint16(raw[2*i+1])<<8)) / 32768
			diff += (got - want) * (got - want)
			power += want * want
		}
		if snr := 10 * math.Log10(power/diff); snr < 30 {
			t.Errorf("%s: %.1f dB, G.711 gives above 30", codec, snr)
		}
	}
	if a, err := LoadAudio(t.Context(), None); a != nil || err != nil {
		t.Errorf("none: %v, %v", a, err)
	}
	if _, err := LoadAudio(t.Context(), "mp3"); err == nil {
		t.Error("mp3 passed")
	}
}

func FuzzLoopFile(f *testing.F) {
	v := &Video{Codec: H264, FPSNum: 25, FPSDen: 1, Units: []Unit{{Key: true, NALs: [][]byte{{0x65, 1}, {0x65, 2}}}}}
	b, err := encodeVideo(v)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		if v, err := decodeVideo(b); err == nil {
			again, err := encodeVideo(v)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := decodeVideo(again); err != nil {
				t.Fatalf("own file: %v", err)
			}
		}
		if _, err := decodeAudio(b); err == nil {
			return
		}
		if _, err := adts(b); err == nil && len(b) > 0 {
			return
		}
		if _, err := oggPackets(b); err == nil {
			return
		}
	})
}

// TestPicture writes one picture of the scene where QIANSHAO_PICTURE says.
func TestPicture(t *testing.T) {
	t.Parallel()
	path := os.Getenv("QIANSHAO_PICTURE")
	if path == "" {
		t.Skip("QIANSHAO_PICTURE names no file")
	}
	v, err := Load(t.Context(), Params{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ffmpeg(t.Context(), bytes.NewReader(annexB(v)), "-f", "h264", "-i", "pipe:0", "-vf", "select=eq(n\\,140)", "-frames:v", "1", path); err != nil {
		t.Fatal(err)
	}
}
