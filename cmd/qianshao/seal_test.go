package main

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"qianshao/ingest/rtsp/rtsptest"
	"qianshao/ingest/rtsp/rtsptest/camtest"
	"qianshao/storage/timeline"
)

// The drill of a lost secret.key, in a sealed folder: after a rotation footage is
// exact; without the key nothing of it is shown and nothing can be stored beside it,
// both with the next action; the key put back gives it all again; given up, recording
// goes on.
func TestSecretLost(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("records for half a minute")
	}
	srv := camtest.Start(t, rtsptest.Config{Cameras: 1, NoSub: true, Width: 320, Height: 184, GOP: 1, Bitrate: 200_000, StartAtNextKey: true})
	dir := filepath.Join(t.TempDir(), "data")
	settings := settingsFile(t, "storage: {encrypt: on}\nsegment: {length: 10s}\nretention: {min_free: 0}\n")
	args := []string{"serve", "--config", settings, "--listen", "127.0.0.1:0", "--data", dir}
	run := func(want int, says string, args ...string) {
		t.Helper()
		out, errs, code := qianshao(t, append(args, "--config", settings, "--data", dir)...)
		if code != want || !strings.Contains(out+errs, says) {
			t.Errorf("%v: exit %d, want %d and %q:\n%s%s", args, code, want, says, out, errs)
		}
	}
	store := func(suffix string) (names []string) {
		t.Helper()
		err := filepath.WalkDir(filepath.Join(dir, "store"), func(path string, e fs.DirEntry, err error) error {
			if err == nil && !e.IsDir() && strings.HasSuffix(path, suffix) {
				names = append(names, path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return names
	}
	record := func(segments int) {
		t.Helper()
		p := start(t, args...)
		err := until(t.Context(), "stored segments", func(context.Context) (bool, error) { return len(store(".mp4.s1")) >= segments, nil })
		if err != nil {
			t.Fatal(err)
		}
		p.terminate(t)
	}
	run(exitOK, "", "camera", "add", "S1", srv.URL(1))
	record(2)
	if plain := store(".mp4"); len(plain) > 0 {
		t.Errorf("stored plain: %v", plain)
	}
	var window timeline.Span
	exact := func(what string) {
		t.Helper()
		p := start(t, args...)
		if window.Empty() {
			window = recordedWindow(t, p.url, "S1")
		}
		wantWindow(t, what, srv, window, clipNumbers(t, p.url, "S1", window))
		p.terminate(t)
	}
	exact("sealed")
	run(exitOK, "sealed under a new key", "secret", "rotate")
	exact("after a rotation")
	run(exitOK, "no key of footage is lost", "secret", "lost")
	run(exitOK, "", "check", "--deep")

	key := filepath.Join(dir, "secret.key")
	kept, err := os.ReadFile(key)
	if err == nil {
		err = os.Truncate(key, 0) // asks for a new one
	}
	if err != nil {
		t.Fatal(err)
	}
	month := time.Now().UTC().Format("200601")
	run(exitFailed, month, "secret", "lost")
	p := start(t, args...)
	clip := filepath.Join(t.TempDir(), "lost.mp4")
	run(exitFailed, "secret.key", "clip", "S1", "--from", window.From.String(), "--to", window.To.String(), "-o", clip)
	if _, err := os.Stat(clip); err == nil {
		t.Error("a clip was written")
	}
	p.terminate(t)

	if err := os.WriteFile(key, kept, 0o600); err != nil {
		t.Fatal(err)
	}
	exact("with the key back")

	if err := os.Truncate(key, 0); err != nil {
		t.Fatal(err)
	}
	run(exitOK, "recording goes on", "secret", "lost", "--forget")
	run(exitOK, "no key of footage is lost", "secret", "lost")
	record(len(store(".mp4.s1")) + 2)
}
