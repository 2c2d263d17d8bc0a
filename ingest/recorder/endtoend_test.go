package recorder_test

import (
	"context"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"qianshao/ingest/recorder"
	"qianshao/ingest/rtsp"
	"qianshao/ingest/rtsp/depacket"
	"qianshao/ingest/rtsp/rtsptest"
	"qianshao/ingest/rtsp/rtsptest/audit"
	"qianshao/ingest/rtsp/rtsptest/loop"
	"qianshao/ingest/timesync"
	"qianshao/storage/media"
	"qianshao/storage/spool"
	"qianshao/storage/vfs"
)

// keeper is the archive of these tests: it remembers what was sealed.
type keeper struct {
	s *spool.Spool

	mu     sync.Mutex
	sealed []spool.Sealed // guarded by mu
}

func (k *keeper) Sealed(_ context.Context, f *spool.File, v *spool.Sealed) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.sealed = append(k.sealed, *v)
	k.s.Forget(f)
}

// handler joins puller and recorder and counts pictures.
type handler struct {
	*recorder.Recorder
	pictures int
	enough   int
	done     func()
}

func (h *handler) Unit(i int, u media.Unit) {
	h.Recorder.Unit(i, u)
	if i == 0 {
		if h.pictures++; h.pictures == h.enough {
			h.done()
		}
	}
}

func (h *handler) Counters(c depacket.Counters) {
	h.SetLoss(recorder.Loss{Packets: c.Lost, Reordered: c.Reordered, Damaged: c.Damaged})
}

// record pulls a simulated camera until so many pictures came, and returns the
// sealed segments and their folder.
func record(t *testing.T, cam rtsptest.Config, pull rtsp.Config, pictures int, length time.Duration) ([]spool.Sealed, string, *rtsptest.Server) {
	t.Helper()
	srv, err := rtsptest.New(cam)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 40*time.Second)
	defer cancel()
	var wg sync.WaitGroup
	defer wg.Wait()
	serving, stopServing := context.WithCancel(context.Background())
	defer stopServing()
	wg.Go(func() { _ = srv.Run(serving) })

	dir := t.TempDir()
	fsys, err := vfs.Dir(dir)
	if err != nil {
		t.Fatal(err)
	}
	sp, err := spool.Open(spool.Config{FS: fsys})
	if err != nil {
		t.Fatal(err)
	}
	k := &keeper{s: sp}
	source := timesync.System()
	seq := uint32(0)
	rec := recorder.New(recorder.Config{
		Stream: media.NewCameraID().Stream(0), Spool: sp, Archive: k, Wall: timesync.NewWall(source),
		Epoch: 1, Boot: 1, Length: length, NextSeq: func() uint32 { seq++; return seq - 1 },
	})
	writing, stopWriting := context.WithCancel(context.Background())
	var written sync.WaitGroup
	written.Go(func() { _ = rec.Run(writing) })

	pulling, enough := context.WithCancel(ctx)
	defer enough()
	h := &handler{Recorder: rec, enough: pictures, done: enough}
	pull.URL = srv.URL(1)
	pull.Clock = func() time.Duration { _, m := source(); return m }
	err = rtsp.Pull(pulling, pull, h)
	rec.End()
	stopWriting()
	written.Wait()
	if pulling.Err() == nil || ctx.Err() != nil {
		t.Fatalf("pull ended after %d pictures: %v", h.pictures, err)
	}
	return k.sealed, filepath.Join(dir, "spool"), srv
}

func TestRecordsEveryFrameOfACamera(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		cam  rtsptest.Config
		pull rtsp.Config
	}{
		"h264 over TCP":              {},
		"h264 with B-frames and AAC": {cam: rtsptest.Config{BFrames: 2, Audio: loop.AAC, GOP: 1}},
		"h265 and G.711":             {cam: rtsptest.Config{Codec: loop.H265, Audio: loop.PCMA}},
		"UDP and Opus":               {cam: rtsptest.Config{Audio: loop.Opus}, pull: rtsp.Config{Transport: "udp"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			segments, dir, _ := record(t, c.cam, c.pull, 160, 3*time.Second)
			if len(segments) < 2 {
				t.Fatalf("%d segments", len(segments))
			}
			var frames []audit.Frame
			for i, v := range segments {
				path := filepath.Join(dir, v.Key.File())
				if out, err := audit.Decode(t.Context(), path); err != nil || out != "" {
					t.Errorf("segment %d: ffmpeg says %q, %v", i, out, err)
				}
				got, err := audit.Stored(t.Context(), path)
				if err != nil {
					t.Fatal(err)
				}
				frames = append(frames, got...)
				if i > 0 && segments[i-1].Key.Span.To != v.Key.Span.From {
					t.Errorf("segment %d begins at %s, the one before ends at %s", i, v.Key.Span.From, segments[i-1].Key.Span.To)
				}
			}
			runs, twice := audit.Runs(frames)
			if n := len(runs); n == 2 && c.cam.BFrames > 0 && runs[1].First == runs[1].Last {
				runs = runs[:1] // the session ended between a P-frame and the B-frames shown before it
			}
			if len(runs) != 1 || len(twice) > 0 {
				t.Fatalf("recorded runs %v, twice %v", runs, twice)
			}
			if n := runs[0].Last - runs[0].First + 1; n < 155 {
				t.Errorf("%d frames recorded of 160 taken", n)
			}
		})
	}
}
