package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"qianshao/ingest/rtsp/rtsptest"
	"qianshao/ingest/rtsp/rtsptest/audit"
	"qianshao/ingest/rtsp/rtsptest/camtest"
	"qianshao/ingest/rtsp/rtsptest/loop"
	"qianshao/storage/timeline"
)

const (
	killCameras = 4
	// killBound is how much recent footage a kill may take: the open fragment,
	// up to a second of pictures, and its sync.
	killBound = 3 * timeline.Second / 2
	// killLate is how long a camera goes on writing to a connection whose other
	// end was killed.
	killLate = timeline.Second
	// placed is how far footage may be moved on the timeline, so how far a frame
	// may be from where its own time would put it.
	placed = timeline.Second / 4
)

// kill is one death of the server.
type kill struct {
	at   timeline.Micros              // after it, the process was gone
	said [killCameras][]timeline.Span // what the server had last said was recorded
}

// The server is killed at random moments while it records. Every frame that was
// durable is there, once; every segment decodes; every gap has a cause.
func TestKillNine(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes a minute")
	}
	for _, c := range []struct {
		name  string
		kills int // in every run; ten times as many with QIANSHAO_FAULTS
		sim   rtsptest.Config
	}{
		{"h264", 20, rtsptest.Config{GOP: 0.4}},
		{"h265 aac", 4, rtsptest.Config{GOP: 0.4, Codec: loop.H265, Audio: loop.AAC}},
		{"mjpeg pcma", 4, rtsptest.Config{Codec: loop.MJPEG, Audio: loop.PCMA}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if os.Getenv("QIANSHAO_FAULTS") != "" {
				c.kills *= 10
			}
			if n, err := strconv.Atoi(os.Getenv("QS_KILLS")); err == nil {
				c.kills = n
			}
			killAgainAndAgain(t, c.sim, c.kills)
		})
	}
}

