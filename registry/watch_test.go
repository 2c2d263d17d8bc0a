package registry

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"qianshao/storage/acts"
	"qianshao/storage/media"
	"qianshao/storage/timeline"
)

// run starts r.Run and stops it at the end of the test.
func run(t *testing.T, r *Registry) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// await fails the test if ch does not receive.
func await(t *testing.T, ch <-chan struct{}) {
	t.Helper()
	select {
	case _, ok := <-ch:
		if !ok {
			t.Fatal("the channel was closed")
		}
	case <-time.After(30 * time.Second):
		t.Fatal("no wake-up")
	}
}

func TestWatchWakes(t *testing.T) {
	t.Parallel()
	r := open(t, Config{})
	ctx, cancel := context.WithCancel(t.Context())
	ch := r.Watch(ctx)
	await(t, ch) // at first
	cam := put(t, r, Draft{DeviceID: "a"}, Created)
	await(t, ch)
	put(t, r, Draft{DeviceID: "a"}, Unchanged)
	select {
	case <-ch:
		t.Error("woken by nothing")
	default:
	}
	put(t, r, Draft{DeviceID: "a", Name: Set("x")}, Updated)
	put(t, r, Draft{DeviceID: "a", Name: Set("y")}, Updated)
	await(t, ch) // both as one
	if err := r.Remove(t.Context(), cam.ID, ""); err != nil {
		t.Fatal(err)
	}
	await(t, ch)
	cancel()
	for range ch { // closed once ctx has ended
	}
}

// Another process: a second Registry on the same folder.
func TestChangesByAnotherProcessAreSeen(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := open(t, Config{Dir: dir, Poll: 5 * time.Millisecond})
	ch := r.Watch(t.Context())
	await(t, ch)
	run(t, r)
	other := open(t, Config{Dir: dir})
	cam := put(t, other, Draft{DeviceID: "a", URL: Set("rtsp://u:p@h/")}, Created)
	await(t, ch)
	if got, err := r.Get(t.Context(), cam.ID); err != nil || got.Streams[0].Password.Reveal() != "p" {
		t.Errorf("%+v, %v", got, err)
	}
	before, err := r.Changes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Remove(t.Context(), cam.ID, ""); err != nil {
		t.Fatal(err)
	}
	await(t, ch)
	if after, err := r.Changes(t.Context()); err != nil || after <= before {
		t.Errorf("changes %d, then %d, %v", before, after, err)
	}
}

