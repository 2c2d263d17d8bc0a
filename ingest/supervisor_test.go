package ingest

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"qianshao/ingest/rtsp"
	"qianshao/ingest/rtsp/rtsptest"
	"qianshao/ingest/rtsp/rtsptest/audit"
	"qianshao/ingest/rtsp/rtsptest/camtest"
	"qianshao/ingest/rtsp/rtsptest/clocktest"
	"qianshao/ingest/rtsp/rtsptest/loop"
	"qianshao/ingest/timesync"
	"qianshao/registry"
	"qianshao/registry/dial"
	"qianshao/registry/secret"
	"qianshao/storage"
	"qianshao/storage/acts"
	"qianshao/storage/blob/fileblob"
	"qianshao/storage/index"
	"qianshao/storage/live"
	"qianshao/storage/media"
	"qianshao/storage/spool"
	"qianshao/storage/timeline"
	"qianshao/storage/vfs"
)

// station is a Supervisor over a real registry and a real archive.
type station struct {
	t       *testing.T
	dir     string
	reg     *registry.Registry
	archive *storage.Archive
	sup     *Supervisor
	wall    *timesync.Wall
	push    *rtsp.PushServer
	pushing string // where cameras publish: host:port
	stop    func() // and wait
	ids     map[string]media.CameraID

	mu   sync.Mutex
	step time.Duration // of the server's clock
}

// newStation opens a folder and starts recording; stop ends it. Times to wait
// are short.
func newStation(t *testing.T, dir string, boot uint64) *station {
	t.Helper()
	s := &station{t: t, dir: dir, ids: map[string]media.CameraID{}}
	log := slog.New(slog.DiscardHandler)
	fsys, err := vfs.Dir(dir)
	s.check(err)
	store, err := fileblob.Open(fileblob.Config{FS: fsys, Root: dir})
	s.check(err)
	al, err := acts.Open(t.Context(), acts.Config{FS: fsys, Store: store, Log: log})
	s.check(err)
	db, err := index.Open(t.Context(), index.Config{Path: filepath.Join(dir, "index.db"), Log: log})
	s.check(err)
	s.reg, err = registry.Open(t.Context(), registry.Config{Dir: dir, Log: log, Acts: al})
	s.check(err)
	sp, err := spool.Open(spool.Config{FS: fsys, Sync: spool.SyncOff, Log: log})
	s.check(err)
	s.archive = &storage.Archive{Spool: sp, Store: store, Index: db, Log: log}
	_, err = s.archive.Recover(t.Context())
	s.check(err)
	system := timesync.System()
	s.wall = timesync.NewWall(func() (time.Time, time.Duration) {
		now, mono := system()
		s.mu.Lock()
		defer s.mu.Unlock()
		return now.Add(s.step), mono
	})
	s.push = rtsp.NewPushServer(rtsp.PushConfig{Realm: registry.PushRealm, TLS: certificate()})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	s.check(err)
	s.pushing = l.Addr().String()
	s.sup = New(Config{
		Push: s.push, Registry: s.reg, Archive: s.archive, Acts: al, Live: &live.Hub{}, Wall: s.wall,
		Dialer: dial.New(dial.Config{AllowLoopback: true, Conceal: func(carrier string) bool { return carrier == concealed }}), Epoch: 1, Boot: boot, Log: log,
		SegmentLength: 10 * time.Second, Stall: 3 * time.Second, FirstFrame: 10 * time.Second,
		RetryMin: 100 * time.Millisecond, RetryMax: 200 * time.Millisecond,
	})
	now := s.wall.Now().Wall
	s.check(db.Alive(t.Context(), "test", boot, now, now)) // before anything is enrolled
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { s.report(s.sup.Run(ctx)) })
	wg.Go(func() { s.report(s.push.Run(ctx, l)) })
	wg.Go(func() { s.report(s.reg.Run(ctx)) })
	wg.Go(func() {
		s.report(s.archive.StampAlive(ctx, "test", boot, func() timeline.Micros { return s.wall.Now().Wall }))
	})
	s.stop = sync.OnceFunc(func() {
		cancel()
		wg.Wait()
		s.report(s.reg.Close())
		s.report(db.Close())
	})
	t.Cleanup(s.stop)
	return s
}

// certificate is the server's own, for cameras that publish over TLS.
var certificate = sync.OnceValue(func() *tls.Config {
	cfg, _, err := rtsptest.SelfSigned()
	if err != nil {
		panic(err)
	}
	return cfg
})

func (s *station) check(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *station) report(err error) {
	if err != nil {
		s.t.Error(err)
	}
}

// concealed is a carrier that is not told why its cameras are not reached.
const concealed = "concealed"

