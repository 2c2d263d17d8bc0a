package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"qianshao/ingest/rtsp/rtsptest"
	"qianshao/ingest/rtsp/rtsptest/audit"
	"qianshao/ingest/rtsp/rtsptest/camtest"
	"qianshao/ingest/rtsp/rtsptest/loop"
	"qianshao/registry/secret"
	"qianshao/storage/blob/blobtest"
	"qianshao/storage/blob/blobtest/s3server"
	"qianshao/storage/blob/s3blob"
	"qianshao/storage/blob/sealblob"
	"qianshao/storage/timeline"
)

// Recording into an S3 server that goes away for a while loses nothing, clips
// over the outage are exact, what waited drains, and the bucket with secret.key
// gives everything back. Nothing in the bucket is footage to who has not the key.
func TestStoreAwayS3(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	ctx := t.Context()
	bucket := s3server.Start(t)
	// A segment a GOP or two, so that many are stored.
	srv := camtest.Start(t, rtsptest.Config{Cameras: 2, NoSub: true, Width: 320, Height: 184, GOP: 1, Bitrate: 200_000, StartAtNextKey: true})
	dir := filepath.Join(t.TempDir(), "data")
	settings := s3Settings(t, bucket)
	args := []string{"serve", "--config", settings, "--listen", "127.0.0.1:0", "--data", dir}
	p := start(t, args...)
	for i := range 2 {
		if out, errs, code := qianshao(t, "camera", "add", fmt.Sprintf("S%d", i+1), srv.URL(i+1), "--name", "村口", "--data", dir); code != exitOK {
			t.Fatalf("camera add: exit %d\n%s%s", code, out, errs)
		}
	}
	stored := func() int { return len(objects(t, bucket)) }
	wait := func(what string, done func() bool) {
		t.Helper()
		if err := until(ctx, what, func(context.Context) (bool, error) { return done(), nil }); err != nil {
			t.Fatal(err)
		}
	}
	wait("two stored segments", func() bool { return stored() >= 2 })

	bucket.Stop()
	away := timeline.Micros(srv.Now())
	wait("the store to be missed", func() bool { return get(t, p.url+"/readyz", nil) == http.StatusServiceUnavailable })
	had := stored()
	wait("segments that wait in the spool", func() bool { return len(sealed(t, dir)) >= 4 })
	if n := stored(); n != had {
		t.Errorf("%d objects, then %d while the store was away", had, n)
	}
	// A clip from before into the outage, from the spool alone, is served.
	window := timeline.Span{From: away + timeline.Second, To: away + 6*timeline.Second}
	during := clipNumbers(t, p.url, "S1", window)
	wantWindow(t, "clip of the outage", srv, window, during)

	bucket.Restart()
	wait("the spool to drain", func() bool { return len(sealed(t, dir)) <= 2 && stored() >= had+4 })
	wait("readiness", func() bool { return get(t, p.url+"/readyz", nil) == http.StatusOK })
	// The same clip, now from the bucket, is the same; so is one over the border.
	if after := clipNumbers(t, p.url, "S1", window); cmp.Diff(during, after) != "" {
		t.Errorf("clip after the outage: %s", cmp.Diff(during, after))
	}
	window.From -= 4 * timeline.Second
	wantWindow(t, "clip over the border", srv, window, clipNumbers(t, p.url, "S1", window))
	p.terminate(t)
	if out, errs, code := qianshao(t, "check", "--deep", "--config", settings, "--data", dir); code != exitOK {
		t.Errorf("check: exit %d\n%s%s", code, out, errs)
	}
	for cam := 1; cam <= 2; cam++ {
		var paths []string
		id := cameraID(t, dir, fmt.Sprintf("S%d", cam), "--config", settings)
		for _, path := range objects(t, bucket) {
			if strings.Contains(path, id) {
				paths = append(paths, opened(t, bucket, dir, path))
			}
		}
		frames := storedFrames(t, srv, loop.H264, paths)
		sent, missing := auditRuns(t, srv, cam, frames)
		last := sent[len(sent)-1].Last - 25 // the orderly stop takes what is on the wire
		if len(missing) > 0 && missing[0] < last {
			t.Errorf("camera %d: %d of %d frames are missing, first %d of %v", cam, len(missing), len(frames), missing[0], sent)
		}
	}

	// Everything but the key is lost. The bucket knows it all.
	ask := func(dir string) (answers [2]covering, cameras string) {
		t.Helper()
		for i := range answers {
			out, errs, code := qianshao(t, "timeline", fmt.Sprintf("S%d", i+1), "--config", settings, "--data", dir, "--json",
				"--from", (away - timeline.Hour).String(), "--to", window.To.String())
			if code != exitOK {
				t.Fatalf("timeline: exit %d\n%s%s", code, out, errs)
			}
			if err := json.Unmarshal([]byte(out), &answers[i]); err != nil {
				t.Fatal(err)
			}
			answers[i].Until = 0
		}
		out, errs, code := qianshao(t, "camera", "list", "--config", settings, "--data", dir, "--json")
		if code != exitOK {
			t.Fatalf("camera list: exit %d\n%s%s", code, out, errs)
		}
		return answers, out
	}
	old, list := ask(dir)
	again := filepath.Join(t.TempDir(), "again")
	if err := os.Mkdir(again, 0o700); err != nil {
		t.Fatal(err)
	}
	key, err := os.ReadFile(filepath.Join(dir, "secret.key"))
	if err == nil {
		err = os.WriteFile(filepath.Join(again, "secret.key"), key, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	if out, errs, code := qianshao(t, "reindex", "--config", settings, "--data", again); code != exitOK {
		t.Fatalf("reindex: exit %d\n%s%s", code, out, errs)
	}
	got, relist := ask(again)
	if d := cmp.Diff(old, got); d != "" {
		t.Errorf("timelines after reindex: %s", d)
	}
	if d := cmp.Diff(list, relist); d != "" {
		t.Errorf("cameras after reindex: %s", d)
	}
	if out, errs, code := qianshao(t, "check", "--config", settings, "--data", again); code != exitOK {
		t.Errorf("check after reindex: exit %d\n%s%s", code, out, errs)
	}
	if out, _, _ := qianshao(t, "retention", "status", "--config", settings, "--data", again); !strings.Contains(out, "safe mode") {
		t.Errorf("nothing says that deletes are off after the databases were lost:\n%s", out)
	}
}

// s3Settings writes settings for a bucket, with short segments.
func s3Settings(t *testing.T, s *s3server.Server) string {
	t.Helper()
	return settingsFile(t, fmt.Sprintf("storage:\n  kind: s3\n  s3: {endpoint: %q, bucket: %s, access_key: %s, secret_key: %s}\nsegment: {length: 10s}\nretention: {min_free: 0}\n",
		s.Endpoint, s.Bucket, s.AccessKey, s.SecretKey))
}

// opened is a file with the plain bytes of an object of a bucket, whose own bytes are
// no MP4.
func opened(t *testing.T, s *s3server.Server, dir, path string) string {
	t.Helper()
	if b, err := os.ReadFile(path); err != nil || bytes.Contains(b, []byte("ftyp")) || bytes.Contains(b, []byte("mdat")) {
		t.Errorf("%s is not sealed, or: %v", path, err)
	}
	base, err := s3blob.New(s3blob.Config{Endpoint: s.Endpoint, Bucket: s.Bucket, AccessKey: s.AccessKey, SecretKey: s3blob.Secret(s.SecretKey), PathStyle: true})
	if err != nil {
		t.Fatal(err)
	}
	key, err := secret.LoadKey(filepath.Join(dir, "secret.key"))
	if err != nil {
		t.Fatal(err)
	}
	store, _ := sealblob.New(sealblob.Config{Base: base, Site: key, Scope: sealScope})
	name, err := filepath.Rel(s.Folder(), strings.TrimSuffix(path, ".s1"))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), filepath.Base(name))
	if err := os.WriteFile(file, blobtest.Get(t, store, filepath.ToSlash(name)), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// objects lists the segments of a bucket.
func objects(t *testing.T, s *s3server.Server) (paths []string) {
	t.Helper()
	err := filepath.WalkDir(s.Folder(), func(path string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // taken away while looking
		}
		if err == nil && !e.IsDir() && strings.HasSuffix(path, ".mp4.s1") {
			paths = append(paths, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

// sealed lists what waits in the spool for the store.
func sealed(t *testing.T, dir string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "spool", "*.mp4"))
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// clipNumbers saves a clip and returns the numbers of the frames it shows.
func clipNumbers(t *testing.T, address, camera string, window timeline.Span) (numbers []uint64) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "clip.mp4")
	q := url.Values{"from": {window.From.String()}, "to": {window.To.String()}}
	save(t, address+footagePath(camera, "clip.mp4")+"?"+q.Encode(), file)
	frames, err := audit.Presented(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range frames {
		numbers = append(numbers, f.Number)
	}
	return numbers
}

// wantWindow wants every frame of a window, each once. At the borders recorded
// time may be a little off the camera's own.
func wantWindow(t *testing.T, what string, srv *rtsptest.Server, window timeline.Span, numbers []uint64) {
	t.Helper()
	for i, n := range numbers {
		if n != numbers[0]+uint64(i) {
			t.Errorf("%s: frame %d follows %d", what, n, numbers[i-1])
			return
		}
	}
	if len(numbers) == 0 {
		t.Errorf("%s: no frames", what)
		return
	}
	from, to := timeline.Micros(srv.FrameTime(numbers[0])), timeline.Micros(srv.FrameTime(numbers[len(numbers)-1]))
	if from < window.From-placed || from > window.From+placed || to < window.To-placed || to > window.To+placed {
		t.Errorf("%s: frames of %s to %s, asked for %s to %s", what, from, to, window.From, window.To)
	}
}
