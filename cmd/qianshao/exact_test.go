package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"qianshao/ingest/rtsp/rtsptest"
	"qianshao/ingest/rtsp/rtsptest/audit"
	"qianshao/ingest/rtsp/rtsptest/camtest"
	"qianshao/ingest/rtsp/rtsptest/loop"
	"qianshao/storage/media"
	"qianshao/storage/segment"
	"qianshao/storage/timeline"
)

// Clips of what was really recorded are exact: windows that adjoin, wherever
// their borders lie, share no frame and miss none, whatever the codec, over
// borders of segments and into the one still written.
func TestExactClips(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	dir := t.TempDir()
	settings := settingsFile(t, "segment: {length: 10s}\nretention: {min_free: 0}\n")
	p := start(t, "serve", "--config", settings, "--listen", "127.0.0.1:0", "--data", dir)
	for i, c := range []struct {
		name string
		cfg  rtsptest.Config
	}{
		{"h264 aac", rtsptest.Config{Audio: loop.AAC}},
		{"h264 b-frames opus", rtsptest.Config{BFrames: 2, Audio: loop.Opus}},
		{"h265 pcma", rtsptest.Config{Codec: loop.H265, Audio: loop.PCMA}},
		{"mjpeg pcmu", rtsptest.Config{Codec: loop.MJPEG, Audio: loop.PCMU}},
	} {
		device := fmt.Sprintf("EXACT-%d", i)
		c.cfg.Width, c.cfg.Height, c.cfg.Bitrate, c.cfg.NoSub = 320, 184, 300_000, true
		srv := camtest.Start(t, c.cfg)
		if out, errs, code := qianshao(t, "camera", "add", device, srv.URL(1), "--data", dir); code != exitOK {
			t.Fatalf("camera add: exit %d\n%s%s", code, out, errs)
		}
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if err := waitRecorded(t.Context(), dir, device, 15*timeline.Second); err != nil {
				t.Fatal(err)
			}
			got, err := askAll(t, dir, device)
			if err != nil || len(got.Covered) != 1 {
				t.Fatalf("%+v, %v", got, err)
			}
			all := got.Covered[0]
			recorded := recordedFrames(t, dir, device)
			// 25 a second, each in its place; what a busy machine moved is worked off at
			// 2 % (ingest/docs/time.md).
			for i := 1; i < len(recorded); i++ {
				if d := recorded[i].at - recorded[i-1].at; d < 39_100 || d > 40_900 {
					t.Errorf("%d µs between frames %d and %d", d, i-1, i)
				}
			}
			seed := rand.Uint64()
			random := rand.New(rand.NewPCG(seed, 1))
			borders := []timeline.Micros{all.From, all.To}
			for range 5 {
				borders = append(borders, all.From+timeline.Micros(random.Int64N(int64(all.Len()))))
			}
			slices.Sort(borders)
			next := uint64(0)
			total := 0
			for k := range len(borders) - 1 {
				window := timeline.Span{From: borders[k], To: borders[k+1]}
				if window.Len() < timeline.Second/10 {
					continue // may hold no frame
				}
				file := filepath.Join(t.TempDir(), "clip.mp4")
				q := url.Values{"from": {window.From.String()}, "to": {window.To.String()}}
				save(t, p.url+footagePath(device, "clip.mp4")+"?"+q.Encode(), file)
				if said, err := audit.Decode(t.Context(), file); err != nil || said != "" {
					t.Errorf("%s: %v %s", window.From, err, said)
				}
				numbers := shownNumbers(t, srv, c.cfg.Codec, file, window)
				wantWindow(t, fmt.Sprint(c.name, " ", k), srv, window, numbers)
				if next != 0 && numbers[0] != next && borders[k]-borders[k-1] >= timeline.Second/10 {
					t.Errorf("seed %d: the window from %s begins with frame %d, the one before it ended with %d", seed, window.From, numbers[0], next-1)
				}
				wantRecorded(t, fmt.Sprintf("seed %d: %s", seed, window.From), recorded, window, numbers)
				next = numbers[len(numbers)-1] + 1
				total += len(numbers)
			}
			t.Logf("%d frames in %d windows", total, len(borders)-1)

			// What a camera sends now is in a clip as soon as it is durable.
			n := srv.FrameAt(srv.Now()) + 25
			if err := srv.WaitSent(t.Context(), 1, n); err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			at := timeline.Micros(srv.FrameTime(n))
			err = until(t.Context(), "a frame just sent", func(context.Context) (bool, error) {
				got, err := askAll(t, dir, device)
				return err == nil && got.Covered[len(got.Covered)-1].To > at+placed, err
			})
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("retrievable %v after it was sent", time.Since(began).Round(10*time.Millisecond))
			newest := timeline.Span{From: at - timeline.Second, To: at + placed/2}
			file := filepath.Join(t.TempDir(), "newest.mp4")
			q := url.Values{"from": {newest.From.String()}, "to": {newest.To.String()}}
			save(t, p.url+footagePath(device, "clip.mp4")+"?"+q.Encode(), file)
			if got := shownNumbers(t, srv, c.cfg.Codec, file, newest); !slices.Contains(got, n) {
				t.Errorf("frame %d is not in %d to %d", n, got[0], got[len(got)-1])
			}
		})
	}
}

