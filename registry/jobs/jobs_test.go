package jobs_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"qianshao/registry/jobs"
	"qianshao/registry/secret"
	"qianshao/storage/timeline"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// folder is where a book lies, which may be opened again and again.
type folder struct {
	t   *testing.T
	dir string
	key *secret.Key
	now timeline.Micros
}

func newFolder(t *testing.T) *folder {
	t.Helper()
	dir := t.TempDir()
	key, err := secret.MakeKey(filepath.Join(dir, "secret.key"))
	if err != nil {
		t.Fatal(err)
	}
	return &folder{t: t, dir: dir, key: key, now: timeline.FromTime(time.Date(2026, 11, 23, 1, 0, 0, 0, time.UTC))}
}

func (f *folder) open() *jobs.Book {
	f.t.Helper()
	b, err := jobs.Open(f.t.Context(), jobs.Config{Dir: f.dir, Key: f.key, Parallel: 1, Now: func() time.Time { return f.now.Time() }})
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() {
		if err := b.Close(); err != nil {
			f.t.Error(err)
		}
	})
	return b
}

// run does jobs until stop is called.
func run(t *testing.T, b *jobs.Book, do jobs.Runner) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- b.Run(ctx, map[string]jobs.Runner{"import": do}) }()
	return func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

func begin(t *testing.T, b *jobs.Book, key, input string) jobs.Job {
	t.Helper()
	j, _, err := b.Begin(t.Context(), jobs.Job{Kind: "import", Carrier: "telecom", Actor: "wang", Options: map[string]string{"dry_run": "true"}}, key, []byte(input))
	if err != nil {
		t.Fatal(err)
	}
	return j
}

// ended waits for the end of a job, and returns it with all states seen on the way.
func ended(t *testing.T, b *jobs.Book, id string) (jobs.Job, []jobs.Job) {
	t.Helper()
	var seen []jobs.Job
	for {
		j, changed, err := b.Watch(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		seen = append(seen, j)
		if changed == nil {
			return j, seen
		}
		select {
		case <-changed:
		case <-time.After(30 * time.Second):
			t.Fatalf("nothing happens to %+v", j)
		}
	}
}

// copying is a Runner whose result and sheet are what went in.
func copying(_ context.Context, _ jobs.Job, input []byte, report jobs.Report) (jobs.Output, error) {
	for i := range 3 {
		report(3, i+1, map[string]int{"created": i + 1})
	}
	return jobs.Output{Result: input, Sheet: input}, nil
}

func TestAJobRunsAndIsToldOf(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	b := f.open()
	j := begin(t, b, "", "口令 canary-one")
	if j.State != jobs.Queued || j.Created != f.now {
		t.Errorf("%+v", j)
	}
	stop := run(t, b, copying)
	defer stop()
	j, seen := ended(t, b, j.ID)
	if j.State != jobs.Done || j.Total != 3 || j.Done != 3 || j.Counts["created"] != 3 || !j.Sheet || j.Tries != 1 || j.Options["dry_run"] != "true" {
		t.Errorf("%+v", j)
	}
	for i := 1; i < len(seen); i++ {
		if seen[i].Done < seen[i-1].Done {
			t.Errorf("progress goes back: %+v", seen)
		}
	}
	for what, read := range map[string]func(context.Context, string) ([]byte, error){"result": b.Result, "sheet": b.Sheet} {
		if got, err := read(t.Context(), j.ID); err != nil || string(got) != "口令 canary-one" {
			t.Errorf("%s: %q, %v", what, got, err)
		}
	}
	list, err := b.List(t.Context(), "import", "telecom", false, 10)
	if err != nil || len(list) != 1 || list[0].State != jobs.Done {
		t.Errorf("%+v, %v", list, err)
	}
	if list, err = b.List(t.Context(), "import", "unicom", false, 10); err != nil || len(list) != 0 {
		t.Errorf("another carrier's: %+v, %v", list, err)
	}
}

// What was uploaded does not stand in the clear on the disk.
func TestNothingIsReadableOnDisk(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	b := f.open()
	waits, key := begin(t, b, "", "canary-secret-1"), begin(t, b, "key", "canary-secret-2")
	stop := run(t, b, copying)
	ended(t, b, waits.ID)
	ended(t, b, key.ID)
	stop()
	begin(t, b, "", "canary-secret-3")
	names, err := filepath.Glob(filepath.Join(f.dir, "jobs.db*"))
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		raw, err := os.ReadFile(name)
		if err != nil || bytes.Contains(raw, []byte("canary-secret")) {
			t.Errorf("%s holds what was uploaded, or cannot be read: %v", name, err)
		}
	}
}

func TestTheSameKeyIsTheSameJob(t *testing.T) {
	t.Parallel()
	b := newFolder(t).open()
	first := begin(t, b, "k", "list")
	if again := begin(t, b, "k", "list"); again.ID != first.ID {
		t.Errorf("%s, then %s", first.ID, again.ID)
	}
	stop := run(t, b, copying)
	ended(t, b, first.ID)
	stop()
	if again := begin(t, b, "k", "list"); again.ID != first.ID || again.State != jobs.Done {
		t.Errorf("after its end: %+v", again)
	}
	of := jobs.Job{Kind: "import", Carrier: "telecom", Actor: "wang", Options: map[string]string{"dry_run": "true"}}
	if _, _, err := b.Begin(t.Context(), of, "k", []byte("another")); !errors.Is(err, jobs.ErrKeyUsed) {
		t.Errorf("another list under the key: %v", err)
	}
	real := of
	real.Options = nil
	if _, _, err := b.Begin(t.Context(), real, "k", []byte("list")); !errors.Is(err, jobs.ErrKeyUsed) {
		t.Errorf("other options under the key: %v", err)
	}
	of.Actor = "li"
	if j, fresh, err := b.Begin(t.Context(), of, "k", []byte("another")); err != nil || !fresh || j.ID == first.ID {
		t.Errorf("somebody else's key: %+v, %v, %v", j, fresh, err)
	}
}

