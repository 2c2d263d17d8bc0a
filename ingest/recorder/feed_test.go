package recorder_test

import (
	"context"
	"encoding/binary"
	"io"
	"sync"
	"testing"
	"time"

	"qianshao/ingest/recorder"
	"qianshao/ingest/timesync"
	"qianshao/storage/media"
	"qianshao/storage/segment"
	"qianshao/storage/spool"
	"qianshao/storage/timeline"
	"qianshao/storage/vfs"
)

// plainTrack is H.264 Baseline: no B-frames.
func plainTrack() *media.Track {
	return &media.Track{
		Codec: media.H264, Timescale: 90000, Width: 640, Height: 368,
		SPS: [][]byte{{0x67, 0x42, 0xc0, 0x1e, 0xda, 0x02, 0x80, 0xbe, 0x40}},
		PPS: [][]byte{{0x68, 0xce, 0x3c, 0x80}},
	}
}

// lossOf is one call of Lost.
type lossOf struct {
	timeline.Span
	Cause timeline.Cause
}

// studio is a recorder fed by hand, on clocks of its own.
type studio struct {
	t     *testing.T
	rec   *recorder.Recorder
	keep  *keeper
	fsys  vfs.FS
	video media.Chain
	sound media.Chain
	n     uint64 // next picture

	mu     sync.Mutex
	mono   time.Duration     // guarded by mu
	step   time.Duration     // of the wall clock; guarded by mu
	lost   []lossOf          // guarded by mu
	placed []timeline.Micros // guarded by mu

	stop func()
}

var epoch = time.Unix(1_700_000_000, 0)

// newStudio starts a recorder over a file system; nil: a temporary folder.
func newStudio(t *testing.T, length time.Duration, fsys vfs.FS) *studio {
	t.Helper()
	if fsys == nil {
		dir, err := vfs.Dir(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		fsys = dir
	}
	sp, err := spool.Open(spool.Config{FS: fsys, Sync: spool.SyncOff, StopFree: 1000})
	if err != nil {
		t.Fatal(err)
	}
	s := &studio{t: t, keep: &keeper{s: sp}, fsys: fsys}
	source := func() (time.Time, time.Duration) {
		s.mu.Lock()
		defer s.mu.Unlock()
		return epoch.Add(s.mono + s.step), s.mono
	}
	seq := uint32(0)
	s.rec = recorder.New(recorder.Config{
		Stream: media.NewCameraID().Stream(0), Spool: sp, Archive: s.keep, Wall: timesync.NewWall(source),
		Epoch: 1, Boot: 1, Length: length, NextSeq: func() uint32 { seq++; return seq - 1 },
		Lost: func(span timeline.Span, cause timeline.Cause) {
			s.mu.Lock()
			s.lost = append(s.lost, lossOf{span, cause})
			s.mu.Unlock()
		},
		Placed: func(at timeline.Micros) {
			s.mu.Lock()
			s.placed = append(s.placed, at)
			s.mu.Unlock()
		},
	})
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { _ = s.rec.Run(ctx) })
	s.stop = sync.OnceFunc(func() {
		cancel()
		wg.Wait()
	})
	t.Cleanup(s.stop)
	return s
}

// begin starts a session with video, and sound if wanted.
func (s *studio) begin(sound bool) {
	sources := []media.Source{{Codec: media.H264, Rate: 90000, Chain: &s.video}}
	if sound {
		sources = append(sources, media.Source{Codec: media.PCMA, Rate: 8000, Chain: &s.sound})
	}
	s.rec.Begin(sources)
}

func (s *studio) at(d time.Duration) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mono = max(s.mono, d)
	return s.mono
}

// picture feeds a picture shown and arriving at d.
func (s *studio) picture(d time.Duration, sync media.Sync, track *media.Track) {
	s.pictureAs(d, d, sync, track, 100)
}

// pictureAs feeds a picture of size bytes that is shown at pts and arrives at at.
func (s *studio) pictureAs(pts, at time.Duration, sync media.Sync, track *media.Track, size int) {
	b := make([]byte, max(size, 13))
	binary.BigEndian.PutUint32(b, uint32(len(b)-4))
	b[4] = 0x41
	binary.BigEndian.PutUint64(b[5:], s.n)
	s.n++
	pos := s.video.End()
	s.video.Append(b)
	s.rec.Unit(0, media.Unit{
		RTP: uint32(int64(pts) * 9 / 100_000), At: s.at(at), Sync: sync, Pos: pos, Len: len(b), Track: track,
	})
}

// beep feeds 20 ms of sound.
func (s *studio) beep(d time.Duration, track *media.Track) {
	pos := s.sound.End()
	s.sound.Append(make([]byte, 160))
	s.rec.Unit(1, media.Unit{
		RTP: uint32(d.Milliseconds() * 8), At: s.at(d), Pos: pos, Len: 160, Dur: 160, Track: track,
	})
}

// film feeds n pictures at 25 a second from the moment from on, a key frame
// every gop, and sound beside them if there is any; it returns the moment after.
func (s *studio) film(from time.Duration, n, gop int, sound bool) time.Duration {
	for i := range n {
		sync := media.NoSync
		if i%gop == 0 {
			sync = media.KeyFrame
		}
		var track *media.Track
		if s.n == 0 {
			track = plainTrack()
		}
		s.picture(from, sync, track)
		if sound {
			s.beep(from, nil)
			s.beep(from+20*time.Millisecond, nil)
		}
		from += 40 * time.Millisecond
	}
	return from
}

// wrap ends everything and returns the sealed segments.
func (s *studio) wrap() []spool.Sealed {
	s.t.Helper()
	s.rec.End()
	s.stop()
	return s.keep.sealed
}

// numbers are the pictures stored in a segment, by the bytes in the file.
func (s *studio) numbers(v spool.Sealed) []uint64 {
	s.t.Helper()
	f, err := s.keep.s.OpenSealed(v.Key)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	var foot segment.Foot
	if err := segment.ReadFoot(f, v.Bytes, v.FootBytes, &foot); err != nil {
		s.t.Fatal(err)
	}
	var out []uint64
	i := 0
	for k := range foot.Fragments {
		fr := &foot.Fragments[k]
		at := fr.DataOffset(0)
		for range fr.Runs[0].Samples {
			var b [8]byte
			if _, err := f.ReadAt(b[:], at+5); err != nil && err != io.EOF {
				s.t.Fatal(err)
			}
			out = append(out, binary.BigEndian.Uint64(b[:]))
			at += int64(foot.Samples[0].Sizes[i])
			i++
		}
	}
	return out
}

// whole checks that the segments hold the pictures 0 to n-1, each once and in
// order, and abut unless they say that they begin a run.
func (s *studio) whole(segments []spool.Sealed, n int) {
	s.t.Helper()
	want := uint64(0)
	for i, v := range segments {
		for _, got := range s.numbers(v) {
			if got != want {
				s.t.Fatalf("segment %d: picture %d, want %d", i, got, want)
			}
			want++
		}
		if i > 0 && !v.Foot.NewRun && v.Key.Span.From != segments[i-1].Key.Span.To {
			s.t.Errorf("segment %d begins at %s, the one before ends at %s", i, v.Key.Span.From, segments[i-1].Key.Span.To)
		}
	}
	if want != uint64(n) {
		s.t.Errorf("%d pictures kept of %d", want, n)
	}
}

func lossN(n uint64) recorder.Loss { return recorder.Loss{Packets: n} }
