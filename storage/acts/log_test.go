package acts_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"qianshao/storage/acts"
	"qianshao/storage/blob"
	"qianshao/storage/blob/memblob"
	"qianshao/storage/media"
	"qianshao/storage/timeline"
	"qianshao/storage/vfs"
	"qianshao/storage/vfs/crashfs"
	"qianshao/storage/vfs/errfs"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// store is a memblob that can be away, and that may confirm too late: the
// object is there, the answer is lost.
type store struct {
	*memblob.Store
	mu   sync.Mutex
	away error
	mute bool
	puts int
}

func newStore(t *testing.T) *store { return &store{Store: memblob.New(t)} }

func (s *store) setAway(err error, mute bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.away, s.mute = err, mute
}

func (s *store) putCount() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.puts
}

func (s *store) Put(ctx context.Context, key string, c blob.Content) error {
	s.mu.Lock()
	away, mute := s.away, s.mute
	s.puts++
	s.mu.Unlock()
	if away != nil && !mute {
		return away
	}
	if err := s.Store.Put(ctx, key, c); err != nil {
		return err
	}
	return away
}

func openLog(t *testing.T, fsys vfs.FS, s blob.Store) *acts.Log {
	t.Helper()
	l, err := acts.Open(t.Context(), acts.Config{
		FS: fsys, Store: s,
		Now: func() time.Time { return time.Unix(1_764_000_000, 0) },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

var camera = media.NewCameraID()

func reason(id string, from timeline.Micros) *acts.Act {
	return &acts.Act{
		ID: id, Kind: acts.Reason, Stream: camera.Stream(0), Source: "ingest",
		Span: timeline.Span{From: from, To: from + timeline.Second}, Cause: timeline.Stalled, At: 1_764_000_000_000_000 + from,
	}
}

func hold(id string) *acts.Act {
	return &acts.Act{ID: id, Kind: acts.Hold, Camera: camera, Span: timeline.Span{From: 1, To: 2}, Source: "operator"}
}

// inStore replays the ids of the acts in the store.
func inStore(t *testing.T, s blob.Store) (ids []string) {
	t.Helper()
	err := acts.Replay(t.Context(), s, func(a acts.Act) error {
		ids = append(ids, a.ID)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

func local(t *testing.T, l *acts.Log) (ids []string) {
	t.Helper()
	for a, err := range l.Local(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, a.ID)
	}
	return ids
}

func TestWaitForTheStore(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	l := openLog(t, crashfs.New(), s)
	if err := l.Append(t.Context(), reason("r1", 1), reason("r2", 2)); err != nil {
		t.Fatal(err)
	}
	if got := inStore(t, s); got != nil {
		t.Errorf("Append alone shipped %v", got)
	}
	if err := l.AppendWait(t.Context(), hold("h1")); err != nil {
		t.Fatal(err)
	}
	if got, want := inStore(t, s), []string{"r1", "r2", "h1"}; !slices.Equal(got, want) {
		t.Errorf("store has %v, want %v", got, want)
	}
	if n := l.Pending(); n != 0 {
		t.Errorf("%d batches wait", n)
	}

	s.setAway(errors.New("no route"), false)
	if err := l.AppendWait(t.Context(), hold("h2")); !errors.Is(err, acts.ErrNotShipped) {
		t.Errorf("store away: %v", err)
	}
	s.setAway(nil, false)
	if err := l.Ship(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := inStore(t, s); !slices.Contains(got, "h2") {
		t.Errorf("store is back and has %v", got)
	}
	if err := l.AppendWait(t.Context(), &acts.Act{ID: "x", Kind: "dance"}); !errors.Is(err, acts.ErrBadAct) {
		t.Errorf("a bad act: %v", err)
	}
}

// An answer that was lost ships the same object again, and an act shipped twice
// is replayed once.
func TestShippedTwiceIsOneAct(t *testing.T) {
	t.Parallel()
	s, disk := newStore(t), crashfs.New()
	l := openLog(t, disk, s)
	s.setAway(errors.New("connection reset"), true)
	if err := l.AppendWait(t.Context(), hold("h1")); !errors.Is(err, acts.ErrNotShipped) {
		t.Errorf("lost answer: %v", err)
	}
	s.setAway(nil, false)
	after := openLog(t, disk, s) // as after kill -9
	if err := after.Append(t.Context(), hold("h1"), hold("h2")); err != nil {
		t.Fatal(err)
	}
	if err := after.Ship(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, want := inStore(t, s), []string{"h1", "h2"}; !slices.Equal(got, want) {
		t.Errorf("store has %v, want %v", got, want)
	}
}

func TestRunShipsAndBacksOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStore(t)
		l := openLog(t, crashfs.New(), s)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- l.Run(ctx) }()

		for i := range 10 {
			if err := l.Append(ctx, reason(fmt.Sprint("r", i), timeline.Micros(i))); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(31 * time.Second)
		if s.putCount() != 1 || len(inStore(t, s)) != 10 {
			t.Errorf("%d acts in %d objects", len(inStore(t, s)), s.putCount())
		}

		s.setAway(errors.New("no route"), false)
		if err := l.Append(ctx, reason("r10", 10)); err != nil {
			t.Fatal(err)
		}
		before := s.putCount()
		time.Sleep(time.Hour)
		if tries := s.putCount() - before; tries < 50 || tries > 400 {
			t.Errorf("%d tries in an hour", tries)
		}
		s.setAway(nil, false)
		time.Sleep(2 * time.Minute)
		if got := len(inStore(t, s)); got != 11 {
			t.Errorf("%d acts after the store came back", got)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestFailedSyncAbandonsTheFile(t *testing.T) {
	t.Parallel()
	for _, op := range []errfs.Op{errfs.Writev, errfs.Datasync, errfs.Create, errfs.SyncDir} {
		t.Run(string(op), func(t *testing.T) {
			t.Parallel()
			s, disk := newStore(t), errfs.New(crashfs.New())
			l := openLog(t, disk, s)
			disk.Fail(op, 1, errors.New("input/output error"))
			if err := l.Append(t.Context(), reason("r1", 1)); err != nil {
				t.Fatal(err)
			}
			disk.FailAll(op, "", errors.New("input/output error"))
			if err := l.Append(t.Context(), reason("r2", 2)); err == nil && op != errfs.Create && op != errfs.SyncDir {
				t.Error("an act that could not be synced was promised")
			}
			disk.Heal()
			if err := l.AppendWait(t.Context(), reason("r3", 3)); err != nil {
				t.Fatal(err)
			}
			got := inStore(t, s)
			if !slices.Contains(got, "r1") || !slices.Contains(got, "r3") {
				t.Errorf("store has %v", got)
			}
		})
	}
}

// An unreadable file keeps its own acts back, and no others.
func TestBadSpotKeepsItsOwnActsBack(t *testing.T) {
	t.Parallel()
	s, disk := newStore(t), errfs.New(crashfs.New())
	l := openLog(t, disk, s)
	s.setAway(errors.New("no route"), false)
	if err := l.AppendWait(t.Context(), hold("h1")); !errors.Is(err, acts.ErrNotShipped) {
		t.Fatal(err)
	}
	s.setAway(nil, false)
	disk.FailAll(errfs.ReadAt, "acts/0000000001-*", errors.New("input/output error"))
	if err := l.AppendWait(t.Context(), hold("h2")); err != nil {
		t.Errorf("the later act: %v", err)
	}
	if err := l.Ship(t.Context()); err == nil {
		t.Error("Ship is silent about the file it cannot read")
	}
	disk.Heal()
	if err := l.Ship(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := len(inStore(t, s)); got != 2 {
		t.Errorf("%d acts in the store", got)
	}
}

func TestShippedFilesArePruned(t *testing.T) {
	t.Parallel()
	s, disk := newStore(t), crashfs.New()
	now := time.Unix(1_764_000_000, 0)
	l, err := acts.Open(t.Context(), acts.Config{FS: disk, Store: s, Keep: time.Hour, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	if err := l.AppendWait(t.Context(), hold("h1")); err != nil {
		t.Fatal(err)
	}
	now = now.Add(50 * time.Minute)
	if err := l.AppendWait(t.Context(), hold("h2")); err != nil {
		t.Fatal(err)
	}
	if got, want := local(t, l), []string{"h1", "h2"}; !slices.Equal(got, want) {
		t.Errorf("local acts are %v, want %v", got, want)
	}
	now = now.Add(50 * time.Minute)
	if err := l.AppendWait(t.Context(), hold("h3")); err != nil {
		t.Fatal(err)
	}
	if got, want := local(t, l), []string{"h2", "h3"}; !slices.Equal(got, want) {
		t.Errorf("local acts are %v, want %v", got, want)
	}
	if err := errors.Join(l.Close(), l.Close()); err != nil {
		t.Error(err)
	}
}

// The power goes at every operation in turn, and what Append promised is on
// this machine or in the store; once the store is back it has everything.
func TestNothingPromisedIsLost(t *testing.T) {
	t.Parallel()
	for cut := range 40 {
		for seed := range uint64(5) {
			rng := rand.New(rand.NewPCG(seed, uint64(cut)))
			disk, s := crashfs.New(), newStore(t)
			var promised []string
			disk.PowerOffAfter(cut)
			for life := range 4 {
				l, err := acts.Open(t.Context(), acts.Config{FS: disk, Store: s})
				if err != nil {
					if !errors.Is(err, crashfs.ErrPowerOff) {
						t.Fatal(err)
					}
				} else {
					promised = append(promised, live(t, rng, l, s, life)...)
				}
				disk = disk.Crash(rng)
				disk.PowerOffAfter(cut + life)
			}
			disk.PowerOffAfter(-1)
			s.setAway(nil, false)
			l := openLog(t, disk, s)
			if err := l.Ship(t.Context()); err != nil {
				t.Fatalf("cut %d seed %d: %v", cut, seed, err)
			}
			got := inStore(t, s)
			for _, id := range promised {
				if !slices.Contains(got, id) {
					t.Fatalf("cut %d seed %d: promised act %s is lost; store has %v", cut, seed, id, got)
				}
			}
		}
	}
}

// live appends and ships at random until the power goes, and returns the ids
// that were promised.
func live(t *testing.T, rng *rand.Rand, l *acts.Log, s *store, life int) (promised []string) {
	t.Helper()
	for i := range 12 {
		a := reason(fmt.Sprintf("r%d-%d", life, i), timeline.Micros(i))
		switch rng.IntN(4) {
		case 0:
			s.setAway(errors.New("no route"), rng.IntN(2) == 0)
		case 1:
			s.setAway(nil, false)
		}
		if rng.IntN(2) == 0 {
			if err := l.Append(t.Context(), a); err == nil {
				promised = append(promised, a.ID)
			}
			continue
		}
		if err := l.AppendWait(t.Context(), a); err == nil || errors.Is(err, acts.ErrNotShipped) {
			promised = append(promised, a.ID)
		}
	}
	return promised
}

func TestReplayNamesWhatItCannotRead(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	l := openLog(t, crashfs.New(), s)
	if err := l.AppendWait(t.Context(), hold("h1")); err != nil {
		t.Fatal(err)
	}
	const key = acts.Prefix + "20251124/1764000000000000-a-0102030000000000.jsonl"
	later := []byte(`{"v":2,"id":"a","kind":"unheard"}` + "\n" + `{"v":1,"id":"h9","kind":"hold","camera":"` + string(camera) +
		`","from_us":1,"to_us":2,"at_us":3}` + "\n")
	if err := s.Put(t.Context(), key, blob.Bytes(later)); err != nil {
		t.Fatal(err)
	}
	var ids []string
	err := acts.Replay(t.Context(), s, func(a acts.Act) error {
		ids = append(ids, a.ID)
		return nil
	})
	if !errors.Is(err, acts.ErrBadAct) {
		t.Errorf("an act of a later version: %v", err)
	}
	if slices.Sort(ids); !slices.Equal(ids, []string{"h1", "h9"}) {
		t.Errorf("replayed %v", ids)
	}
}
