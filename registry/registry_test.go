package registry

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"qianshao/registry/secret"
	"qianshao/storage/acts"
	"qianshao/storage/media"
	"qianshao/storage/sqldb"
	"qianshao/storage/timeline"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// clock is a Now that moves a second at every reading.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func newClock() *clock { return &clock{t: time.Date(2026, 11, 23, 1, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(time.Second)
	return c.t
}

// actLog is an ActSink that checks what it is given and can be away.
type actLog struct {
	mu   sync.Mutex
	list []acts.Act
	seen map[string]bool
	away error
}

func (l *actLog) AppendWait(_ context.Context, list ...*acts.Act) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.away != nil && !errors.Is(l.away, acts.ErrNotShipped) {
		return l.away
	}
	for _, a := range list {
		if err := a.Check(); err != nil {
			return err
		}
		if l.seen == nil {
			l.seen = map[string]bool{}
		}
		if !l.seen[a.ID] {
			l.seen[a.ID] = true
			l.list = append(l.list, *a)
		}
	}
	return l.away
}

func (l *actLog) setAway(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.away = err
}

func (l *actLog) kinds() (out []acts.Kind) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, a := range l.list {
		out = append(out, a.Kind)
	}
	return out
}

func open(t testing.TB, cfg Config) *Registry {
	t.Helper()
	if cfg.Dir == "" {
		cfg.Dir = t.TempDir()
	}
	r, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// put enters one draft that must be accepted.
func put(t *testing.T, r *Registry, d Draft, want Status) Camera {
	t.Helper()
	out, err := r.Upsert(t.Context(), []Draft{d})
	if err != nil {
		t.Fatal(err)
	}
	if len(out) != 1 || out[0].Status != want {
		t.Fatalf("%s: got %+v, want %s", d.DeviceID, out, want)
	}
	if want == Rejected {
		return Camera{}
	}
	cam, err := r.Get(t.Context(), out[0].Camera)
	if err != nil {
		t.Fatal(err)
	}
	return cam
}

func TestACameraLives(t *testing.T) {
	t.Parallel()
	clk := newClock()
	log := &actLog{}
	r := open(t, Config{Now: clk.now, Acts: log})
	az := 90.0
	cam := put(t, r, Draft{
		DeviceID: "yard-1", Name: Set("村口"), URL: Set("rtsp://admin:pw1@10.0.0.1:554/main"),
		Lon: Set(104.9), Lat: Set(25.1), Azimuth: Set(az), RetentionDays: Set(40),
	}, Created)
	want := Camera{
		ID: cam.ID, Carrier: "local", DeviceID: "yard-1", Name: "村口", Lifecycle: Active, EnrolledAt: cam.EnrolledAt,
		RetentionDays: 40, Place: &Place{Lon: 104.9, Lat: 25.1, Azimuth: &az},
		Streams: []Stream{{ID: cam.ID.Stream(0), URL: "rtsp://10.0.0.1:554/main", Username: "admin", Password: secret.New("pw1"), Transport: Auto}},
	}
	if d := cmp.Diff(want, cam); d != "" {
		t.Fatal(d)
	}

	// The same again; then nothing but a sub-stream, which inherits the account.
	put(t, r, Draft{DeviceID: "yard-1", Name: Set("村口"), URL: Set("rtsp://admin:pw1@10.0.0.1:554/main"), Lon: Set(104.9)}, Unchanged)
	cam = put(t, r, Draft{DeviceID: "yard-1", SubURL: Set("rtsp://10.0.0.1/sub")}, Updated)
	if len(cam.Streams) != 2 || cam.Streams[1].Username != "admin" || cam.Streams[1].Password.Reveal() != "pw1" {
		t.Fatalf("sub-stream: %+v", cam.Streams)
	}
	// A new password holds for both; clearing goes back to the defaults.
	cam = put(t, r, Draft{
		DeviceID: "yard-1", Password: Set(secret.New("pw2")), Transport: Set(Auto),
		RetentionDays: Clear[int](), Azimuth: Clear[float64](), Name: Clear[string](),
	}, Updated)
	for _, s := range cam.Streams {
		if s.Password.Reveal() != "pw2" || s.Transport != Auto {
			t.Errorf("%+v", s)
		}
	}
	if cam.RetentionDays != 0 || cam.Name != "" || cam.Place.Azimuth != nil || cam.Place.Lon != 104.9 {
		t.Errorf("%+v", cam)
	}
	cam = put(t, r, Draft{DeviceID: "yard-1", SubURL: Clear[string](), Transport: Clear[Transport]()}, Updated)
	if len(cam.Streams) != 1 || cam.Streams[0].Transport != Auto {
		t.Errorf("%+v", cam.Streams)
	}

	if err := r.Remove(t.Context(), cam.ID, "ann"); err != nil {
		t.Fatal(err)
	}
	if err := r.Remove(t.Context(), cam.ID, "ann"); err != nil {
		t.Fatal(err)
	}
	gone, err := r.Get(t.Context(), cam.ID)
	if err != nil || gone.Lifecycle != Decommissioned || gone.LeftAt == 0 || gone.Place == nil {
		t.Fatalf("%+v, %v", gone, err)
	}
	back := put(t, r, Draft{DeviceID: "yard-1"}, Updated)
	if back.ID != cam.ID || back.Lifecycle != Active || back.LeftAt != 0 || back.EnrolledAt < gone.LeftAt || back.Streams[0].URL == "" {
		t.Fatalf("back: %+v", back)
	}
	spans, err := r.Enrolled(t.Context(), cam.ID.Stream(0))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]timeline.Span{{From: cam.EnrolledAt, To: gone.LeftAt}, {From: back.EnrolledAt, To: timeline.Forever}}, spans); d != "" {
		t.Error(d)
	}
	if sub, err := r.Enrolled(t.Context(), cam.ID.Stream(1)); err != nil || len(sub) != 1 || sub[0].To == timeline.Forever {
		t.Errorf("sub: %v, %v", sub, err)
	}
	if d := cmp.Diff([]acts.Kind{acts.Enrol, acts.Enrol, acts.Enrol, acts.Enrol, acts.Remove, acts.Enrol}, log.kinds()); d != "" {
		t.Error(d)
	}
}

