package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"qianshao/ingest/rtsp/rtsptest/audit"
	"qianshao/storage/timeline"
)

// An archive of the first release is read: reindexed, checked, and its clips
// hold the frames that they held.
func TestArchiveOfFirstRelease(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("-short: a whole server")
	}
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "store"), os.DirFS("../../testdata/archive-1/store")); err != nil {
		t.Fatal(err)
	}
	if out, errs, code := qianshao(t, "reindex", "--data", dir); code != exitOK {
		t.Fatalf("reindex: exit %d\n%s%s", code, out, errs)
	}
	if out, errs, code := qianshao(t, "check", "--deep", "--data", dir); code != exitOK {
		t.Errorf("check: exit %d\n%s%s", code, out, errs)
	}
	window := []string{"--from", "2026-11-24T14:25:08.000267Z", "--to", "2026-11-24T14:25:38Z", "--data", dir}
	out, errs, code := qianshao(t, append([]string{"timeline", "GATE", "--json"}, window...)...)
	if code != exitOK {
		t.Fatalf("timeline: exit %d\n%s%s", code, out, errs)
	}
	var got struct {
		covering
		ClockOffset float64 `json:"clock_offset_ms"`
		ClockBy     float64 `json:"clock_uncertainty_ms"`
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Covered) != 2 || len(got.Gaps) != 1 || got.Gaps[0].Cause != timeline.CameraOffline ||
		got.Gaps[0].From.String() != "2026-11-24T14:25:22.100213Z" || got.Gaps[0].To.String() != "2026-11-24T14:25:28.000214Z" {
		t.Errorf("%s", out)
	}
	if got.ClockOffset != -.211 || got.ClockBy != 10 {
		t.Errorf("the camera's clock: %v ± %v ms", got.ClockOffset, got.ClockBy)
	}
	file := filepath.Join(dir, "clip.mp4")
	if out, errs, code := qianshao(t, append([]string{"clip", "GATE", "-o", file, "--gaps", "join"}, window...)...); code != exitOK {
		t.Fatalf("clip: exit %d\n%s%s", code, out, errs)
	}
	if said, err := audit.Decode(t.Context(), file); err != nil || said != "" {
		t.Errorf("%v %s", err, said)
	}
	frames, err := audit.Presented(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	runs, _ := audit.Runs(frames)
	if len(runs) != 2 || runs[0] != (audit.Run{First: 17955303080, Last: 17955303220}) || runs[1] != (audit.Run{First: 17955303280, Last: 17955303379}) {
		t.Errorf("%d frames, %v", len(frames), runs)
	}
}