// add makes or changes a camera.
func (s *station) add(d registry.Draft) media.CameraID {
	s.t.Helper()
	out, err := s.reg.Upsert(s.t.Context(), []registry.Draft{d})
	s.check(err)
	if out[0].Status == registry.Rejected {
		s.t.Fatal(out[0].Message)
	}
	s.ids[d.DeviceID] = out[0].Camera
	return out[0].Camera
}

// until waits for something that recording brings about.
func (s *station) until(what string, done func() bool) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 2*time.Minute)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			s.t.Fatalf("waiting for %s: %+v", what, s.reg.States())
		}
	}
}

// recorded is how much of a stream is durable.
func (s *station) recorded(stream media.StreamID) timeline.Micros {
	s.t.Helper()
	covered, _ := s.timeline(stream)
	return timeline.Total(covered)
}

// timeline is what there is of a stream since the day before.
func (s *station) timeline(stream media.StreamID) ([]timeline.Span, []timeline.Gap) {
	s.t.Helper()
	now := s.wall.Now().Wall
	enrolled, err := s.reg.Enrolled(s.t.Context(), stream)
	s.check(err)
	var open []timeline.Span
	for _, f := range s.archive.Spool.OpenFiles(stream) {
		if foot := f.Snapshot(); foot != nil {
			open = append(open, foot.Span())
		}
	}
	covered, gaps, err := s.archive.Index.Gaps(s.t.Context(), stream, enrolled, timeline.Span{From: now - timeline.Day, To: now}, open...)
	s.check(err)
	if n := len(gaps); n > 0 && gaps[n-1].To == now && s.reg.State(stream).Phase == registry.Streaming {
		gaps = gaps[:n-1] // footage on its way to the disk
	}
	return covered, gaps
}

// frames reads what was sealed of a stream.
func (s *station) frames(stream media.StreamID) (frames []audit.Frame) {
	s.t.Helper()
	paths, err := filepath.Glob(filepath.Join(s.dir, "spool", string(stream)+"-*.mp4"))
	s.check(err)
	for _, path := range paths {
		got, err := audit.Stored(s.t.Context(), path)
		s.check(err)
		frames = append(frames, got...)
	}
	return frames
}

// wantAll wants every frame that a camera sent, once, but for those on the wire
// when recording stopped.
func (s *station) wantAll(stream media.StreamID, srv *rtsptest.Server, cam int) {
	s.t.Helper()
	have, twice := audit.Runs(s.frames(stream))
	if len(twice) > 0 {
		s.t.Errorf("%s: twice: %v", stream, twice)
	}
	if len(have) == 0 {
		s.t.Fatalf("%s: no frames", stream)
	}
	for _, r := range srv.Sent(cam) {
		last := uint64(0) // what came of this session
		for _, h := range have {
			if h.First <= r.Last && h.Last >= r.First {
				last = min(h.Last, r.Last)
			}
		}
		for _, n := range audit.Missing(have, []audit.Run{{First: r.First, Last: r.Last}}) {
			if n <= last {
				s.t.Errorf("%s: frame %d of %v is missing in %v", stream, n, r, have)
			}
		}
	}
}

// cameras runs small simulated cameras until the test ends.
func cameras(t *testing.T, cfg rtsptest.Config) *rtsptest.Server {
	t.Helper()
	cfg.Width, cfg.Height, cfg.GOP, cfg.Bitrate = 320, 184, 0.4, 200_000
	cfg.StartAtNextKey = true
	return camtest.Start(t, cfg)
}

func draft(device, url string) registry.Draft {
	return registry.Draft{DeviceID: device, URL: registry.Set(url)}
}

// Cameras come, change and go; the others keep their connection and every frame.
func TestChangesLeaveOthersAlone(t *testing.T) {
	t.Parallel()
	srv := cameras(t, rtsptest.Config{Cameras: 4, NoSub: true})
	s := newStation(t, t.TempDir(), 1)
	first := s.add(draft("A", srv.URL(1))).Stream(0)
	moved := s.add(draft("B", srv.URL(2))).Stream(0)
	gone := s.add(draft("C", srv.URL(3))).Stream(0)
	for _, id := range []media.StreamID{first, moved, gone} {
		s.until("recording", func() bool { return s.recorded(id) > timeline.Second })
	}
	s.add(draft("B", srv.URL(4)))
	s.check(s.reg.Remove(t.Context(), s.ids["C"], "test"))
	second := s.add(draft("D", srv.URL(2))).Stream(0)
	s.until("the removed camera to be let go", func() bool { return srv.Sessions(3)[0].ToUS > 0 })
	s.until("the new camera", func() bool { return s.recorded(second) > timeline.Second })
	s.until("the moved camera", func() bool { return len(srv.Sessions(4)) > 0 && s.reg.State(moved).Phase == registry.Streaming })
	end := s.recorded(first)
	s.until("more of the first", func() bool { return s.recorded(first) > end+timeline.Second })
	// A change that does not matter for recording is no reason to connect again.
	s.add(registry.Draft{DeviceID: "D", Name: registry.Set("桥头")})
	s.until("more after a new name", func() bool { return s.recorded(first) > end+2*timeline.Second })
	s.stop()
	if n := len(srv.Sessions(1)); n != 1 {
		t.Errorf("%d sessions with the camera that nobody touched", n)
	}
	if n := len(srv.Sessions(2)); n != 2 { // of B, then of D
		t.Errorf("%d sessions with camera 2", n)
	}
	if n := len(srv.Sessions(3)); n != 1 {
		t.Errorf("%d sessions with the removed camera", n)
	}
	s.wantAll(first, srv, 1)
	s.wantAll(gone, srv, 3)
}