func TestBadDraftsDoNotStopOthers(t *testing.T) {
	t.Parallel()
	r := open(t, Config{})
	nan := 0.0
	nan /= nan
	out, err := r.Upsert(t.Context(), []Draft{
		{Row: 2, DeviceID: "a b"},
		{Row: 3, DeviceID: "ok1"},
		{Row: 4, Carrier: "移动", DeviceID: "x"},
		{Row: 5, DeviceID: "x", URL: Set("http://a/")},
		{Row: 6, DeviceID: "x", Lon: Set(181.0), Lat: Set(1.0)},
		{Row: 7, DeviceID: "x", Lon: Set(25.0), Lat: Set(104.0)},
		{Row: 8, DeviceID: "x", Lon: Set(25.0)},
		{Row: 9, DeviceID: "x", Azimuth: Set(1.0)},
		{Row: 10, DeviceID: "x", Lon: Set(nan), Lat: Set(1.0)},
		{Row: 11, DeviceID: "x", Transport: Set(Transport("multicast"))},
		{Row: 12, DeviceID: "x", TLSSHA256: Set("abc")},
		{Row: 13, DeviceID: "x", RetentionDays: Set(-1)},
		{Row: 14, DeviceID: "c_aaaaaaaaaaaaaaaa"},
		{Row: 15, DeviceID: "x", Name: Set("a\nb")},
		{Row: 16, DeviceID: "x", Password: Set(secret.New("a\r\nb"))},
		{Row: 17, DeviceID: "x", Username: Set("a\x00")},
		{Row: 18, DeviceID: "ok2", TLSSHA256: Set(strings.Repeat("AB:", 31) + "AB")},
	})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, o := range out {
		if o.Status == Rejected {
			got = append(got, o.Field+" "+o.Code)
			if o.Message == "" || o.Row == 0 {
				t.Errorf("%+v", o)
			}
		} else {
			got = append(got, string(o.Status))
		}
	}
	want := []string{
		"carrier_device_id bad_device", "created", "carrier bad_carrier", "rtsp_url bad_url", "lon out_of_range", "lat lon_lat_swapped",
		"lat half_a_place", "lon half_a_place", "lon out_of_range", "transport bad_transport", "tls_sha256 bad_tls_sha256",
		"retention_days out_of_range", "carrier_device_id bad_device", "name bad_name", "password bad_text", "username bad_text", "created",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if n, err := r.Count(t.Context()); err != nil || n != 2 {
		t.Errorf("%d cameras, %v", n, err)
	}
}

// No footage outlives what the register tells of it.
func TestRetentionWithinTheRegister(t *testing.T) {
	t.Parallel()
	r := open(t, Config{MostDays: 400})
	drafts := []Draft{{DeviceID: "d1", RetentionDays: Set(400)}, {DeviceID: "d2", RetentionDays: Set(401)}, {DeviceID: "d3", RetentionDays: Set(3650)}}
	for i := range drafts {
		drafts[i].URL = Set("rtsp://192.0.2.7/a")
	}
	got, err := r.Upsert(t.Context(), drafts)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []Status{Created, Rejected, Rejected} {
		if o := got[i]; o.Status != want || want == Rejected && (o.Field != "retention_days" || !strings.Contains(o.Message, "register.days")) {
			t.Errorf("%+v", o)
		}
	}
	for days, want := range map[int]int{399: 1, 400: 0} {
		if n, err := r.KeptLonger(t.Context(), days); n != want || err != nil {
			t.Errorf("longer than %d days: %d cameras, %v", days, n, err)
		}
	}
}

func TestResolve(t *testing.T) {
	t.Parallel()
	r := open(t, Config{})
	a := put(t, r, Draft{Carrier: "telecom", DeviceID: "d1", Name: Set("A")}, Created)
	b := put(t, r, Draft{Carrier: "mobile", DeviceID: "d1", Name: Set("B")}, Created)
	c := put(t, r, Draft{DeviceID: "d2"}, Created)
	for ref, want := range map[string]media.CameraID{
		string(a.ID): a.ID, "telecom:d1": a.ID, "mobile:d1": b.ID, "d2": c.ID, " d2 ": c.ID, "local:d2": c.ID,
	} {
		got, err := r.Resolve(t.Context(), ref)
		if err != nil || got.ID != want {
			t.Errorf("%s: %s, %v", ref, got.ID, err)
		}
	}
	for _, ref := range []string{"", "nobody", "telecom:d2", string(media.NewCameraID()), "a:b:c", "%"} {
		if _, err := r.Resolve(t.Context(), ref); !errors.Is(err, ErrUnknown) {
			t.Errorf("%q: %v", ref, err)
		}
	}
	_, err := r.Resolve(t.Context(), "d1")
	amb, ok := errors.AsType[*AmbiguousError](err)
	if !ok {
		t.Fatalf("got %v", err)
	}
	want := []Candidate{{b.ID, "mobile", "d1", "B"}, {a.ID, "telecom", "d1", "A"}}
	if d := cmp.Diff(want, amb.Candidates); d != "" || !strings.Contains(err.Error(), "mobile:d1") {
		t.Errorf("%v %s", err, d)
	}
	if err := r.Remove(t.Context(), b.ID, ""); err != nil {
		t.Fatal(err)
	}
	if got, err := r.Resolve(t.Context(), "d1"); err != nil || got.ID != a.ID {
		t.Errorf("the active one alone: %s, %v", got.ID, err)
	}
}

func TestKeyMissingIsSaid(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := open(t, Config{Dir: dir})
	cam := put(t, r, Draft{DeviceID: "d", URL: Set("rtsp://u:pw@h/")}, Created)
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	key := filepath.Join(dir, keyName)
	if err := os.Remove(key); err != nil {
		t.Fatal(err)
	}
	_, err := Open(t.Context(), Config{Dir: dir})
	if !errors.Is(err, ErrKeyMissing) || !strings.Contains(err.Error(), "install -m 600") {
		t.Fatalf("got %v", err)
	}
	if _, err := os.Stat(key); !errors.Is(err, fs.ErrNotExist) {
		t.Fatal("a key was made all the same")
	}
	// What the error advises: an empty file, and the password again.
	if err := os.WriteFile(key, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	r = open(t, Config{Dir: dir})
	cam, err = r.Get(t.Context(), cam.ID)
	if err != nil || !cam.Streams[0].Locked || !cam.Streams[0].Password.IsZero() {
		t.Fatalf("%+v, %v", cam, err)
	}
	if cam = put(t, r, Draft{DeviceID: "d", Transport: Set(UDP)}, Updated); !cam.Streams[0].Locked {
		t.Error("another edit lost the sealed password")
	}
	cam = put(t, r, Draft{DeviceID: "d", Password: Set(secret.New("new"))}, Updated)
	if cam.Streams[0].Locked || cam.Streams[0].Password.Reveal() != "new" {
		t.Errorf("%+v", cam.Streams[0])
	}
}

func TestADamagedRegistryIsSaid(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, dbName), []byte(strings.Repeat("garbage ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Open(t.Context(), Config{Dir: dir})
	if !errors.Is(err, sqldb.ErrCorrupt) || !strings.Contains(err.Error(), "qianshao reindex") {
		t.Errorf("got %v", err)
	}
}