func killAgainAndAgain(t *testing.T, sim rtsptest.Config, kills int) {
	t.Helper()
	dir := t.TempDir()
	// Small pictures and short GOPs: every life of the server records something,
	// and the audit costs little. Sessions open at the next key frame, so that no
	// frame is sent twice.
	sim.Cameras, sim.NoSub, sim.Width, sim.Height, sim.Bitrate = killCameras, true, 320, 184, 200_000
	sim.StartAtNextKey, sim.Spread = true, true
	srv := camtest.Start(t, sim)
	settings := settingsFile(t, "segment: {length: 10s}\nretention: {min_free: 0}\n")
	var list strings.Builder
	fmt.Fprintln(&list, "carrier_device_id,rtsp_url")
	for i := range killCameras {
		fmt.Fprintf(&list, "K%d,%s\n", i+1, srv.URL(i+1))
	}
	file := filepath.Join(t.TempDir(), "list.csv")
	if err := os.WriteFile(file, []byte(list.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, errs, code := qianshao(t, "import", file, "--data", dir); code != exitOK {
		t.Fatalf("import: exit %d\n%s%s", code, out, errs)
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d, %d kills", seed, kills)
	random := rand.New(rand.NewPCG(seed, 1))

	args := []string{"serve", "--config", settings, "--listen", "127.0.0.1:0", "--data", dir}
	var deaths []kill
	for range kills {
		deaths = append(deaths, liveAndDie(t, random, dir, args))
	}
	// The last life ends in order, and stores everything.
	p := start(t, args...)
	for i := range killCameras {
		if err := srv.WaitSent(t.Context(), i+1, srv.FrameAt(srv.Now()+2e6)); err != nil {
			t.Fatal(err)
		}
	}
	var gaps [killCameras][]timeline.Gap
	for i := range killCameras {
		got, err := askAll(t, dir, fmt.Sprintf("K%d", i+1))
		if err != nil {
			t.Fatal(err)
		}
		gaps[i] = got.Gaps
	}
	p.terminate(t)
	for i := range killCameras {
		auditGaps(t, i+1, gaps[i], deaths)
		auditFrames(t, srv, sim.Codec, i+1, dir, deaths)
	}
	auditSegments(t, dir)
	if out, errs, code := qianshao(t, "check", "--deep", "--data", dir); code != exitOK {
		t.Errorf("check: exit %d\n%s%s", code, out, errs)
	}
}

// liveAndDie starts the server, asks now and then what is durable, and kills it
// at a random moment: sometimes before it is ready.
func liveAndDie(t *testing.T, random *rand.Rand, dir string, args []string) (k kill) {
	t.Helper()
	life := time.Duration(random.Int64N(int64(3500 * time.Millisecond)))
	p := launch(t, args...)
	dead := time.NewTimer(life)
	defer dead.Stop()
	if life < 100*time.Millisecond {
		if err := p.cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(p.stop)
		<-dead.C
		return p.kill(t, k, nil)
	}
	if err := p.ready(); err != nil {
		t.Fatal(err)
	}
	// Asked without a pause, so that the last answer is of just before the kill.
	asking, stop := context.WithCancel(t.Context())
	var asked sync.WaitGroup
	asked.Go(func() {
		c := serverClient(dir)
		defer c.http.CloseIdleConnections()
		for i := 0; asking.Err() == nil; i = (i + 1) % killCameras {
			got, err := askTimeline(asking, c, fmt.Sprintf("K%d", i+1))
			if err == nil {
				k.said[i] = got.Covered
			}
			select {
			case <-asking.Done():
			case <-time.After(5 * time.Millisecond):
			}
		}
	})
	<-dead.C
	return p.kill(t, k, func() kill {
		stop()
		asked.Wait()
		return k
	})
}

// kill sends SIGKILL and waits until the process is gone; then gather reads what
// it had said.
func (p *process) kill(t *testing.T, k kill, gather func() kill) kill {
	t.Helper()
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if gather != nil {
		if err := <-p.done; err == nil {
			t.Error("the server ended by itself before it was killed")
		}
		k = gather()
	} else {
		_ = p.cmd.Wait() // killed: an error
	}
	k.at = timeline.FromTime(time.Now())
	return k
}

// auditFrames compares what a camera sent with what is in the store.
func auditFrames(t *testing.T, srv *rtsptest.Server, codec loop.Codec, cam int, dir string, deaths []kill) {
	t.Helper()
	ref := fmt.Sprintf("K%d", cam)
	frames := storedFrames(t, srv, codec, segments(t, dir, cameraID(t, dir, ref)))
	sent, missing := auditRuns(t, srv, cam, frames)
	total := uint64(0)
	for _, r := range sent {
		total += r.Last - r.First + 1
	}
	for _, n := range missing {
		at := timeline.Micros(srv.FrameTime(n))
		explained := slices.ContainsFunc(deaths, func(k kill) bool { return at > k.at-killBound && at < k.at+killLate })
		last := timeline.Micros(srv.FrameTime(sent[len(sent)-1].Last)) // the orderly stop takes what is on the wire
		if !explained && at < last-killLate {
			t.Errorf("%s: frame %d of %s is missing, and no kill was near", ref, n, at)
		}
		for _, k := range deaths {
			for _, s := range k.said[cam-1] {
				if at > s.From+placed && at < s.To-placed {
					t.Errorf("%s: frame %d of %s is missing, although the server had said %s to %s was recorded", ref, n, at, s.From, s.To)
				}
			}
		}
	}
	t.Logf("%s: %d frames sent, %d recorded, %d lost by %d kills", ref, total, len(frames), len(missing), len(deaths))
	if uint64(len(frames)) < total/2 {
		t.Errorf("%s: most frames are lost", ref)
	}
}

// auditRuns wants each frame once, and returns what a camera sent and which of
// that is not among the frames.
func auditRuns(t *testing.T, srv *rtsptest.Server, cam int, frames []audit.Frame) (sent []audit.Run, missing []uint64) {
	t.Helper()
	have, twice := audit.Runs(frames)
	if len(twice) > 0 {
		t.Errorf("camera %d: %d frames are there twice: %v …", cam, len(twice), twice[:min(8, len(twice))])
	}
	for _, r := range srv.Sent(cam) {
		sent = append(sent, audit.Run{First: r.First, Last: r.Last})
	}
	return sent, audit.Missing(have, sent)
}

// cameraID asks for our id of a device.
func cameraID(t *testing.T, dir, ref string, flags ...string) string {
	t.Helper()
	out, errs, code := qianshao(t, append([]string{"camera", "list", "--q", ref, "--json", "--data", dir}, flags...)...)
	i := strings.Index(out, `"c_`)
	if code != exitOK || i < 0 {
		t.Fatalf("camera list: no id in %s%s", out, errs)
	}
	return out[i+1 : i+1+18]
}

// storedFrames reads every frame of some segments: its number by the stamp, or,
// of MJPEG, by the code in the picture and the time in the segment's name.
func storedFrames(t *testing.T, srv *rtsptest.Server, codec loop.Codec, paths []string) (frames []audit.Frame) {
	t.Helper()
	var mu sync.Mutex
	each(t, paths, func(path string) error {
		read := audit.Stored
		if codec == loop.MJPEG {
			read = audit.Codes
		}
		got, err := read(t.Context(), path)
		if codec == loop.MJPEG && err == nil {
			us, _, _ := strings.Cut(filepath.Base(path), "-")
			start, err := strconv.ParseInt(us, 10, 64)
			if err != nil {
				return err
			}
			near := srv.FrameAt(start)
			for i := range got {
				near = audit.Unwrap(got[i].Code, srv.LoopFrames(), near+1)
				got[i].Number, got[i].Stamped = near, true
			}
		}
		mu.Lock()
		defer mu.Unlock()
		frames = append(frames, got...)
		return err
	})
	return frames
}

// segments lists the stored segments whose path has a text in it.
func segments(t *testing.T, dir, text string) (paths []string) {
	t.Helper()
	err := filepath.WalkDir(filepath.Join(dir, "store"), func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() && strings.HasSuffix(path, ".mp4") && strings.Contains(path, text) {
			paths = append(paths, path)
		}
		return err
	})
	if err != nil || len(paths) == 0 {
		t.Fatalf("%d segments of %q in the store: %v", len(paths), text, err)
	}
	return paths
}

// each calls fn for every path, two at a time.
func each(t *testing.T, paths []string, fn func(path string) error) {
	t.Helper()
	var g errgroup.Group
	g.SetLimit(2)
	for _, path := range paths {
		g.Go(func() error { return fn(path) })
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
}

// auditSegments decodes every segment, which must be silent, and looks for what
// should not be left.
func auditSegments(t *testing.T, dir string) {
	t.Helper()
	paths := segments(t, dir, "")
	each(t, paths, func(path string) error {
		complaints, err := audit.Decode(t.Context(), path)
		if complaints != "" {
			t.Errorf("%s: %s", path, complaints)
		}
		return err
	})
	t.Logf("%d segments decoded", len(paths))
	for _, name := range []string{"spool", "quarantine"} {
		left, err := os.ReadDir(filepath.Join(dir, name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) || len(left) > 0 {
			t.Errorf("left in %s: %v %v", name, left, err)
		}
	}
}

// auditGaps wants a cause for every gap, and the node's fault at every kill that
// left one.
func auditGaps(t *testing.T, cam int, gaps []timeline.Gap, deaths []kill) {
	t.Helper()
	down := 0
	for _, g := range gaps {
		switch g.Cause {
		case timeline.Unknown:
			t.Errorf("K%d: a gap of unknown cause: %s to %s", cam, g.From, g.To)
		case timeline.NodeDown:
			down++
		}
	}
	if down < len(deaths)/2 {
		t.Errorf("K%d: %d gaps by the node's fault, after %d kills: %+v", cam, down, len(deaths), gaps)
	}
}
