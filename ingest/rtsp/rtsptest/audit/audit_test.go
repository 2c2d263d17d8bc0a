package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"qianshao/ingest/rtsp/rtsptest/framecode"
	"qianshao/ingest/rtsp/rtsptest/loop"
	"qianshao/ingest/rtsp/rtsptest/stamp"
)

// film writes a loop with stamps into a file ffmpeg muxes: what a perfect
// recorder would have made of one lap. args are options of the output.
func film(t *testing.T, p loop.Params, ext string, args ...string) (string, *loop.Video) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	v, err := loop.Load(ctx, p)
	if err != nil {
		t.Fatal(err)
	}
	var raw bytes.Buffer
	for _, u := range v.Units {
		nals := [][]byte{}
		s := stamp.Stamp{Number: 1000 + uint64(u.Display), TimeUS: v.TimeUS(1000 + uint64(u.Display))}
		if u.Key {
			nals = append(append(append(nals, v.VPS...), v.SPS...), v.PPS...)
		}
		switch v.Codec {
		case loop.H264:
			nals = append(nals, stamp.AppendH264(nil, s))
		case loop.H265:
			nals = append(nals, stamp.AppendH265(nil, s))
		}
		for _, n := range append(nals, u.NALs...) {
			if v.Codec != loop.MJPEG {
				raw.Write([]byte{0, 0, 0, 1})
			}
			raw.Write(n)
		}
	}
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in"), filepath.Join(dir, "film."+ext)
	if err := os.WriteFile(in, raw.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	format := map[loop.Codec]string{loop.H264: "h264", loop.H265: "hevc", loop.MJPEG: "mjpeg"}[v.Codec]
	all := append([]string{"-nostdin", "-v", "error", "-framerate", fmt.Sprint(v.FPSNum), "-f", format, "-i", in, "-c", "copy"}, args...)
	if _, err := run(ctx, "ffmpeg", append(all, out)...); err != nil {
		t.Fatal(err)
	}
	return out, v
}

var tiny = loop.Params{Width: 320, Height: 180, FPS: 10, GOP: 1, Seconds: 4, Bitrate: 100_000}

func TestStoredAndPresented(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("-short: one goroutine, ffmpeg")
	}
	for _, codec := range []loop.Codec{loop.H264, loop.H265} {
		for _, flags := range []string{"faststart", "frag_keyframe+empty_moov+default_base_moof"} {
			t.Run(string(codec)+flags, func(t *testing.T) {
				t.Parallel()
				p := tiny
				p.Codec = codec
				path, v := film(t, p, "mp4", "-movflags", flags)
				frames, err := Codes(t.Context(), path)
				if err != nil {
					t.Fatal(err)
				}
				if len(frames) != len(v.Units) {
					t.Fatalf("%d frames shown, want %d", len(frames), len(v.Units))
				}
				for i, f := range frames {
					want := uint64(1000 + i)
					if !f.Stamped || f.Number != want || f.TimeUS != v.TimeUS(want) || f.Code != i || f.Key != (i%10 == 0) {
						t.Fatalf("frame %d: %+v", i, f)
					}
					if d := f.PTS - frames[0].PTS - float64(i)/10; d > 0.001 || d < -0.001 {
						t.Errorf("frame %d at %f s", i, f.PTS-frames[0].PTS)
					}
				}
				if said, err := Decode(t.Context(), path); said != "" || err != nil {
					t.Errorf("decode: %q, %v", said, err)
				}
			})
		}
	}
}

// TestEditListHides cuts a file in the middle of a GOP: the packets before the
// cut are stored, not shown.
func TestEditListHides(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("-short: one goroutine, ffmpeg")
	}
	path, _ := film(t, tiny, "mp4")
	cut := filepath.Join(t.TempDir(), "cut.mp4")
	if _, err := run(t.Context(), "ffmpeg", "-nostdin", "-v", "error", "-ss", "1.5", "-i", path, "-t", "1", "-c", "copy", cut); err != nil {
		t.Fatal(err)
	}
	all, err := Stored(t.Context(), cut)
	if err != nil {
		t.Fatal(err)
	}
	shown, err := Presented(t.Context(), cut)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 15 || all[0].Number != 1010 {
		t.Errorf("%d packets from %d, want some 15 from the key frame 1010", len(all), all[0].Number)
	}
	if len(shown) != 10 || shown[0].Number != 1015 || shown[9].Number != 1024 || shown[0].PTS != 0 {
		t.Errorf("shown %+v", shown)
	}
}

