package registry

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"qianshao/registry/secret"
	"qianshao/storage/media"
	"qianshao/storage/sqldb"
)

// issue gives a camera a push key, and returns the camera as it is then.
func issue(t *testing.T, r *Registry, id media.CameraID, keep bool) (key string, cam Camera) {
	t.Helper()
	k, err := r.IssuePushKey(t.Context(), id, keep)
	if err != nil {
		t.Fatal(err)
	}
	if cam, err = r.Get(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	return k.Reveal(), cam
}

func TestPushKey(t *testing.T) {
	t.Parallel()
	r := open(t, Config{})
	cam := put(t, r, Draft{DeviceID: "gate", URL: Set("rtsp://u:p@10.0.0.1/x")}, Created)
	key, got := issue(t, r, cam.ID, true)
	main := &got.Streams[0]
	if !regexp.MustCompile(`^[a-z2-7]{32}$`).MatchString(key) || !main.Push.Equal(PushVerifier(cam.ID, key)) ||
		main.URL != "" || main.Username != "" || !main.Password.IsZero() {
		t.Errorf("key %q, stream %+v", key, main)
	}
	if sum, err := main.HA1(); err != nil || sum == [16]byte{} {
		t.Errorf("HA1 %x, %v", sum, err)
	}
	if again, kept := issue(t, r, cam.ID, true); again != "" || !kept.Streams[0].equal(main) {
		t.Errorf("kept: %q", again)
	}
	second, got := issue(t, r, cam.ID, false)
	if second == key || !got.Streams[0].Push.Equal(PushVerifier(cam.ID, second)) {
		t.Error("the first key goes on being good")
	}
	// Another name changes nothing; a sub-stream is pulled.
	named := put(t, r, Draft{DeviceID: "gate", Name: Set("Gate"), SubURL: Set("rtsp://10.0.0.1/sub")}, Updated)
	if !named.Streams[0].equal(&got.Streams[0]) || !named.Streams[1].Push.IsZero() || named.Streams[1].URL == "" {
		t.Errorf("%+v", named.Streams)
	}
	if pulled := put(t, r, Draft{DeviceID: "gate", URL: Set("rtsp://10.0.0.1/y")}, Updated); !pulled.Streams[0].Push.IsZero() {
		t.Error("a camera with a URL still publishes")
	}
	if err := r.Remove(t.Context(), cam.ID, ""); err != nil {
		t.Fatal(err)
	}
	for _, id := range []media.CameraID{cam.ID, media.NewCameraID()} {
		if _, err := r.IssuePushKey(t.Context(), id, false); !errors.Is(err, ErrUnknown) {
			t.Errorf("%s: %v", id, err)
		}
	}
}

// With the site's key lost, a new push key makes the camera whole.
func TestPushKeySealedUnderALostKey(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := open(t, Config{Dir: dir})
	cam := put(t, r, Draft{DeviceID: "gate"}, Created)
	issue(t, r, cam.ID, false)
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, keyName)); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), Config{Dir: dir}); !errors.Is(err, ErrKeyMissing) {
		t.Errorf("opened without its key: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, keyName), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	r = open(t, Config{Dir: dir})
	locked := put(t, r, Draft{DeviceID: "gate", Name: Set("Gate")}, Updated)
	if s := &locked.Streams[0]; !s.Locked || !s.Push.IsZero() {
		t.Errorf("%+v", s)
	}
	if _, err := locked.Streams[0].HA1(); err == nil || !strings.Contains(err.Error(), "push-key") {
		t.Errorf("HA1: %v", err)
	}
	if key, got := issue(t, r, cam.ID, true); key == "" || got.Streams[0].Locked || got.Streams[0].Push.IsZero() {
		t.Errorf("%+v", got.Streams[0])
	}
}

// A registry of before cameras published opens.
func TestRegistryOfTheFirstVersion(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first, err := fs.ReadFile(migrationFiles, "migrations/00001_registry.sql")
	if err != nil {
		t.Fatal(err)
	}
	db, err := sqldb.Open(t.Context(), filepath.Join(dir, dbName), fstest.MapFS{"00001_registry.sql": {Data: first}}, sqldb.Options{})
	if err != nil {
		t.Fatal(err)
	}
	key, err := secret.MakeKey(filepath.Join(dir, keyName))
	if err != nil {
		t.Fatal(err)
	}
	id := media.NewCameraID()
	for _, q := range []struct {
		text string
		args []any
	}{
		{`INSERT INTO cameras VALUES (?, 'local', 'gate', '', 'active', 5, 0, 0)`, []any{string(id)}},
		{`INSERT INTO streams VALUES (?, 0, 'rtsp://10.0.0.1/x', 'u', ?, 'tcp', '')`, []any{string(id), key.Seal([]byte("p"), boxPlace(id.Stream(0)))}},
	} {
		if _, err := db.W().ExecContext(t.Context(), q.text, q.args...); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	got, err := open(t, Config{Dir: dir}).Get(t.Context(), id)
	if err != nil || got.Streams[0].Password.Reveal() != "p" || !got.Streams[0].Push.IsZero() || got.Streams[0].Locked {
		t.Errorf("%+v, %v", got, err)
	}
}