// A wrong password is tried once and waits for an edit.
func TestWrongPasswordWaits(t *testing.T) {
	t.Parallel()
	srv := cameras(t, rtsptest.Config{Cameras: 2, NoSub: true, Username: "user", Password: "right"})
	s := newStation(t, t.TempDir(), 1)
	login := func(device string, cam int, password string) media.StreamID {
		d := draft(device, srv.URL(cam))
		d.Username, d.Password = registry.Set("user"), registry.Set(secret.New(password))
		return s.add(d).Stream(0)
	}
	other := login("B", 2, "right")
	locked := login("A", 1, "wrong")
	s.until("the refusal", func() bool { return s.reg.State(locked).Phase == registry.Waiting })
	st := s.reg.State(locked)
	if st.Cause != timeline.AuthFailed || strings.Contains(st.LastError, "wrong") || st.LastError == "" {
		t.Errorf("%+v", st)
	}
	before := srv.Counts()
	s.until("time to pass", func() bool { return s.recorded(other) > 2*timeline.Second }) // ten times the longest wait
	if now := srv.Counts(); now != before || now.Refusals != 1 {
		t.Errorf("%+v, then %+v: the camera is hammered", before, now)
	}
	login("A", 1, "right")
	s.until("recording after the edit", func() bool { return s.recorded(locked) > timeline.Second })
	if s.reg.State(locked).LastError != "" {
		t.Errorf("%+v", s.reg.State(locked))
	}
	s.stopped(locked, timeline.AuthFailed)
}

// stopped stops, opens the folder again, and wants each of a stream's gaps
// explained by one of the causes.
func (s *station) stopped(stream media.StreamID, causes ...timeline.Cause) []timeline.Gap {
	s.t.Helper()
	_, gaps := s.timeline(stream)
	s.stop()
	for _, g := range gaps {
		if !slices.Contains(causes, g.Cause) {
			s.t.Errorf("a gap %s to %s of %s, want %v", g.From, g.To, g.Cause, causes)
		}
	}
	return gaps
}

// Troubles of a camera leave gaps that begin at the last frame, end at the next,
// and have the right cause. All else is there.
func TestTroubles(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		fault rtsptest.Fault
		cause timeline.Cause
	}{
		{"reboot", rtsptest.Fault{Kind: rtsptest.Reboot, At: time.Second, For: 3 * time.Second}, timeline.CameraOffline},
		{"cut", rtsptest.Fault{Kind: rtsptest.Cut, At: time.Second, For: 3 * time.Second, Reset: true}, timeline.CameraOffline},
		{"stall longer than the deadline", rtsptest.Fault{Kind: rtsptest.Stall, At: time.Second, For: 6 * time.Second}, timeline.Stalled},
		{"stall shorter than the deadline", rtsptest.Fault{Kind: rtsptest.Stall, At: time.Second, For: 2700 * time.Millisecond}, timeline.Stalled},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			srv := cameras(t, rtsptest.Config{NoSub: true})
			s := newStation(t, t.TempDir(), 1)
			id := s.add(draft("A", srv.URL(1))).Stream(0)
			s.until("recording before it", func() bool { return s.recorded(id) > timeline.Second })
			s.check(srv.Inject(1, c.fault))
			s.until("the fault to be over", func() bool { return len(srv.Faults()) > 0 })
			over := timeline.Micros(srv.Faults()[0].ToUS)
			s.until("recording after it", func() bool {
				covered, _ := s.timeline(id)
				return len(covered) > 0 && covered[len(covered)-1].To > over+2*timeline.Second
			})
			gaps := s.stopped(id, c.cause, timeline.CameraOffline)
			s.wantAll(id, srv, 1)
			f := srv.Faults()[0]
			from, to := timeline.Micros(f.FromUS), timeline.Micros(f.ToUS)
			i := slices.IndexFunc(gaps, func(g timeline.Gap) bool { return g.Cause == c.cause && g.From < to && g.To > from })
			if i < 0 {
				t.Fatalf("no gap by %s from %s to %s in %+v", c.cause, from, to, gaps)
			}
			// A frame and a half second of placement at the beginning; at the end the
			// retry and the next key frame come on top.
			const off = clocktest.Slow * timeline.Second / 2
			if g := gaps[i]; g.From < from-off || g.From > from+off || g.To < to-off || g.To > to+15*timeline.Second {
				t.Errorf("gap %s to %s, the fault was %s to %s", g.From, g.To, from, to)
			}
		})
	}
}

