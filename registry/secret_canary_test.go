package registry

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"qianshao/registry/secret"
)

// No password ever reaches a file, a log, an error or an answer in clear.
func TestPasswordsStaySecret(t *testing.T) {
	t.Parallel()
	const canary = "kanarienvogel-7Qx"
	dir := t.TempDir()
	var shown bytes.Buffer
	log := &actLog{}
	r := open(t, Config{Dir: dir, Acts: log, Log: slog.New(slog.NewJSONHandler(&shown, nil))})
	drafts := []Draft{
		{DeviceID: "a", URL: Set("rtsp://admin:" + canary + "@10.0.0.1/x"), SubURL: Set("rtsp://admin:" + canary + "@10.0.0.1/y")},
		{DeviceID: "b", URL: Set("rtsp://10.0.0.1/user=admin&password=" + canary + "&channel=1")},
		{DeviceID: "c", Password: Set(secret.New(canary))},
		{DeviceID: "d", URL: Set("rtsp://admin:x/" + canary + "@10.0.0.1/x")},
		{DeviceID: "e", URL: Set("http://admin:" + canary + "@10.0.0.1/x")},
		{DeviceID: "f", Password: Set(secret.New(canary + "\n"))},
	}
	out, err := r.Upsert(t.Context(), drafts)
	if err != nil {
		t.Fatal(err)
	}
	show := func(v any) {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
			fmt.Fprintf(&shown, verb+"\n", v)
		}
		if err := json.NewEncoder(&shown).Encode(v); err != nil {
			t.Fatal(err)
		}
		slog.New(slog.NewTextHandler(&shown, nil)).Info("x", "v", v)
	}
	show(out)
	show(drafts)
	page, err := r.List(t.Context(), Query{})
	if err != nil || len(page.Items) != 3 {
		t.Fatalf("%d cameras, %v", len(page.Items), err)
	}
	for _, c := range page.Items {
		if c.Streams[0].Password.Reveal() != canary {
			t.Errorf("%s lost its password", c.DeviceID)
		}
		r.SetState(State{
			Stream: c.Streams[0].ID, Phase: Waiting,
			LastError: "dial rtsp://admin:" + canary + "@10.0.0.1/x?password=" + canary + ": no route",
		})
		_, err := r.Get(t.Context(), c.ID+"x")
		show(err)
	}
	push, err := r.IssuePushKey(t.Context(), page.Items[0].ID, false)
	if err != nil {
		t.Fatal(err)
	}
	show(push)
	if page, err = r.List(t.Context(), Query{}); err != nil {
		t.Fatal(err)
	}
	verifier := page.Items[0].Streams[0].Push.Reveal()
	if verifier != PushVerifier(page.Items[0].ID, push.Reveal()).Reveal() {
		t.Error("the push key is lost")
	}
	show(page)
	show(r.States())
	show(log.list)
	snap, err := r.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	shown.Write(snap)
	files := func() {
		err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return err
			}
			b, err := os.ReadFile(path)
			shown.Write(b)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	files() // with the WAL
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	files()
	text := shown.String()
	for _, form := range []string{push.Reveal(), verifier, canary, hex.EncodeToString([]byte(canary)), strings.ToUpper(hex.EncodeToString([]byte(canary)))} {
		if i := strings.Index(text, form); i >= 0 {
			t.Errorf("shown: …%q…", text[max(0, i-100):min(len(text), i+60)])
		}
	}
}