func TestActsWaitForTheStore(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	log := &actLog{away: errors.New("store is away")}
	r := open(t, Config{Dir: dir, Acts: log})
	out, err := r.Upsert(t.Context(), []Draft{{DeviceID: "a"}, {DeviceID: "b"}})
	if !errors.Is(err, ErrUnconfirmed) || !errors.Is(err, log.away) || len(out) != 2 || out[1].Status != Created {
		t.Fatalf("%+v, %v", out, err)
	}
	if err := r.Remove(t.Context(), out[0].Camera, "ann"); !errors.Is(err, ErrUnconfirmed) {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	log.setAway(nil)
	r = open(t, Config{Dir: dir, Acts: log}) // the acts outlive the process
	put(t, r, Draft{DeviceID: "a"}, Updated)
	if d := cmp.Diff([]acts.Kind{acts.Enrol, acts.Enrol, acts.Remove, acts.Enrol}, log.kinds()); d != "" {
		t.Error(d)
	}
	for _, a := range log.list {
		if a.Kind == acts.Remove && (a.Camera != out[0].Camera || a.Actor != "ann") {
			t.Errorf("%+v", a)
		}
	}
	if left, err := r.readOutbox(t.Context()); err != nil || len(left) != 0 {
		t.Errorf("%d acts left, %v", len(left), err)
	}
}

func TestActsOnTheirWayAreNotHandedOverAgain(t *testing.T) {
	t.Parallel()
	log := &actLog{away: acts.ErrNotShipped}
	r := open(t, Config{Acts: log})
	if _, err := r.Upsert(t.Context(), []Draft{{DeviceID: "a"}}); !errors.Is(err, ErrUnconfirmed) {
		t.Fatal(err)
	}
	if left, err := r.readOutbox(t.Context()); err != nil || len(left) != 0 || len(log.list) != 1 {
		t.Errorf("%d acts left, %v", len(left), err)
	}
}

func TestStates(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	clk := newClock()
	r := open(t, Config{Dir: dir, Now: clk.now})
	run(t, r)
	a := put(t, r, Draft{DeviceID: "a"}, Created).ID.Stream(0)
	if s := r.State(a); s.Phase != Unassigned {
		t.Errorf("%+v", s)
	}
	r.SetState(State{Stream: a, Phase: Connecting, Cause: timeline.CameraOffline})
	since := r.State(a).Since
	r.SetState(State{Stream: a, Phase: Connecting, Cause: timeline.CameraOffline, LastError: "refused"})
	if s := r.State(a); s.Since != since || since == 0 || s.LastError != "refused" {
		t.Errorf("%+v", s)
	}
	r.SetState(State{Stream: a, Phase: Streaming, Since: since + timeline.Minute, Codec: "h264"})
	for i := range 1000 { // figures alone
		r.SetState(State{Stream: a, Phase: Streaming, Codec: "h264", Bitrate: int64(i)})
	}
	if s := r.State(a); s.Since != since+timeline.Minute || s.Bitrate != 999 {
		t.Errorf("%+v", s)
	}
	want := []StateChange{
		{a, since, Connecting, timeline.CameraOffline, ""},
		{a, since + timeline.Minute, Streaming, "", ""},
	}
	hist, err := r.History(t.Context(), a, timeline.Span{From: since + timeline.Second, To: timeline.Forever})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, hist); d != "" {
		t.Error(d)
	}
	hist, err = r.History(t.Context(), a, timeline.Span{From: since + timeline.Minute, To: timeline.Forever})
	if err != nil || len(hist) != 1 {
		t.Errorf("%v, %v", hist, err)
	}

	clk.mu.Lock()
	clk.t = clk.t.Add(20 * 24 * time.Hour)
	clk.mu.Unlock()
	if err := r.pruneStates(t.Context()); err != nil {
		t.Fatal(err)
	}
	if hist, err = r.History(t.Context(), a, timeline.Span{To: timeline.Forever}); err != nil || len(hist) != 1 || hist[0].Phase != Streaming {
		t.Errorf("after pruning: %v, %v", hist, err)
	}

	b := put(t, r, Draft{DeviceID: "b"}, Created)
	for state, n := range map[string]int{"": 2, "streaming": 1, "unassigned": 1, "stalled": 0, "all": 2, "removed": 0, "nonsense": 0} {
		page, err := r.List(t.Context(), Query{State: state, Limit: 10})
		if err != nil || len(page.Items) != n {
			t.Errorf("%q: %d, %v", state, len(page.Items), err)
		}
	}
	if err := r.Remove(t.Context(), a.Camera(), ""); err != nil {
		t.Fatal(err)
	}
	if got := r.States(); len(got) != 0 {
		t.Errorf("%+v", got)
	}
	page, err := r.List(t.Context(), Query{State: QueryRemoved})
	if err != nil || len(page.Items) != 1 || page.Items[0].ID == b.ID {
		t.Errorf("%+v, %v", page, err)
	}
}

func TestListPages(t *testing.T) {
	t.Parallel()
	r := open(t, Config{})
	for _, ref := range []string{"b:1", "a:10_x", "a:2", "b:Zaun", "a:1"} {
		put(t, r, Draft{Carrier: ref[:1], DeviceID: ref[2:], Name: Set("Cam " + ref)}, Created)
	}
	want := []string{"a:1", "a:10_x", "a:2", "b:1", "b:Zaun"}
	refs := func(q Query) (got []string) {
		for {
			page, err := r.List(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range page.Items {
				got = append(got, c.Ref())
			}
			if page.Next == "" {
				return got
			}
			if len(page.Items) != q.Limit {
				t.Fatalf("%d items on a page of %d", len(page.Items), q.Limit)
			}
			q.After = page.Next
		}
	}
	for limit := range 7 {
		if d := cmp.Diff(want, refs(Query{Limit: limit})); d != "" {
			t.Errorf("limit %d: %s", limit, d)
		}
		if d := cmp.Diff(want, refs(Query{Limit: limit, State: "unassigned"})); d != "" {
			t.Errorf("limit %d: %s", limit, d)
		}
	}
	for q, want := range map[string][]string{
		"zaun": {"b:Zaun"}, "10_": {"a:10_x"}, "%": nil, "_": {"a:10_x"}, "CAM A": {"a:1", "a:10_x", "a:2"}, `\`: nil, "'": nil,
	} {
		if d := cmp.Diff(want, refs(Query{Q: q, Limit: 2})); d != "" {
			t.Errorf("%q: %s", q, d)
		}
	}
	if _, err := r.List(t.Context(), Query{After: "x"}); !errors.Is(err, ErrBadCursor) {
		t.Errorf("got %v", err)
	}
	ids, err := r.IDs(t.Context())
	if err != nil || len(ids) != 5 || ids[0] > ids[1] {
		t.Errorf("%v, %v", ids, err)
	}
	if _, err := r.Get(t.Context(), media.NewCameraID()); !errors.Is(err, ErrUnknown) {
		t.Errorf("got %v", err)
	}
}
