package registry

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"qianshao/registry/place"
	"qianshao/registry/secret"
	"qianshao/storage/acts"
	"qianshao/storage/media"
	"qianshao/storage/timeline"
)

// dump is everything of a registry that must come back.
type dump struct {
	Cameras  []Camera
	Enrolled map[media.StreamID][]timeline.Span
	Places   []string
}

func dumpOf(t *testing.T, r *Registry) (d dump) {
	t.Helper()
	page, err := r.List(t.Context(), Query{State: QueryAll})
	if err != nil {
		t.Fatal(err)
	}
	d.Cameras = page.Items
	d.Enrolled = map[media.StreamID][]timeline.Span{}
	for _, c := range page.Items {
		for n := range 3 {
			if d.Enrolled[c.ID.Stream(n)], err = r.Enrolled(t.Context(), c.ID.Stream(n)); err != nil {
				t.Fatal(err)
			}
		}
	}
	rows, err := r.db.R().QueryContext(t.Context(), `SELECT camera || ' ' || valid_from || ' ' || valid_to || ' ' || lon || ' ' || lat || ' ' ||
		coalesce(azimuth_deg, '-') FROM camera_places UNION ALL
		SELECT camera || ' ' || valid_from || ' ' || valid_to || ' ' || division FROM camera_divisions ORDER BY 1`)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			t.Fatal(err)
		}
		d.Places = append(d.Places, s)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return d
}

// village fills a registry with cameras that have a past.
func village(t *testing.T, r *Registry) {
	t.Helper()
	put(t, r, Draft{DeviceID: "a", Name: Set("A"), URL: Set("rtsp://u:pa@h/a"), SubURL: Set("rtsp://h/a2"), Lon: Set(104.9), Lat: Set(25.1), Division: Set("522301003001")}, Created)
	b := put(t, r, Draft{Carrier: "telecom", DeviceID: "b", URL: Set("rtsp://u:pb@h/b"), Lon: Set(105.0), Lat: Set(25.0), Azimuth: Set(10.0)}, Created)
	c := put(t, r, Draft{DeviceID: "c", RetentionDays: Set(7)}, Created)
	if _, err := r.IssuePushKey(t.Context(), c.ID, false); err != nil {
		t.Fatal(err)
	}
	put(t, r, Draft{Carrier: "telecom", DeviceID: "b", Lon: Set(105.1), Division: Set("522328100001")}, Updated)
	put(t, r, Draft{Carrier: "telecom", DeviceID: "b", Division: Set("522301003001")}, Updated)
	put(t, r, Draft{Carrier: "telecom", DeviceID: "b", Azimuth: Clear[float64]()}, Updated)
	if err := r.Remove(t.Context(), b.ID, ""); err != nil {
		t.Fatal(err)
	}
	put(t, r, Draft{Carrier: "telecom", DeviceID: "b", Name: Set("B again")}, Updated)
	put(t, r, Draft{DeviceID: "a", SubURL: Clear[string]()}, Updated)
	put(t, r, Draft{DeviceID: "a", SubURL: Set("rtsp://h/a3"), Lon: Clear[float64](), Lat: Clear[float64](), Division: Clear[string]()}, Updated)
	put(t, r, Draft{DeviceID: "e", Lon: Set(104.9), Lat: Set(25.1), System: Set(place.BD09), CommonName: Set("老粮站"), Landmark: Set("供销社")}, Created)
	d := put(t, r, Draft{DeviceID: "d", Lon: Set(1.0), Lat: Set(2.0)}, Created)
	if err := r.Remove(t.Context(), d.ID, ""); err != nil {
		t.Fatal(err)
	}
}