// The sub-stream is a stream of its own.
func TestSubStream(t *testing.T) {
	t.Parallel()
	srv := cameras(t, rtsptest.Config{Codec: loop.H264})
	s := newStation(t, t.TempDir(), 1)
	d := draft("A", srv.URL(1))
	d.SubURL = registry.Set(srv.SubURL(1))
	id := s.add(d)
	for n := range 2 {
		s.until(fmt.Sprint("stream ", n), func() bool { return s.recorded(id.Stream(n)) > timeline.Second })
	}
	s.stop()
	for n := range 2 {
		if frames := s.frames(id.Stream(n)); len(frames) < 20 {
			t.Errorf("stream %d: %d frames", n, len(frames))
		}
	}
	s.wantAll(id.Stream(0), srv, 1)
}

// A step of the server's clock loses nothing. Forward it leaves a gap that is
// named; backward both recordings stay.
func TestClockStep(t *testing.T) {
	t.Parallel()
	for _, step := range []time.Duration{20 * time.Second, -20 * time.Second} {
		t.Run(step.String(), func(t *testing.T) {
			t.Parallel()
			srv := cameras(t, rtsptest.Config{NoSub: true})
			s := newStation(t, t.TempDir(), 1)
			id := s.add(draft("A", srv.URL(1))).Stream(0)
			s.until("recording", func() bool { return s.recorded(id) > 4*timeline.Second })
			before, _ := s.timeline(id)
			s.mu.Lock()
			s.step = step
			s.mu.Unlock()
			n := srv.FrameAt(srv.Now())
			if err := srv.WaitSent(t.Context(), 1, n+150); err != nil {
				t.Fatal(err)
			}
			s.until("recording after the step", func() bool { return s.reg.State(id).DurableUntil > 0 && len(s.files(id)) > 1 })
			s.stopped(id, timeline.ClockUncertain, timeline.CameraOffline)
			s.wantAll(id, srv, 1)
			if n := len(srv.Sessions(1)); n != 1 {
				t.Errorf("%d sessions: a step is no reason to connect again", n)
			}
			if len(before) == 0 {
				t.Fatal("nothing before the step")
			}
		})
	}
}

// files are the names of a stream's files in the spool.
func (s *station) files(stream media.StreamID) []string {
	s.t.Helper()
	paths, err := filepath.Glob(filepath.Join(s.dir, "spool", string(stream)+"-*"))
	s.check(err)
	return paths
}

// What a process left open when it died is closed by the next, and the time
// between them is the node's fault.
func TestNextLife(t *testing.T) {
	t.Parallel()
	srv := cameras(t, rtsptest.Config{NoSub: true})
	dir := t.TempDir()
	s := newStation(t, dir, 1)
	id := s.add(draft("A", srv.URL(1))).Stream(0)
	off := s.add(draft("OFF", "rtsp://127.0.0.1:1/")).Stream(0)
	s.until("recording", func() bool { return s.recorded(id) > timeline.Second })
	s.until("the other camera to be missed", func() bool { return s.reg.State(off).LastError != "" })
	s.stop()
	again := newStation(t, dir, 2)
	again.until("recording", func() bool {
		covered, _ := again.timeline(id)
		return len(covered) == 2 && covered[1].Len() > timeline.Second
	})
	_, gaps := again.timeline(off)
	for _, g := range gaps {
		if g.Cause != timeline.CameraOffline && g.Cause != timeline.NodeDown {
			t.Errorf("a camera that is not there: %+v", g)
		}
	}
	if len(gaps) == 0 {
		t.Error("a camera that is not there has no gap")
	}
	for _, g := range again.stopped(id, timeline.NodeDown, timeline.CameraOffline) {
		if g.Cause == timeline.Unknown {
			t.Errorf("%+v", g)
		}
	}
	again.wantAll(id, srv, 1)
}

// Waits are random, and within their bounds.
func TestWait(t *testing.T) {
	t.Parallel()
	seen := map[time.Duration]bool{}
	for range 1000 {
		d := wait(time.Second, 8*time.Second, 5*time.Second)
		if d < time.Second || d > 5*time.Second {
			t.Fatal(d)
		}
		seen[d] = true
	}
	if len(seen) < 100 {
		t.Errorf("%d different waits of 1,000", len(seen))
	}
	if d := wait(3*time.Second, time.Second, time.Second); d != 3*time.Second {
		t.Errorf("bounds the wrong way round: %v", d)
	}
}
