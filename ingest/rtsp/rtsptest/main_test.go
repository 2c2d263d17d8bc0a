package rtsptest

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"qianshao/ingest/rtsp/rtsptest/audit"
	"qianshao/ingest/rtsp/rtsptest/clocktest"
	"qianshao/ingest/rtsp/rtsptest/loop"
)

func TestMain(m *testing.M) { clocktest.Main(m) }

// start serves cameras until the test ends.
func start(t *testing.T, cfg Config) *Server {
	t.Helper()
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("server: %v", err)
		}
	})
	return s
}

// small is a camera that costs little to encode and decode.
func small(codec loop.Codec) Config {
	cfg := Config{Codec: codec, Width: 320, Height: 180, FPS: 10, GOP: 1, LoopSeconds: 4, Bitrate: 100_000}
	if codec == loop.MJPEG {
		cfg.Height, cfg.FPS, cfg.Bitrate = 184, 5, 400_000
	}
	return cfg
}

// record lets ffmpeg pull seconds of a stream, unchanged, into a file.
func record(t *testing.T, url string, seconds float64, ext string, args ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "recording."+ext)
	if out, err := ffmpegPull(t, url, append(args, "-t", fmt.Sprint(seconds)), path); err != nil {
		t.Fatalf("ffmpeg: %v: %s", err, out)
	}
	return path
}

// ffmpegPull runs ffmpeg; args before -t are options of the input.
func ffmpegPull(t *testing.T, url string, args []string, path string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	var input, output []string
	for i, a := range args {
		if a == "-t" {
			input, output = args[:i], args[i:]
			break
		}
	}
	all := append([]string{"-nostdin", "-v", "error", "-y"}, input...)
	all = append(append(append(all, "-i", url, "-map", "0", "-c", "copy"), output...), path)
	var errs bytes.Buffer
	cmd := exec.CommandContext(ctx, "ffmpeg", all...)
	cmd.Stderr = &errs
	err := cmd.Run()
	return strings.TrimSpace(errs.String()), err
}

// sound checks that a recording holds one unbroken run of the server's frames,
// whole and decodable, and returns the run.
func checkRecording(t *testing.T, s *Server, path string, sent []Range, burnt bool) audit.Run {
	t.Helper()
	if complaints, err := audit.Decode(t.Context(), path); err != nil || complaints != "" {
		t.Errorf("decode: %v %s", err, complaints)
	}
	look := audit.Presented
	if burnt {
		look = audit.Codes
	}
	frames, err := look(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if len(frames) < 5 {
		t.Fatalf("only %d frames", len(frames))
	}
	if s.main.Codec == loop.MJPEG {
		near := sent[0].First
		for i := range frames {
			n := audit.Unwrap(frames[i].Code, s.LoopFrames(), near)
			frames[i].Stamped, frames[i].Number, frames[i].TimeUS = true, n, s.FrameTime(n)
			near = n + 1
		}
	}
	if s.main.Delay > 0 {
		frames = frames[:len(frames)-s.main.Delay] // ffmpeg ends in decode order
	}
	for i, f := range frames {
		if !f.Stamped {
			t.Fatalf("frame %d has no stamp", i)
		}
		if f.Number != frames[0].Number+uint64(i) {
			t.Fatalf("frame %d is number %d, want %d", i, f.Number, frames[0].Number+uint64(i))
		}
		if burnt && f.Code != int(f.Number%uint64(s.LoopFrames())) {
			t.Errorf("frame %d reads %d, want %d mod %d", f.Number, f.Code, f.Number, s.LoopFrames())
		}
		if f.TimeUS != s.FrameTime(f.Number) {
			t.Errorf("frame %d is of %d µs, want %d", f.Number, f.TimeUS, s.FrameTime(f.Number))
		}
	}
	runs, twice := audit.Runs(frames)
	if len(twice) > 0 {
		t.Errorf("frames twice: %v", twice)
	}
	var want []audit.Run
	for _, r := range sent {
		want = append(want, audit.Run(r))
	}
	if extra := audit.Missing(want, runs); len(extra) > 0 {
		t.Errorf("recorded but not sent: %v; sent %v", extra, sent)
	}
	file, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	ended := s.FrameAt(file.ModTime().UnixMicro()) // looking at it may take longer than it did
	if last := runs[0].Last; last > ended || last+1000 < ended {
		t.Errorf("last frame %d, recorded until %d", last, ended)
	}
	return runs[0]
}
