package api_test

import (
	"io"
	"mime"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"qianshao/api"
	"qianshao/storage/media"
	"qianshao/storage/picture"
	"qianshao/storage/storagetest"
	"qianshao/storage/timeline"
)

// A preview shows the window's frames, each at its time, whatever the camera sends.
func TestPreview(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	for name, c := range map[string]struct {
		video storagetest.VideoSpec
		sound media.Codec
	}{
		"H1": {video: storagetest.VideoSpec{Codec: media.H265, BFrames: 2}}, "G1": {video: storagetest.VideoSpec{Codec: media.H265}, sound: media.PCMA},
		"M1": {video: storagetest.VideoSpec{Codec: media.MJPEG}, sound: media.AAC}, "B1": {video: storagetest.VideoSpec{BFrames: 2}},
	} {
		cam := s.camera("local", name, 104.9, 25.09)
		p := piece(storagetest.NewVideo(t, c.video), 8)
		if c.sound != 0 {
			p[0].Sounds = []*storagetest.Sound{storagetest.NewSound(t, storagetest.SoundSpec{Codec: c.sound})}
		}
		rec := s.record(cam, storagetest.Script{Runs: []storagetest.Run{{Pieces: p}}})
		for _, i := range []int{0, 37, 113} { // at a key frame and between two
			window := timeline.Span{From: rec.Frames[i].Wall - 1000, To: rec.Frames[i].Wall + 3*timeline.Second}
			answer, b := s.get("/api/v1/cameras/" + name + "/preview.mp4?" + span(window.From, window.To))
			if answer.StatusCode != http.StatusOK || answer.Header.Get("X-Clip-From") != rec.Frames[i].Wall.String() {
				t.Fatalf("%s, frame %d: %s %v %s", name, i, answer.Status, answer.Header, b)
			}
			kind, params, err := mime.ParseMediaType(answer.Header.Get("Content-Type"))
			if want := map[bool]string{false: "avc1.4D4028", true: "avc1.4D4028,flac"}[c.sound != 0]; err != nil || kind != "video/mp4" || params["codecs"] != want {
				t.Errorf("%s: %q, want codecs %s", name, answer.Header.Get("Content-Type"), want)
			}
			path := filepath.Join(t.TempDir(), "preview.mp4")
			if err := os.WriteFile(path, b, 0o600); err != nil {
				t.Fatal(err)
			}
			want := rec.In(window)
			numbers, times := shown(t, path)
			if len(numbers) != len(want) || len(times) != len(want) {
				t.Fatalf("%s, frame %d: %d frames with %d times, want %d", name, i, len(numbers), len(times), len(want))
			}
			for k, f := range want {
				at := time.Duration(f.Wall-want[0].Wall) * time.Microsecond
				if off := times[k] - at; numbers[k] != f.Number || off > 12*time.Microsecond || off < -12*time.Microsecond { // a tick of 1/90000 s
					t.Fatalf("%s, frame %d+%d: shows %d at %v, want %d at %v", name, i, k, numbers[k], times[k], f.Number, at)
				}
			}
			if c.sound == 0 {
				continue
			}
			if long := probe(t, path, "-select_streams", "a", "-show_entries", "packet=pts_time"); len(long) < 3 {
				t.Errorf("%s: sound %v", name, long)
			}
		}
	}
	s.problem("/api/v1/cameras/B1/preview.mp4?"+span(begin+timeline.Minute, begin+timeline.Minute+timeline.Second), http.StatusNotFound, "no_footage")
	s.problem("/api/v1/cameras/B1/preview.mp4?"+span(begin, begin+2*timeline.Minute), http.StatusBadRequest, "bad_parameter")
	s.problem("/api/v1/cameras/B1/preview.mp4?width=9999&"+span(begin, begin+timeline.Second), http.StatusBadRequest, "bad_parameter")
}

// shown decodes a film: the numbers in its pictures, and their times.
func shown(t *testing.T, path string) (numbers []int, times []time.Duration) {
	t.Helper()
	raw, err := exec.CommandContext(t.Context(), "ffmpeg", "-v", "error", "-i", path, "-map", "0:v:0", "-f", "rawvideo", "-pix_fmt", "gray", "-fps_mode", "passthrough", "-").Output()
	if err != nil {
		t.Fatal(err)
	}
	const size = storagetest.Width * storagetest.Height
	for ; len(raw) >= size; raw = raw[size:] {
		n, ok := storagetest.ReadNumber(raw[:size])
		if !ok {
			n = -1
		}
		numbers = append(numbers, n)
	}
	for _, line := range probe(t, path, "-select_streams", "v", "-show_entries", "packet=pts_time") {
		d, err := time.ParseDuration(line + "s")
		if err != nil {
			t.Fatal(err)
		}
		times = append(times, d)
	}
	return numbers, times
}

func probe(t *testing.T, path string, args ...string) []string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "ffprobe", append([]string{"-v", "error", "-of", "csv=p=0", path}, args...)...).Output()
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for line := range strings.FieldsSeq(string(out)) {
		list = append(list, strings.TrimRight(line, ","))
	}
	return list
}

// What ffmpeg cannot do is told, before a byte or by breaking off.
func TestPreviewInTrouble(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		does   string
		status int
		code   string
	}{
		"no program": {"", http.StatusServiceUnavailable, "no_ffmpeg"},
		"complains":  {"cat >/dev/null; echo no such coding >&2; exit 1", http.StatusUnprocessableEntity, "undecodable"},
		"breaks off": {"head -c 100 /dev/zero; cat >/dev/null; exit 1", 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			program := filepath.Join(t.TempDir(), "ffmpeg")
			if c.does != "" {
				if err := os.WriteFile(program, []byte("#!/bin/sh\n"+c.does+"\n"), 0o700); err != nil { //nolint:gosec // a program
					t.Fatal(err)
				}
			}
			s := newSite(t, func(cfg *api.Config) { cfg.Pictures = picture.New(picture.Config{FFmpeg: program}) })
			rec := s.record(s.camera("local", "C1", 104.9, 25.09), storagetest.Script{Runs: []storagetest.Run{{Pieces: piece(storagetest.NewVideo(t, storagetest.VideoSpec{}), 4)}}})
			path := "/api/v1/cameras/C1/preview.mp4?" + span(rec.Frames[0].Wall, rec.Frames[0].Wall+timeline.Second)
			if c.status != 0 {
				s.problem(path, c.status, c.code)
				return
			}
			r, err := http.Get(s.url + path) //nolint:gosec,noctx // our own server
			if err != nil {
				t.Fatal(err)
			}
			defer r.Body.Close()
			if b, err := io.ReadAll(r.Body); err == nil || len(b) != 100 {
				t.Errorf("%d bytes, then %v: an answer that broke off looks whole", len(b), err)
			}
		})
	}
}
