package api_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"image"
	"image/jpeg"
	"net/http"
	"testing"

	"qianshao/storage/media"
	"qianshao/storage/storagetest"
	"qianshao/storage/timeline"
)

// A still is exactly the frame of the moment, also between key frames and among
// B-frames, with its time and the hash of what was sent.
func TestStill(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	for name, spec := range map[string]storagetest.VideoSpec{
		"B1": {BFrames: 2}, "H1": {Codec: media.H265}, "M1": {Codec: media.MJPEG}, "R1": {Refresh: true},
	} {
		cam := s.camera("local", name, 104.9, 25.09)
		rec := s.record(cam, storagetest.Script{Runs: []storagetest.Run{{Pieces: piece(storagetest.NewVideo(t, spec), 6)}}})
		for _, i := range []int{0, 1, 37, 63, 88, len(rec.Frames) - 1} {
			f := rec.Frames[i]
			path := "/api/v1/cameras/" + name + "/still.jpg?" + span(f.Wall-1000, f.Wall+timeline.Second)
			answer, b := s.get(path)
			if answer.StatusCode != http.StatusOK || answer.Header.Get("Content-Type") != "image/jpeg" {
				t.Fatalf("%s, frame %d: %s %s", name, i, answer.Status, b)
			}
			img, err := jpeg.Decode(bytes.NewReader(b))
			if err != nil {
				t.Fatal(err)
			}
			y := img.(*image.YCbCr)
			luma := make([]byte, 0, y.Rect.Dx()*y.Rect.Dy())
			for row := range y.Rect.Dy() {
				luma = append(luma, y.Y[row*y.YStride:][:y.Rect.Dx()]...)
			}
			if n, ok := storagetest.ReadNumber(luma); !ok || n != f.Number {
				t.Errorf("%s, frame %d: shows %d (%v), want %d", name, i, n, ok, f.Number)
			}
			sum := sha256.Sum256(b)
			if at := answer.Header.Get("X-Picture-Time"); at != f.Wall.String() || answer.Header.Get("X-Picture-Sha256") != hex.EncodeToString(sum[:]) {
				t.Errorf("%s, frame %d: %v, want the time %v and the hash", name, i, answer.Header, f.Wall)
			}
			if again, _ := s.get(path, "If-None-Match", answer.Header.Get("ETag")); again.StatusCode != http.StatusNotModified {
				t.Errorf("%s: again: %s", name, again.Status)
			}
		}
	}
	s.problem("/api/v1/cameras/B1/still.jpg?"+span(begin+timeline.Minute, begin+timeline.Minute+timeline.Second), http.StatusNotFound, "no_footage")
	s.problem("/api/v1/cameras/B1/still.jpg?"+span(begin, begin+timeline.Minute), http.StatusBadRequest, "bad_parameter")
}
