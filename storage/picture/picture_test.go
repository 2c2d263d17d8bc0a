package picture_test

import (
	"bytes"
	"errors"
	"image"
	"image/jpeg"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"qianshao/storage/media"
	"qianshao/storage/picture"
	"qianshao/storage/storagetest"
	"qianshao/storage/timeline"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// number reads the number burnt into a picture, the tile at x, y of its luma.
func number(t *testing.T, b []byte, x, y int) int {
	t.Helper()
	img, err := jpeg.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	full, ok := img.(*image.YCbCr)
	if !ok {
		t.Fatalf("decoded to %T", img)
	}
	luma := make([]byte, 0, storagetest.Width*16)
	for r := range 16 {
		off := full.YOffset(x, y+r)
		luma = append(luma, full.Y[off:off+storagetest.Width]...)
	}
	n, ok := storagetest.ReadNumber(luma)
	if !ok {
		t.Fatal("no number in the picture")
	}
	return n
}

var specs = map[string]storagetest.VideoSpec{
	"h264":        {},
	"h264_b":      {BFrames: 2},
	"h264_open":   {BFrames: 2, OpenGOP: true},
	"h265":        {Codec: media.H265},
	"h265_open":   {Codec: media.H265, BFrames: 2, OpenGOP: true},
	"mjpeg":       {Codec: media.MJPEG},
	"short_group": {GOP: 5},
}

func TestSnapshotIsTheLastKeyFrame(t *testing.T) {
	t.Parallel()
	for name, spec := range specs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := storagetest.New(t)
			v := storagetest.NewVideo(t, spec)
			rec := a.Record(storagetest.Script{Runs: []storagetest.Run{{Pieces: []storagetest.Piece{{Video: v, Seconds: 10}}}}, Open: true, Stored: true})
			m := picture.New(picture.Config{})
			for _, i := range []int{0, 30, 120, len(rec.Frames) - 1} {
				at := rec.Frames[i].Wall
				key := i
				for !rec.Frames[key].Key {
					key--
				}
				shot, err := picture.Find(t.Context(), a.Archive, rec.Stream, at)
				if err != nil {
					t.Fatal(err)
				}
				if shot.At != rec.Frames[key].Wall {
					t.Fatalf("frame %d: key frame at %s, want %s", i, shot.At, rec.Frames[key].Wall)
				}
				b, err := m.Snapshot(t.Context(), shot, 0)
				if err != nil {
					t.Fatal(err)
				}
				if got := number(t, b, 0, 0); got != rec.Frames[key].Number {
					t.Fatalf("frame %d: picture %d, want %d", i, got, rec.Frames[key].Number)
				}
			}
		})
	}
}

func TestSnapshotOfIntraRefresh(t *testing.T) {
	t.Parallel()
	a := storagetest.New(t)
	v := storagetest.NewVideo(t, storagetest.VideoSpec{Refresh: true})
	rec := a.Record(storagetest.Script{Runs: []storagetest.Run{{Pieces: []storagetest.Piece{{Video: v, Seconds: 4}}}}})
	shot, err := picture.Find(t.Context(), a.Archive, rec.Stream, rec.Frames[60].Wall)
	if err != nil {
		t.Fatal(err)
	}
	b, err := picture.New(picture.Config{}).Snapshot(t.Context(), shot, 0)
	if err != nil {
		t.Fatal(err)
	}
	want := -1
	for _, f := range rec.Frames {
		if f.Wall == shot.At {
			want = f.Number
		}
	}
	if got := number(t, b, 0, 0); got != want {
		t.Fatalf("picture %d, want %d", got, want)
	}
}