func TestDamageIsReported(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("-short: one goroutine, ffmpeg")
	}
	path, _ := film(t, tiny, "mp4")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	all, err := Stored(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	// Overwrite the coded data of the middle of the file.
	for i := len(b) / 3; i < len(b)/2; i++ {
		b[i] ^= 0x5a
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if said, err := Decode(t.Context(), path); said == "" || err != nil {
		t.Errorf("a damaged file: %q, %v", said, err)
	}
	after, err := Stored(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	before, _ := Runs(all)
	have, _ := Runs(after)
	if len(Missing(have, before)) == 0 {
		t.Error("every stamp survived")
	}
	if _, err := Presented(t.Context(), filepath.Join(t.TempDir(), "none.mp4")); err == nil {
		t.Error("a missing file was audited")
	}
	if said, err := Decode(t.Context(), filepath.Join(t.TempDir(), "none.mp4")); said == "" || err != nil {
		t.Errorf("a missing file: %q, %v", said, err)
	}
}

func TestFileWithoutVideoOrCode(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("-short: one goroutine, ffmpeg")
	}
	dir := t.TempDir()
	sound, plain := filepath.Join(dir, "sound.mp4"), filepath.Join(dir, "plain.mp4")
	if _, err := run(t.Context(), "ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i", "sine=d=1", "-c:a", "aac", sound); err != nil {
		t.Fatal(err)
	}
	if _, err := Stored(t.Context(), sound); !errors.Is(err, ErrNoVideo) {
		t.Errorf("sound only: %v, want ErrNoVideo", err)
	}
	if tones, err := Tones(t.Context(), sound); err != nil || len(tones) < 9 || tones[3].Second != 0 { // 440 Hz
		t.Errorf("tones %+v, %v", tones, err)
	}
	if _, err := run(t.Context(), "ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i", "color=gray:s=320x180:d=1:r=5", "-c:v", "libx264", plain); err != nil {
		t.Fatal(err)
	}
	if frames, err := Presented(t.Context(), plain); err != nil || len(frames) != 5 || frames[0].Stamped {
		t.Errorf("plain video: %+v, %v", frames, err)
	}
	if _, err := Codes(t.Context(), plain); !errors.Is(err, framecode.ErrNoCode) {
		t.Errorf("plain video: %v, want ErrNoCode", err)
	}
	if tones, err := Tones(t.Context(), plain); tones != nil || err != nil {
		t.Errorf("tones of silence: %v, %v", tones, err)
	}
}

func TestRunsAndMissing(t *testing.T) {
	t.Parallel()
	var frames []Frame
	for _, n := range []uint64{5, 3, 4, 9, 10, 4} {
		frames = append(frames, Frame{Stamped: true, Number: n})
	}
	runs, twice := Runs(append(frames, Frame{}))
	if !slices.Equal(runs, []Run{{3, 5}, {9, 10}}) || !slices.Equal(twice, []uint64{4}) {
		t.Errorf("runs %v, twice %v", runs, twice)
	}
	if got := Missing(runs, []Run{{4, 10}}); !slices.Equal(got, []uint64{6, 7, 8}) {
		t.Errorf("missing %v", got)
	}
	for _, tc := range []struct {
		code, loop int
		near, want uint64
	}{{5, 100, 1003, 1005}, {98, 100, 1003, 998}, {2, 100, 998, 1002}, {51, 100, 1000, 951}, {49, 100, 1000, 1049}, {7, 100, 3, 7}} {
		if got := Unwrap(tc.code, tc.loop, tc.near); got != tc.want {
			t.Errorf("code %d near %d is %d, want %d", tc.code, tc.near, got, tc.want)
		}
	}
}
