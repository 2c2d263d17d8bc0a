package main

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"qianshao/ingest/rtsp/rtsptest"
	"qianshao/ingest/rtsp/rtsptest/audit"
	"qianshao/ingest/rtsp/rtsptest/camtest"
	"qianshao/storage/timeline"
)

// pictures decodes the video of a file and returns a checksum a picture, in the
// order they are shown.
func pictures(t *testing.T, path string) (sums []string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "ffmpeg", "-nostdin", "-v", "error", "-i", path, "-map", "0:v:0", "-vsync", "passthrough", "-f", "framemd5", "-")
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil || errs.Len() > 0 {
		t.Fatalf("decode %s: %v %s", path, err, errs.String())
	}
	for line := range strings.Lines(string(out)) {
		if !strings.HasPrefix(line, "#") {
			f := strings.Split(line, ",")
			sums = append(sums, strings.TrimSpace(f[len(f)-1]))
		}
	}
	return sums
}

// Footage of real cameras, other encoders than the simulated one, comes back
// picture by picture as it was filmed. QIANSHAO_MEDIA is a folder of such files;
// they are not part of this repository.
func TestRealFootage(t *testing.T) {
	t.Parallel()
	folder := os.Getenv("QIANSHAO_MEDIA")
	if folder == "" {
		folder = filepath.Join("..", "..", "..", "shared", "media")
	}
	films, err := filepath.Glob(filepath.Join(folder, "*.mp4"))
	if err != nil || len(films) == 0 || testing.Short() {
		t.Skipf("no *.mp4 in %s (QIANSHAO_MEDIA), or -short", folder)
	}
	dir := t.TempDir()
	p := start(t, "serve", "--listen", "127.0.0.1:0", "--data", dir)
	for i, film := range films {
		device := "FILM-" + string(rune('A'+i))
		srv := camtest.Start(t, rtsptest.Config{Media: film, StartAtNextKey: true, NoSub: true})
		if out, errs, code := qianshao(t, "camera", "add", device, srv.URL(1), "--data", dir); code != exitOK {
			t.Fatalf("camera add: exit %d\n%s%s", code, out, errs)
		}
		t.Run(filepath.Base(film), func(t *testing.T) {
			t.Parallel()
			if err := waitRecorded(t.Context(), dir, device, 8*timeline.Second); err != nil {
				t.Fatal(err)
			}
			got, err := askAll(t, dir, device)
			if err != nil {
				t.Fatal(err)
			}
			// From the middle of a group of pictures.
			from := got.Covered[0].From + 1_700*timeline.Second/1000
			window := timeline.Span{From: from, To: from + 5*timeline.Second}
			file := filepath.Join(t.TempDir(), "clip.mp4")
			q := url.Values{"from": {window.From.String()}, "to": {window.To.String()}}
			save(t, p.url+footagePath(device, "clip.mp4")+"?"+q.Encode(), file)

			source, shown := pictures(t, film), pictures(t, file)
			frames, err := audit.Presented(t.Context(), file)
			if err != nil {
				t.Fatal(err)
			}
			if len(shown) != len(frames) {
				t.Errorf("%d pictures, %d frames", len(shown), len(frames))
			}
			var numbers []uint64
			for i, f := range frames {
				numbers = append(numbers, f.Number)
				if !f.Stamped || f.Number != frames[0].Number+uint64(i) {
					t.Fatalf("frame %d of the clip is number %d, the first is %d", i, f.Number, frames[0].Number)
				}
				if want := source[f.Number%uint64(len(source))]; shown[i] != want {
					t.Fatalf("frame %d (number %d) is not the picture that was filmed", i, f.Number)
				}
			}
			wantWindow(t, filepath.Base(film), srv, window, numbers)
			wantRecorded(t, filepath.Base(film), recordedFrames(t, dir, device), window, numbers)
		})
	}
}

// save writes an answer to a file.
func save(t *testing.T, address, file string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.Copy(f, resp.Body)
	if err = errors.Join(err, f.Close()); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s %v", address, resp.Status, err)
	}
}