func TestNewestAndGaps(t *testing.T) {
	t.Parallel()
	a := storagetest.New(t)
	v := storagetest.NewVideo(t, storagetest.VideoSpec{})
	rec := a.Record(storagetest.Script{Runs: []storagetest.Run{
		{Pieces: []storagetest.Piece{{Video: v, Seconds: 4}}},
		{After: 30, Pieces: []storagetest.Piece{{Video: v, Seconds: 4}}},
	}})
	ctx := t.Context()
	gap := rec.Frames[0].Wall + 20*timeline.Second
	if _, err := picture.Find(ctx, a.Archive, rec.Stream, gap); !errors.Is(err, picture.ErrNone) {
		t.Fatalf("in a gap: %v", err)
	}
	if _, err := picture.Newest(ctx, a.Archive, media.StreamID(media.NewCameraID()+".0"), rec.End); !errors.Is(err, picture.ErrNone) {
		t.Fatalf("of a stream without footage: %v", err)
	}
	for _, now := range []timeline.Micros{rec.End, rec.End + timeline.Day} {
		shot, err := picture.Newest(ctx, a.Archive, rec.Stream, now)
		if err != nil || shot.At != rec.End-timeline.Second {
			t.Fatalf("newest: %+v, %v", shot, err)
		}
	}
	// A sheet: footage, gap, footage.
	var at []timeline.Micros
	for _, s := range []timeline.Micros{0, 1, 2, 20, 35, 36, 36, 37, 37, 37, 37} {
		at = append(at, rec.Frames[0].Wall+s*timeline.Second)
	}
	shots, err := picture.FindAll(ctx, a.Archive, rec.Stream, at)
	if err != nil {
		t.Fatal(err)
	}
	m := picture.New(picture.Config{})
	sheet, err := m.Sheet(ctx, shots, 0)
	if err != nil {
		t.Fatal(err)
	}
	if sheet.Columns != 10 || sheet.Rows != 2 || sheet.TileW != storagetest.Width || sheet.TileH != storagetest.Height {
		t.Fatalf("sheet %+v", sheet)
	}
	for i, s := range shots {
		if (s == nil) != (i == 3) {
			t.Fatalf("moment %d: %+v", i, s)
		}
		if s == nil {
			continue
		}
		want := 0
		for _, f := range rec.Frames {
			if f.Wall == s.At {
				want = f.Number
			}
		}
		if got := number(t, sheet.JPEG, i%10*sheet.TileW, i/10*sheet.TileH); got != want {
			t.Fatalf("tile %d: picture %d, want %d", i, got, want)
		}
	}
	again, err := m.Sheet(ctx, shots, 0)
	if err != nil || again != sheet {
		t.Fatalf("made again: %v", err)
	}
	if _, err := m.Sheet(ctx, make([]*picture.Shot, 3), 0); !errors.Is(err, picture.ErrNone) {
		t.Fatalf("sheet of nothing: %v", err)
	}
}

func TestTroubleWithFFmpeg(t *testing.T) {
	t.Parallel()
	a := storagetest.New(t)
	record := func(codec media.Codec) *picture.Shot {
		v := storagetest.NewVideo(t, storagetest.VideoSpec{Codec: codec})
		rec := a.Record(storagetest.Script{Runs: []storagetest.Run{{Pieces: []storagetest.Piece{{Video: v, Seconds: 2}}}}})
		shot, err := picture.Newest(t.Context(), a.Archive, rec.Stream, rec.End)
		if err != nil {
			t.Fatal(err)
		}
		return shot
	}
	h264, mjpeg := record(media.H264), record(media.MJPEG)
	for _, program := range []string{"no-such-program-here", filepath.Join(t.TempDir(), "gone")} {
		m := picture.New(picture.Config{FFmpeg: program})
		if _, err := m.Snapshot(t.Context(), h264, 0); !errors.Is(err, picture.ErrNoFFmpeg) {
			t.Fatalf("without ffmpeg: %v", err)
		}
		if b, err := m.Snapshot(t.Context(), mjpeg, 0); err != nil || len(b) == 0 {
			t.Fatalf("a JPEG needs no ffmpeg: %v", err)
		}
	}
	// A program that answers nothing: one process is at work, the next waits.
	m := picture.New(picture.Config{FFmpeg: "/bin/false"})
	if _, err := m.Snapshot(t.Context(), h264, 0); !errors.Is(err, picture.ErrUndecodable) {
		t.Fatalf("no picture: %v", err)
	}
	m = picture.New(picture.Config{Timeout: time.Nanosecond})
	if _, err := m.Snapshot(t.Context(), h264, 0); err == nil || errors.Is(err, picture.ErrUndecodable) {
		t.Fatalf("out of time: %v", err)
	}
}
