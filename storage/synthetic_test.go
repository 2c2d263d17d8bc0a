package storage_test

import (
	"log/slog"
	"path/filepath"
	"testing"

	"qianshao/storage"
	"qianshao/storage/blob"
	"qianshao/storage/blob/fileblob"
	"qianshao/storage/fmp4"
	"qianshao/storage/index"
	"qianshao/storage/media"
	"qianshao/storage/segment"
	"qianshao/storage/spool"
	"qianshao/storage/timeline"
	"qianshao/storage/vfs"
)

// Synthetic footage: MJPEG pictures and A-law sound need no parameter sets, so
// any bytes will do.

func pictures() media.Track {
	return media.Track{ID: 1, Codec: media.MJPEG, Timescale: 90_000, Width: 64, Height: 48}
}

func sounds() media.Track {
	return media.Track{ID: 2, Codec: media.PCMA, Timescale: 8_000, SampleRate: 8_000, Channels: 1}
}

// frameTicks and frameMicros are the length of one picture.
const (
	frameTicks  = 3_600
	frameMicros = 40_000
)

// part is b as a Part.
func part(b []byte) media.Part {
	var c media.Chain
	var p media.Part
	c.Append(b)
	c.Take(c.End(), &p)
	c.Close()
	return p
}

// fragmentOf is a fragment of pictures in equal pieces of video, with one packet
// of sound unless that is empty. first counts pictures from the segment's start.
func fragmentOf(first int64, frames int, video, sound []byte) *spool.Fragment {
	run := fmp4.Run{TrackID: 1, FirstTick: 90_000 + first*frameTicks}
	for i := range frames {
		run.Sizes = append(run.Sizes, uint32(len(video)*(i+1)/frames-len(video)*i/frames))
		run.Durs = append(run.Durs, frameTicks)
		run.Kinds = append(run.Kinds, uint8(media.KeyFrame))
	}
	audio := fmp4.Run{TrackID: 2, FirstTick: 8_000 + first*320}
	if len(sound) > 0 {
		audio.Sizes, audio.Durs = []uint32{uint32(len(sound))}, []uint32{uint32(frames * 320)}
	}
	return &spool.Fragment{Runs: []fmp4.Run{run, audio}, Parts: []media.Part{part(video), part(sound)}}
}

// headOf is the head of a synthetic segment that starts at a moment.
func headOf(id segment.ID, start timeline.Micros) *segment.Head {
	return &segment.Head{
		ID: id, Start: start, Created: start, NewRun: true, Break: "first", Tracks: []media.Track{pictures(), sounds()},
		Maps: []segment.TimeMap{{Tick0: 90_000, US0: start}, {Tick0: 8_000, US0: start}},
	}
}

// house is an archive in a temporary folder, with what a test may want to break.
type house struct {
	*storage.Archive
	fs   vfs.FS
	dir  string
	next map[media.StreamID]*segment.Head // of the segment that goes on with the last
}

// start of all synthetic footage: 2026-11-23T09:00:00Z.
const start = 1_795_424_400 * timeline.Second

const (
	camera = media.CameraID("c_aaaaaaaaaaaaaaaa")
	other  = media.CameraID("c_bbbbbbbbbbbbbbbb")
)

func newHouse(t testing.TB) *house {
	t.Helper()
	dir := t.TempDir()
	fsys, err := vfs.Dir(dir)
	if err != nil {
		t.Fatal(err)
	}
	store, err := fileblob.Open(fileblob.Config{FS: fsys, Root: dir})
	if err != nil {
		t.Fatal(err)
	}
	return newHouseOn(t, dir, fsys, store)
}

func newHouseOn(t testing.TB, dir string, fsys vfs.FS, store blob.Store) *house {
	t.Helper()
	sp, err := spool.Open(spool.Config{FS: fsys, Sync: spool.SyncOff})
	if err != nil {
		t.Fatal(err)
	}
	h := &house{fs: fsys, dir: dir, next: map[media.StreamID]*segment.Head{}}
	h.Archive = &storage.Archive{Spool: sp, Store: store, Index: newIndex(t), Log: slog.New(slog.DiscardHandler)}
	return h
}

func newIndex(t testing.TB) *index.DB {
	t.Helper()
	db, err := index.Open(t.Context(), index.Config{Path: filepath.Join(t.TempDir(), "index.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// record seals and indexes n segments of a stream, each of two fragments, that
// go on with those before.
func (h *house) record(t testing.TB, stream media.StreamID, n int) []index.Row {
	t.Helper()
	var rows []index.Row
	for range n {
		head := h.next[stream]
		if head == nil {
			head = headOf(segment.ID{Stream: stream, Epoch: 1, Boot: 1_795_424_390}, start)
		}
		f, err := h.Spool.Create(head)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 2 {
			video := []byte("pictures of " + head.OpenFile() + " " + string(rune('a'+i)))
			fr := fragmentOf(int64(i)*25, 25, append(video, make([]byte, 400)...), []byte("sound"))
			if err := f.Append(fr); err != nil {
				t.Fatal(err)
			}
		}
		v, err := f.Seal(spool.End{Reason: segment.EndLength, LostPkts: uint64(head.Seq), ClockOff: 12, ClockUnc: 34})
		if err != nil {
			t.Fatal(err)
		}
		h.Sealed(t.Context(), f, v)
		rows = append(rows, storage.SealedRow(v))
		next := headOf(segment.ID{Stream: stream, Epoch: 1, Boot: head.Boot, Seq: head.Seq + 1}, v.Foot.End)
		next.NewRun, next.Break, next.Prev = false, "", v.SHA256
		h.next[stream] = next
	}
	return rows
}
