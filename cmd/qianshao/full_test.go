package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"qianshao/ingest/rtsp/rtsptest"
	"qianshao/ingest/rtsp/rtsptest/camtest"
	"qianshao/ingest/rtsp/rtsptest/loop"
	"qianshao/storage/spool"
	"qianshao/storage/timeline"
)

// smallDisk mounts a file system of so many bytes.
func smallDisk(t *testing.T, size int64) string {
	t.Helper()
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d", size)); err != nil {
		t.Skipf("a small disk cannot be mounted here (it takes root): %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// fillUp writes a file until nothing more fits.
func fillUp(t *testing.T, file string) {
	t.Helper()
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	for block := make([]byte, 1<<20); len(block) > 0; {
		if _, err = f.Write(block); errors.Is(err, syscall.ENOSPC) {
			block = block[:len(block)/2] // down to the last byte
			err = nil
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// The disk becomes full while recording, to the last byte: what was durable
// stays and is served, the gap says why, and recording goes on when there is
// room. A start on a full disk needs no room either.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	ctx := t.Context()
	disk := smallDisk(t, 400<<20)
	dir := filepath.Join(disk, "data")
	settings := settingsFile(t, "segment: {length: 10s}\nretention: {min_free: 0}\nspool: {alarm_free: 60MB, refuse_free: 40MB, stop_free: 20MB}\n")
	srv := camtest.Start(t, rtsptest.Config{NoSub: true, Width: 320, Height: 184, GOP: 0.4, Bitrate: 200_000, StartAtNextKey: true})
	args := []string{"serve", "--config", settings, "--listen", "127.0.0.1:0", "--data", dir}
	p := start(t, args...)
	if out, errs, code := qianshao(t, "camera", "add", "F1", srv.URL(1), "--data", dir); code != exitOK {
		t.Fatalf("camera add: exit %d\n%s%s", code, out, errs)
	}
	last := func() timeline.Micros {
		t.Helper()
		got, err := askAll(t, dir, "F1")
		if err != nil || len(got.Covered) == 0 {
			t.Fatalf("%+v, %v", got, err)
		}
		return got.Covered[len(got.Covered)-1].To
	}
	records := func(after timeline.Micros) {
		t.Helper()
		err := until(ctx, "recording", func(context.Context) (bool, error) { return last() > after+2*timeline.Second, nil })
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := waitRecorded(ctx, dir, "F1", 4*timeline.Second); err != nil {
		t.Fatal(err)
	}
	early := timeline.Span{From: last() - 3*timeline.Second, To: last() - timeline.Second}
	filler := filepath.Join(disk, "filler")
	full := func() {
		t.Helper()
		fillUp(t, filler)
		n := srv.FrameAt(srv.Now())
		if err := srv.WaitSent(ctx, 1, n+100); err != nil { // four seconds that do not fit
			t.Fatal(err)
		}
	}
	room := func() {
		t.Helper()
		if err := os.Remove(filler); err != nil {
			t.Fatal(err)
		}
	}
	full()
	stuck := last()
	wantWindow(t, "clip while the disk is full", srv, early, clipNumbers(t, p.url, "F1", early))
	if code := get(t, p.url+"/readyz", nil); code != http.StatusServiceUnavailable {
		t.Errorf("ready on a full disk: HTTP %d", code)
	}
	room()
	records(stuck)
	err := until(ctx, "space to be held in reserve again", func(context.Context) (bool, error) {
		info, err := os.Stat(filepath.Join(dir, "reserve"))
		start, serr := os.Stat(filepath.Join(dir, "reserve-start"))
		err = errors.Join(err, serr)
		return err == nil && info.Size() >= spool.ReserveSize && start.Size() >= spool.StartSize, err
	})
	if err != nil {
		t.Fatal(err)
	}

	// Full again, killed, and started without a free byte.
	full()
	p.kill(t, kill{}, func() kill { return kill{} })
	fillUp(t, filepath.Join(disk, "filler2"))
	p = start(t, args...)
	wantWindow(t, "clip after a start on a full disk", srv, early, clipNumbers(t, p.url, "F1", early))
	before := last()
	if err := os.Remove(filepath.Join(disk, "filler2")); err != nil {
		t.Fatal(err)
	}
	room()
	records(max(before, timeline.Micros(srv.Now())))
	got, err := askAll(t, dir, "F1")
	if err != nil {
		t.Fatal(err)
	}
	causes := map[timeline.Cause]timeline.Micros{}
	for _, g := range got.Gaps {
		causes[g.Cause] += g.Len()
	}
	t.Logf("gaps %v", got.Gaps)
	if causes[timeline.Unknown] > 0 || causes[timeline.SpoolFull]+causes[timeline.SpoolLost] < timeline.Second {
		t.Errorf("gaps by cause: %v", causes)
	}
	p.terminate(t)
	if out, errs, code := qianshao(t, "check", "--deep", "--config", settings, "--data", dir); code != exitOK {
		t.Errorf("check: exit %d\n%s%s", code, out, errs)
	}
	// What the gaps leave over is there, frame by frame.
	frames := storedFrames(t, srv, loop.H264, segments(t, dir, cameraID(t, dir, "F1")))
	sent, missing := auditRuns(t, srv, 1, frames)
	for _, n := range missing {
		at := timeline.Micros(srv.FrameTime(n))
		explained := at > timeline.Micros(srv.FrameTime(sent[len(sent)-1].Last))-killLate
		for _, g := range got.Gaps {
			explained = explained || at > g.From-placed && at < g.To+placed
		}
		if !explained {
			t.Errorf("frame %d of %s is missing, and no gap says so", n, at)
		}
	}
	t.Logf("%d frames recorded, %d missing", len(frames), len(missing))
}