func TestSnapshotComesBack(t *testing.T) {
	t.Parallel()
	from := open(t, Config{Now: newClock().now})
	village(t, from)
	site := []SitePlace{{
		Kind: Landmark, Ref: "1", Name: "牛马市场", Also: []string{"牛市"}, At: &place.Point{Lon: 104.9, Lat: 25.1}, Raw: &place.Point{Lon: 104.9, Lat: 25},
		System: place.GCJ02, Divisions: []string{"522301003000"},
	}}
	if err := from.ReplaceSitePlaces(t.Context(), Landmark, site); err != nil {
		t.Fatal(err)
	}
	from.SetState(State{Stream: media.NewCameraID().Stream(0), Phase: Streaming})
	if err := from.flushStates(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := dumpOf(t, from)
	snap, err := from.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if left, err := filepath.Glob(filepath.Join(from.cfg.Dir, ".snapshot-*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	key, err := os.ReadFile(filepath.Join(from.cfg.Dir, keyName))
	if err != nil {
		t.Fatal(err)
	}

	stranger := open(t, Config{})
	if err := stranger.Restore(t.Context(), snap); !errors.Is(err, secret.ErrOtherKey) {
		t.Errorf("another key: %v", err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, keyName), key, 0o600); err != nil {
		t.Fatal(err)
	}
	to := open(t, Config{Dir: dir})
	defer func() {
		if got, err := to.SitePlaces(t.Context()); err != nil || !cmp.Equal(got, site) {
			t.Errorf("the site's places: %+v, %v", got, err)
		}
	}()
	for _, bad := range [][]byte{nil, snap[:40], append([]byte("x"), snap...), append(snap[:len(snap)-1:len(snap)-1], snap[len(snap)-1]^1)} {
		if err := to.Restore(t.Context(), bad); !errors.Is(err, ErrBadSnapshot) {
			t.Errorf("damaged: %v", err)
		}
	}
	ch := to.Watch(t.Context())
	await(t, ch)
	if err := to.Restore(t.Context(), snap); err != nil {
		t.Fatal(err)
	}
	await(t, ch)
	if d := cmp.Diff(want, dumpOf(t, to)); d != "" {
		t.Error(d)
	}
	if err := to.Restore(t.Context(), snap); !errors.Is(err, ErrNotEmpty) {
		t.Errorf("twice: %v", err)
	}
	was, err1 := from.Changes(t.Context())
	is, err2 := to.Changes(t.Context())
	if err := errors.Join(err1, err2); err != nil || is <= was {
		t.Errorf("changes %d, then %d, %v", was, is, err)
	}
}

// withoutSecrets is what acts can tell of a dump.
func (d dump) withoutSecrets() dump {
	for i := range d.Cameras {
		for n := range d.Cameras[i].Streams {
			d.Cameras[i].Streams[n] = Stream{ID: d.Cameras[i].Streams[n].ID, Transport: TCP}
		}
	}
	return d
}

func TestActsBringCamerasBack(t *testing.T) {
	t.Parallel()
	log := &actLog{}
	from := open(t, Config{Now: newClock().now, Acts: log})
	village(t, from)
	want := dumpOf(t, from)

	// From the acts alone, given twice.
	to := open(t, Config{})
	for i := range 2 {
		made, err := to.Replay(t.Context(), log.list)
		if err != nil || made != 5*(1-i) {
			t.Fatalf("made %d, %v", made, err)
		}
		if d := cmp.Diff(want.withoutSecrets(), dumpOf(t, to)); d != "" {
			t.Fatalf("round %d: %s", i, d)
		}
	}

	// On top of what is there already, passwords included: no effect.
	want = dumpOf(t, from)
	if made, err := from.Replay(t.Context(), log.list); err != nil || made != 0 {
		t.Fatalf("made %d, %v", made, err)
	}
	if d := cmp.Diff(want, dumpOf(t, from)); d != "" {
		t.Error(d)
	}
}

// Every snapshot along the way, with all acts on top, ends where the acts end.
func TestOldSnapshotAndNewActs(t *testing.T) {
	t.Parallel()
	log := &actLog{}
	from := open(t, Config{Now: newClock().now, Acts: log})
	village(t, from)
	want := dumpOf(t, from).withoutSecrets()
	for n := range log.list {
		to := open(t, Config{})
		if _, err := to.Replay(t.Context(), log.list[:n]); err != nil {
			t.Fatal(err)
		}
		if _, err := to.Replay(t.Context(), log.list); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, dumpOf(t, to)); d != "" {
			t.Errorf("after %d acts: %s", n, d)
		}
	}
}

func TestReplayKeepsACameraEnrolledAnew(t *testing.T) {
	t.Parallel()
	r := open(t, Config{})
	now := put(t, r, Draft{DeviceID: "gate", Name: Set("new")}, Created)
	old := media.NewCameraID()
	made, err := r.Replay(t.Context(), []acts.Act{
		{
			ID: "a_1", Kind: acts.Enrol, Camera: old, At: 5, Span: timeline.Span{From: 5, To: timeline.Forever},
			Enrolled: &acts.Enrolment{Carrier: "local", Device: "gate", Name: "old"},
		},
		{ID: "a_2", Kind: acts.Remove, Camera: old, At: 9, Span: timeline.Span{From: 9, To: timeline.Forever}},
		{ID: "a_3", Kind: acts.Hold, Camera: old, At: 9},
		{ID: "a_4", Kind: acts.Place, Camera: media.NewCameraID(), At: 9, Enrolled: &acts.Enrolment{}},
		{ID: "a_5", Kind: acts.Remove, Camera: media.NewCameraID(), At: 9},
	})
	if err != nil || made != 1 {
		t.Fatalf("made %d, %v", made, err)
	}
	if got, err := r.Resolve(t.Context(), "gate"); err != nil || got.ID != now.ID || got.Name != "new" {
		t.Errorf("%+v, %v", got, err)
	}
	got, err := r.Get(t.Context(), old)
	if err != nil || got.DeviceID != "gate.earlier-"+string(old)[2:8] || got.Lifecycle != Decommissioned || got.EnrolledAt != 5 || got.LeftAt != 9 {
		t.Errorf("%+v, %v", got, err)
	}
}
