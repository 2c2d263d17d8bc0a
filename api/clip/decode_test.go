package clip_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"qianshao/api/clip"
	"qianshao/storage/media"
	"qianshao/storage/storagetest"
	"qianshao/storage/timeline"
)

// decoded is one picture as ffmpeg gives it.
type decoded struct {
	at   timeline.Micros // since the file's beginning
	hash string
}

// save writes a whole file to disk and checks that its size was true.
func save(t testing.TB, f *clip.File) string {
	t.Helper()
	var b bytes.Buffer
	if err := f.WriteRange(t.Context(), &b, 0, f.Size()); err != nil {
		t.Fatalf("write: %v", err)
	}
	if int64(b.Len()) != f.Size() {
		t.Fatalf("file of %d bytes, said %d", b.Len(), f.Size())
	}
	path := filepath.Join(t.TempDir(), "clip.mp4")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// ffmpeg runs a tool and fails if it fails, or with quiet says anything on
// stderr.
func ffmpeg(t testing.TB, quiet bool, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), args[0], append([]string{"-v", "error"}, args[1:]...)...)
	var out, msg bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &msg
	if err := cmd.Run(); err != nil || quiet && msg.Len() > 0 {
		t.Errorf("%v: %v: %s", cmd.Args, err, msg.String())
	}
	return out.Bytes()
}

// decode gives the pictures of a file in the order they are shown.
func decode(t testing.TB, path string, noisy ...bool) []decoded {
	t.Helper()
	quiet := len(noisy) == 0 || !noisy[0]
	text := ffmpeg(t, quiet, "ffmpeg", "-threads", "1", "-i", path, "-map", "0:v:0", "-pix_fmt", "gray", "-fps_mode", "passthrough",
		"-enc_time_base", "1:90000", "-f", "framemd5", "-")
	var out []decoded
	for line := range strings.Lines(string(text)) {
		f := strings.Split(strings.TrimSpace(line), ",")
		if len(f) != 6 || strings.HasPrefix(line, "#") {
			continue
		}
		pts, err := strconv.ParseInt(strings.TrimSpace(f[2]), 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, decoded{timeline.Micros(pts * 100 / 9), strings.TrimSpace(f[5])})
	}
	return out
}

// check compares what ffmpeg decoded with the truth.
func check(t testing.TB, got []decoded, want []storagetest.Frame, first timeline.Micros) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%d frames decoded, want %d", len(got), len(want))
	}
	bad := 0
	for i := range min(len(got), len(want)) {
		w := want[i]
		if h := w.Video.Hashes[w.Number]; got[i].hash != h {
			name := "unknown"
			for n, x := range w.Video.Hashes {
				if x == got[i].hash {
					name = fmt.Sprint(n)
				}
			}
			t.Errorf("frame %d at %d µs is number %s, want %d", i, got[i].at, name, w.Number)
			bad++
		}
		if d := got[i].at - (w.Wall - first); d > 3000 || d < -3000 {
			t.Errorf("frame %d at %d µs, want %d", i, got[i].at, w.Wall-first)
			bad++
		}
		if bad > 5 {
			t.Fatal("and so on")
		}
	}
}

func plan(t testing.TB, a *storagetest.Archive, s media.StreamID, p clip.Params) *clip.File {
	t.Helper()
	f, err := clip.Plan(context.Background(), a.Archive, s, p)
	if err != nil {
		t.Fatalf("plan %s to %s: %v", p.Span.From, p.Span.To, err)
	}
	return f
}