// wantRecorded wants the frames of a clip to be those that the segments on disk
// place in the window: not one more or fewer.
func wantRecorded(t *testing.T, what string, recorded []recordedFrame, window timeline.Span, numbers []uint64) {
	t.Helper()
	var want []recordedFrame
	for _, f := range recorded {
		if window.Contains(f.at) {
			want = append(want, f)
		}
	}
	if len(numbers) != len(want) || len(want) == 0 {
		t.Fatalf("%s: %d frames, recorded in the window were %d", what, len(numbers), len(want))
	}
	for i, f := range want {
		if f.stamped && f.number != numbers[i] {
			t.Fatalf("%s: frame %d is number %d, recorded in its place was %d", what, i, numbers[i], f.number)
		}
	}
}

// recordedFrame is one frame of a segment file.
type recordedFrame struct {
	at      timeline.Micros // where the segment's time map places it
	number  uint64          // by its stamp
	stamped bool            // MJPEG carries no number outside its pictures
}

// recordedFrames reads the segments of a camera's main stream as they lie on the
// disk, the one still written too, and returns their frames in the order they are
// shown.
func recordedFrames(t *testing.T, dir, device string) (frames []recordedFrame) {
	t.Helper()
	stream := media.CameraID(cameraID(t, dir, device)).Stream(0)
	found := map[segment.ID][]recordedFrame{}
	// A segment goes from .open to sealed to the store while this reads: in this
	// order it is met at least once, and last where most of it is.
	for _, pattern := range []string{"spool/*.open", "spool/*.mp4", "store/v1/*/" + string(stream) + "/*/*.mp4"} {
		paths, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			b, err := os.ReadFile(path)
			if errors.Is(err, fs.ErrNotExist) {
				continue // on its way
			}
			if err != nil {
				t.Fatal(err)
			}
			foot, good, err := segment.Scan(bytes.NewReader(b), int64(len(b)))
			if errors.Is(err, segment.ErrCorrupt) && strings.HasSuffix(path, ".open") {
				continue // its head is still being written
			}
			if err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			if foot.Stream == stream && len(foot.Fragments) > 0 {
				found[foot.ID] = segmentFrames(t, foot, b[:good])
			}
		}
	}
	for _, part := range found {
		frames = append(frames, part...)
	}
	slices.SortFunc(frames, func(a, b recordedFrame) int { return cmp.Compare(a.at, b.at) })
	return frames
}

// segmentFrames takes the places of a segment's frames from its table and their
// numbers from their stamps.
func segmentFrames(t *testing.T, foot *segment.Foot, b []byte) (frames []recordedFrame) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "segment.mp4")
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	stored, err := audit.Stored(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	table := &foot.Samples[0]
	if len(stored) != table.Len() {
		t.Fatalf("segment %v: %d frames, its table has %d", foot.ID, len(stored), table.Len())
	}
	k := 0
	for i := range foot.Fragments {
		run := foot.Fragments[i].Runs[0]
		tick := run.FirstTick
		for range run.Samples {
			at := foot.Maps[0].Wall(tick+int64(table.Offset(k)), foot.Tracks[0].Timescale)
			frames = append(frames, recordedFrame{at, stored[k].Number, stored[k].Stamped})
			tick += int64(table.Durs[k])
			k++
		}
	}
	return frames
}

// shownNumbers reads the numbers of the frames that a clip shows: by the stamp,
// or, of MJPEG, by the code in the picture.
func shownNumbers(t *testing.T, srv *rtsptest.Server, codec loop.Codec, file string, window timeline.Span) (numbers []uint64) {
	t.Helper()
	read := audit.Presented
	if codec == loop.MJPEG {
		read = audit.Codes
	}
	frames, err := read(t.Context(), file)
	if err != nil || len(frames) == 0 {
		t.Fatalf("%d frames, %v", len(frames), err)
	}
	for i, f := range frames {
		if codec == loop.MJPEG {
			f.Number = audit.Unwrap(f.Code, srv.LoopFrames(), srv.FrameAt(int64(window.From))+uint64(i))
		}
		numbers = append(numbers, f.Number)
	}
	return numbers
}