// A process that ends in the middle leaves a job that begins again, with what went in.
func TestAJobBeginsAgain(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	for _, orderly := range []bool{true, false} {
		b := f.open()
		j := begin(t, b, "", fmt.Sprint("list ", orderly))
		reached := make(chan struct{})
		stop := run(t, b, func(ctx context.Context, _ jobs.Job, _ []byte, report jobs.Report) (jobs.Output, error) {
			report(10, 5, nil)
			close(reached)
			<-ctx.Done()
			return jobs.Output{}, ctx.Err()
		})
		<-reached
		tries := 1
		if orderly {
			stop()
		} else { // as after kill -9: what is on the disk counts
			dir := t.TempDir()
			copyBook(t, f.dir, dir)
			stop()
			f, tries = &folder{t: t, dir: dir, key: f.key, now: f.now}, 2
		}
		again := f.open()
		if got, err := again.Get(t.Context(), j.ID); err != nil || got.State != jobs.Queued || got.Done != 0 {
			t.Errorf("before: %+v, %v", got, err)
		}
		stop = run(t, again, copying)
		got, _ := ended(t, again, j.ID)
		stop()
		if text, err := again.Result(t.Context(), j.ID); err != nil || string(text) != fmt.Sprint("list ", orderly) || got.State != jobs.Done || got.Tries != tries {
			t.Errorf("orderly %v: %q, %+v, %v", orderly, text, got, err)
		}
	}
}

func copyBook(t *testing.T, from, to string) {
	t.Helper()
	for _, name := range []string{"jobs.db", "jobs.db-wal"} {
		raw, err := os.ReadFile(filepath.Join(from, name))
		if err == nil {
			err = os.WriteFile(filepath.Join(to, name), raw, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestCancel(t *testing.T) {
	t.Parallel()
	b := newFolder(t).open()
	runs, waits := begin(t, b, "", "a"), begin(t, b, "", "b")
	reached := make(chan struct{}, 2)
	stop := run(t, b, func(ctx context.Context, _ jobs.Job, _ []byte, report jobs.Report) (jobs.Output, error) {
		report(10, 5, nil)
		reached <- struct{}{}
		<-ctx.Done()
		return jobs.Output{Result: []byte("half")}, ctx.Err()
	})
	defer stop()
	<-reached
	for _, id := range []string{waits.ID, runs.ID} {
		if err := b.Cancel(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		if j, _ := ended(t, b, id); j.State != jobs.Cancelled || j.Failure != nil {
			t.Errorf("%+v", j)
		}
		if err := b.Cancel(t.Context(), id); !errors.Is(err, jobs.ErrEnded) {
			t.Errorf("again: %v", err)
		}
	}
	if text, err := b.Result(t.Context(), runs.ID); err != nil || string(text) != "half" {
		t.Errorf("what was done: %q, %v", text, err)
	}
	if err := b.Cancel(t.Context(), "j_none"); !errors.Is(err, jobs.ErrUnknown) {
		t.Error(err)
	}
}

func TestAJobFails(t *testing.T) {
	t.Parallel()
	b := newFolder(t).open()
	say := &jobs.Failure{Code: "no_rows", ZH: "空", EN: "empty"}
	told, dark, broken := begin(t, b, "", "told"), begin(t, b, "", "dark"), begin(t, b, "", "panic")
	stop := run(t, b, func(_ context.Context, _ jobs.Job, input []byte, _ jobs.Report) (jobs.Output, error) {
		switch string(input) {
		case "told":
			return jobs.Output{}, fmt.Errorf("read: %w", say)
		case "panic":
			panic("an odd workbook")
		}
		return jobs.Output{}, errors.New("secret detail")
	})
	defer stop()
	for id, code := range map[string]string{told.ID: "no_rows", dark.ID: "internal", broken.ID: "internal"} {
		j, _ := ended(t, b, id)
		if j.State != jobs.Failed || j.Failure == nil || j.Failure.Code != code || j.Failure.ZH == "" || j.Failure.EN == "secret detail" {
			t.Errorf("%s: %+v, %+v", code, j, j.Failure)
		}
	}
}

func TestBoundsAndPruning(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	b := f.open()
	first := begin(t, b, "k", "0")
	for i := 1; i < 8; i++ {
		begin(t, b, "", fmt.Sprint(i))
	}
	if _, _, err := b.Begin(t.Context(), jobs.Job{Kind: "import", Carrier: "telecom", Actor: "wang"}, "", nil); !errors.Is(err, jobs.ErrFull) {
		t.Errorf("a ninth of one carrier: %v", err)
	}
	stop := run(t, b, copying)
	ended(t, b, first.ID)
	stop()
	f.now += jobs.Keep + timeline.Day
	begin(t, b, "k", "after a month")
	if _, err := b.Get(t.Context(), first.ID); !errors.Is(err, jobs.ErrUnknown) {
		t.Errorf("of a month ago: %v", err)
	}
	if _, err := jobs.Open(t.Context(), jobs.Config{Dir: f.dir}); err == nil {
		t.Error("a book without a key")
	}
}
