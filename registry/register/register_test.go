package register_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"qianshao/registry/register"
	"qianshao/storage/blob"
	"qianshao/storage/blob/memblob"
	"qianshao/storage/media"
	"qianshao/storage/timeline"
	"qianshao/storage/vfs"
	"qianshao/storage/vfs/crashfs"
	"qianshao/storage/vfs/errfs"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t testing.TB, cfg register.Config) *register.Register {
	t.Helper()
	r, err := register.Open(t.Context(), cfg)
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

func inFolder(t testing.TB) (dir string, fs vfs.FS) {
	t.Helper()
	dir = t.TempDir()
	fs, err := vfs.Dir(dir)
	if err != nil {
		t.Fatal(err)
	}
	return dir, fs
}

func looked(who string, n int) *register.Entry {
	return &register.Entry{
		Kind: register.ViewingOpen, Who: who, Address: "192.0.2.7", Viewing: "v_aaaaaaaaaaaaaaaa", Act: "footage.read",
		Cameras: []media.CameraID{"c_aaaaaaaaaaaaaaaa"}, Span: timeline.Span{From: timeline.Micros(n), To: timeline.Micros(n) + timeline.Minute},
		Note: "牛 \u2028 \"<&", Result: "allowed",
	}
}

func add(t testing.TB, r *register.Register, who string, from, to int) {
	t.Helper()
	for n := from; n <= to; n++ {
		if err := r.Append(t.Context(), looked(who, n)); err != nil {
			t.Fatal(err)
		}
	}
}

// intact wants that no chain has a fault, and returns what was found of the first.
func intact(t testing.TB, r *register.Register, store bool) register.Finding {
	t.Helper()
	found, err := r.Verify(t.Context(), store)
	if err != nil || len(found) == 0 {
		t.Fatalf("%+v, %v", found, err)
	}
	for _, f := range found {
		if f.Fault != nil {
			t.Fatalf("%s: %+v", f.Chain, *f.Fault)
		}
	}
	return found[0]
}

func TestTheChainGoesOnAfterAStart(t *testing.T) {
	t.Parallel()
	_, fs := inFolder(t)
	r := open(t, register.Config{FS: fs})
	add(t, r, "zhang", 1, 3)
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if err := r.Append(t.Context(), looked("late", 1)); err == nil {
		t.Error("a closed register took an entry")
	}
	r = open(t, register.Config{FS: fs})
	add(t, r, "li", 4, 5)
	if err := r.Append(t.Context(), looked("both", 6), looked("both", 7)); err != nil {
		t.Fatal(err)
	}
	f := intact(t, r, false)
	if f.Entries != 7 || f.First != 1 || f.Last != 7 || !f.Own || len(f.Notices) != 0 {
		t.Errorf("%+v", f)
	}
	for _, bad := range []*register.Entry{
		{},
		{Kind: "dance"},
		{Kind: register.Admin, Viewing: "v_1"},
		{Kind: register.Admin, Note: "\xff"},
		{Kind: register.Admin, Note: strings.Repeat("x", 2000)},
		{Kind: register.Admin, Cameras: []media.CameraID{"../x"}},
		{Kind: register.Admin, Span: timeline.Span{From: 2, To: 1}},
		{Kind: register.Admin, Bytes: -1},
	} {
		if err := r.Append(t.Context(), bad); !errors.Is(err, register.ErrBadEntry) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	_, fs := inFolder(t)
	now := time.Date(2026, 11, 28, 9, 0, 0, 0, time.UTC)
	r := open(t, register.Config{FS: fs, Now: func() time.Time { now = now.Add(time.Second); return now }})
	for n := 1; n <= 25; n++ {
		e := looked([]string{"zhang", "li"}[n%2], n)
		if n == 7 {
			e.Case, e.Kind, e.Cameras = "A\"7", register.Admin, []media.CameraID{"c_bbbbbbbbbbbbbbbb"}
		}
		if err := r.Append(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	seqs := func(q register.Query) (out []uint64) {
		t.Helper()
		for {
			page, err := r.List(t.Context(), q)
			if err != nil || page.Damaged != 0 || len(page.Items) > q.Limit {
				t.Fatalf("%d items, %d damaged, %v", len(page.Items), page.Damaged, err)
			}
			for _, e := range page.Items {
				out = append(out, e.Seq)
			}
			if page.Next == "" {
				return out
			}
			q.After = page.Next
		}
	}
	down := func(from, to, step int) (out []uint64) {
		for n := from; n >= to; n -= step {
			out = append(out, uint64(n))
		}
		return out
	}
	begin := timeline.FromTime(time.Date(2026, 11, 28, 9, 0, 0, 0, time.UTC))
	for name, c := range map[string]struct {
		q    register.Query
		want []uint64
	}{
		"all":     {register.Query{Limit: 4}, down(25, 1, 1)},
		"who":     {register.Query{Who: "zhang", Limit: 5}, down(24, 2, 2)},
		"case":    {register.Query{Case: "A\"7", Limit: 5}, []uint64{7}},
		"kind":    {register.Query{Kind: register.Admin, Limit: 5}, []uint64{7}},
		"camera":  {register.Query{Camera: "c_bbbbbbbbbbbbbbbb", Limit: 5}, []uint64{7}},
		"nobody":  {register.Query{Who: "wang", Limit: 5}, nil},
		"address": {register.Query{Address: "192.0.2.7", Limit: 25}, down(25, 1, 1)},
		// The clock is read once more when a file begins.
		"written": {register.Query{Written: timeline.Span{From: begin + 3*timeline.Second, To: begin + 6*timeline.Second}, Limit: 9}, []uint64{5, 4, 3}},
	} {
		if got := seqs(c.q); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	for _, bad := range []string{"x", "r_aaaaaaaaaaaaaaaa", "r_aaaaaaaaaaaaaaaa.x", "7.r_aaaaaaaaaaaaaaaa", "~"} {
		if _, err := r.List(t.Context(), register.Query{After: bad}); !errors.Is(err, register.ErrBadCursor) {
			t.Errorf("cursor %q: %v", bad, err)
		}
	}
	page, err := r.List(t.Context(), register.Query{Limit: 1, Case: "A\"7"})
	if err != nil || len(page.Items) != 1 {
		t.Fatal(err)
	}
	e, want := page.Items[0], looked("li", 7)
	if e.Note != want.Note || e.Span != want.Span || e.Who != "li" || e.Address != want.Address || e.Act != want.Act || e.Result != want.Result {
		t.Errorf("%+v came back as %+v", want, e)
	}
}

// edit changes the lines of the files of the one chain in a folder. A file goes
// on to begin with the line it began with.
func edit(t *testing.T, dir string, change func(lines [][]byte) [][]byte) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "register", "r_*", "*.jsonl"))
	if err != nil || len(files) == 0 {
		t.Fatal(err, files)
	}
	var all, firsts [][]byte
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		lines := bytes.SplitAfter(b, []byte("\n"))
		firsts = append(firsts, lines[0])
		all = append(all, lines[:len(lines)-1]...)
	}
	all = change(all)
	for i, file := range files {
		n := len(all)
		if i+1 < len(files) {
			n = slices.IndexFunc(all, func(line []byte) bool { return bytes.Equal(line, firsts[i+1]) })
			if n < 0 { // changed: they begin where they did
				n = 6
			}
		}
		if err := os.WriteFile(file, bytes.Join(all[:n], nil), 0o600); err != nil {
			t.Fatal(err)
		}
		all = all[n:]
	}
}

func TestVerifyNamesTheEntry(t *testing.T) {
	t.Parallel()
	replaced := func(k int, old, with string) func([][]byte) [][]byte {
		return func(lines [][]byte) [][]byte {
			if !bytes.Contains(lines[k], []byte(old)) {
				t.Errorf("%s is not in %s", old, lines[k])
			}
			lines[k] = bytes.ReplaceAll(lines[k], []byte(old), []byte(with))
			return lines
		}
	}
	for name, c := range map[string]struct {
		change func([][]byte) [][]byte
		wrong  register.Wrong
		seq    uint64
		alone  bool // found without the store's copy
	}{
		"who":            {replaced(3, `"zhang"`, `"wangs"`), register.Altered, 4, true},
		"the last":       {replaced(9, `"zhang"`, `"wangs"`), register.Altered, 10, true},
		"the first":      {replaced(0, `"zhang"`, `"wangs"`), register.Altered, 1, true},
		"garbage":        {func(l [][]byte) [][]byte { l[3] = []byte("x\n"); return l }, register.Altered, 4, true},
		"removed":        {func(l [][]byte) [][]byte { return slices.Delete(l, 4, 5) }, register.Missing, 5, true},
		"three removed":  {func(l [][]byte) [][]byte { return slices.Delete(l, 4, 7) }, register.Missing, 5, true},
		"first removed":  {func(l [][]byte) [][]byte { return l[1:] }, register.Missing, 1, true},
		"last removed":   {func(l [][]byte) [][]byte { return l[:9] }, register.Missing, 10, false},
		"swapped":        {func(l [][]byte) [][]byte { l[2], l[3] = l[3], l[2]; return l }, register.Reordered, 3, true},
		"twice":          {func(l [][]byte) [][]byte { return slices.Insert(l, 5, l[2]) }, register.Reordered, 3, true},
		"hash of a line": {func(l [][]byte) [][]byte { l[5] = rehash(l[5], `"zhang"`, `"wangs"`); return l }, register.Altered, 6, true},
		"hash of last":   {func(l [][]byte) [][]byte { l[9] = rehash(l[9], `"zhang"`, `"wangs"`); return l }, register.Altered, 10, false},
		"all rehashed": {func(l [][]byte) [][]byte {
			for i := 4; i < len(l); i++ {
				l[i] = rehash(l[i], `"zhang"`, `"wangs"`)
				if i+1 < len(l) {
					old := l[i+1][bytes.Index(l[i+1], []byte(`"prev":"`))+8:][:64]
					l[i+1] = bytes.ReplaceAll(l[i+1], old, l[i][len(l[i])-67:][:64])
				}
			}
			return l
		}, register.Altered, 5, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, fs := inFolder(t)
			store := memblob.New(nil)
			r := open(t, register.Config{FS: fs, Store: store})
			add(t, r, "zhang", 1, 6)
			if err := r.Close(); err != nil {
				t.Fatal(err)
			}
			r = open(t, register.Config{FS: fs, Store: store})
			add(t, r, "zhang", 7, 10)
			if err := r.Ship(t.Context()); err != nil {
				t.Fatal(err)
			}
			if f := intact(t, r, true); f.Stored != 10 {
				t.Fatalf("the store has %d", f.Stored)
			}
			if err := r.Close(); err != nil {
				t.Fatal(err)
			}
			edit(t, dir, c.change)
			r = open(t, register.Config{FS: fs, Store: store})
			for _, with := range []bool{false, true} {
				found, err := r.Verify(t.Context(), with)
				if err != nil {
					t.Fatal(err)
				}
				f := found[0].Fault
				if !with && !c.alone {
					if f != nil {
						t.Errorf("without the store: %+v", *f)
					}
					continue
				}
				if f == nil || f.Wrong != c.wrong || f.Seq != c.seq || f.Detail == "" {
					t.Errorf("with the store %v: %+v, want entry %d %s", with, f, c.seq, c.wrong)
				}
			}
			// The register goes on, and does not hide it.
			add(t, r, "after", 11, 11)
			if found, err := r.Verify(t.Context(), true); err != nil || found[0].Fault == nil {
				t.Errorf("after another entry: %+v, %v", found, err)
			}
		})
	}
}

// rehash changes a line and gives it the hash of its new text, as one would who
// wants to hide it.
func rehash(line []byte, old, with string) []byte {
	line = bytes.ReplaceAll(line, []byte(old), []byte(with))
	body := line[:bytes.LastIndex(line, []byte(`,"hash":"`))]
	cmd := exec.Command("sha256sum")
	cmd.Stdin = bytes.NewReader(body)
	sum, err := cmd.Output()
	if err != nil {
		panic(err)
	}
	return fmt.Appendf(slices.Clone(body), ",\"hash\":\"%s\"}\n", sum[:64])
}

// The hash is what sha256sum(1) makes of the line up to it, and prev the hash of
// the line before.
func TestTheHashIsAnybodys(t *testing.T) {
	t.Parallel()
	dir, fs := inFolder(t)
	r := open(t, register.Config{FS: fs})
	add(t, r, "zhang", 1, 3)
	prev := strings.Repeat("0", 64)
	edit(t, dir, func(lines [][]byte) [][]byte {
		if len(lines) != 3 {
			t.Errorf("%d lines", len(lines))
		}
		for i, line := range lines {
			if again := rehash(line, "\x00", ""); !bytes.Equal(again, line) {
				t.Errorf("line %d\n%s\nsha256sum:\n%s", i, line, again)
			}
			if !bytes.Contains(line, []byte(`"prev":"`+prev+`"`)) {
				t.Errorf("line %d does not name %s: %s", i, prev, line)
			}
			prev = string(line[len(line)-67:][:64])
		}
		return lines
	})
}

// Whatever moment the power fails at, what Append has taken is there after, and
// the chain is whole.
func TestPowerCuts(t *testing.T) {
	t.Parallel()
	cuts := 1000
	if testing.Short() {
		cuts = 100
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	for range cuts {
		disk := crashfs.New()
		taken := map[string]bool{}
		for life := range 1 + random.IntN(4) {
			disk.PowerOffAfter(random.IntN(40))
			r, err := register.Open(t.Context(), register.Config{FS: disk})
			if err == nil {
				var mu sync.Mutex
				var wg sync.WaitGroup
				for g := range 1 + random.IntN(3) {
					wg.Go(func() {
						for n := 0; ; n++ {
							who := fmt.Sprintf("w%d-%d-%d", life, g, n)
							if err := r.Append(t.Context(), looked(who, n)); err != nil {
								return
							}
							mu.Lock()
							taken[who] = true
							mu.Unlock()
						}
					})
				}
				wg.Wait()
				_ = r.Close() // the power is off
			}
			disk = disk.Crash(random)
		}
		r, err := register.Open(t.Context(), register.Config{FS: disk})
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Append(t.Context(), looked("at last", 1)); err != nil {
			t.Fatal(err)
		}
		intact(t, r, false)
		page, err := r.List(t.Context(), register.Query{Limit: 10_000})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page.Items {
			delete(taken, e.Who)
		}
		if len(taken) > 0 {
			t.Fatalf("seed %d: lost %v", seed, taken)
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// A disk that fails once costs nothing; one that goes on failing takes no entry,
// and none that was refused shows up later.
func TestDiskFails(t *testing.T) {
	t.Parallel()
	broken := errors.New("input/output error")
	for _, op := range []errfs.Op{errfs.Create, errfs.Writev, errfs.Datasync, errfs.SyncDir} {
		t.Run(string(op), func(t *testing.T) {
			t.Parallel()
			disk := errfs.New(crashfs.New())
			r := open(t, register.Config{FS: disk})
			if op != errfs.Create && op != errfs.SyncDir {
				add(t, r, "before", 1, 2)
			}
			disk.Fail(op, 1, broken)
			add(t, r, "once", 3, 3)
			if err := r.Close(); err != nil {
				t.Fatal(err)
			}
			r = open(t, register.Config{FS: disk})
			disk.FailAll(op, "", broken)
			if err := r.Append(t.Context(), looked("never", 4)); !errors.Is(err, broken) {
				t.Errorf("the disk fails: %v", err)
			}
			disk.Heal()
			add(t, r, "after", 5, 6)
			intact(t, r, false)
			page, err := r.List(t.Context(), register.Query{Limit: 100})
			if err != nil {
				t.Fatal(err)
			}
			var who []string
			for _, e := range page.Items {
				who = append(who, e.Who)
			}
			if !slices.Contains(who, "once") || slices.Contains(who, "never") || who[0] != "after" {
				t.Errorf("%v", who)
			}
		})
	}
}

// A power cut leaves a file without an entry, and the clock starts at 1970 then:
// what is written next is not taken for what that file left.
func TestTheClockIsSetBack(t *testing.T) {
	t.Parallel()
	disk := errfs.New(crashfs.New())
	now := time.Date(2026, 11, 28, 9, 0, 0, 0, time.UTC)
	cfg := register.Config{FS: disk, Now: func() time.Time { return now }}
	r := open(t, cfg)
	add(t, r, "before", 1, 2)
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	r = open(t, cfg)
	disk.FailAll(errfs.Writev, "", errors.New("input/output error"))
	disk.FailAll(errfs.Truncate, "", errors.New("input/output error"))
	if err := r.Append(t.Context(), looked("never", 3)); err == nil {
		t.Fatal("the disk takes it")
	}
	disk.Heal()
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	now = time.Unix(1000, 0)
	r = open(t, cfg)
	add(t, r, "1970", 3, 4)
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	now = time.Date(2026, 11, 28, 9, 5, 0, 0, time.UTC)
	r = open(t, cfg)
	add(t, r, "after", 5, 5)
	if f := intact(t, r, false); f.Entries != 5 {
		t.Errorf("%+v", f)
	}
	for who, q := range map[string]register.Query{
		"after 1970 1970 before before": {},
		"after before before":           {Written: timeline.Span{From: timeline.FromTime(now) - timeline.Hour, To: timeline.FromTime(now) + timeline.Hour}},
	} {
		page, err := r.List(t.Context(), q)
		var got []string
		for _, e := range page.Items {
			got = append(got, e.Who)
		}
		if text := strings.Join(got, " "); err != nil || text != who {
			t.Errorf("%+v: %q, %v", q.Written, text, err)
		}
	}
}

func TestShipping(t *testing.T) {
	t.Parallel()
	dir, fs := inFolder(t)
	store := memblob.New(t)
	r := open(t, register.Config{FS: fs, Store: store})
	add(t, r, "zhang", 1, 3)
	// What the folder was when entry 3 was the last.
	copied := t.TempDir()
	if err := os.CopyFS(copied, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	for n := 4; n <= 6; n++ {
		if err := r.Ship(t.Context()); err != nil {
			t.Fatal(err)
		}
		add(t, r, "zhang", n, n)
	}
	if f := intact(t, r, true); f.Stored != 5 || f.Last != 6 {
		t.Errorf("%+v", f)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	r = open(t, register.Config{FS: fs, Store: store})
	if err := r.Ship(t.Context()); err != nil {
		t.Fatal(err)
	}
	if f := intact(t, r, true); f.Stored != 6 || len(f.Notices) != 0 {
		t.Errorf("%+v", f)
	}

	// The folder was put back from a backup.
	old, err := vfs.Dir(copied)
	if err != nil {
		t.Fatal(err)
	}
	r = open(t, register.Config{FS: old, Store: store})
	if err := r.Ship(t.Context()); !errors.Is(err, register.ErrForked) {
		t.Errorf("a backup: %v", err)
	}
	found, err := r.Verify(t.Context(), true)
	if err != nil || found[0].Fault == nil || found[0].Fault.Wrong != register.Missing || found[0].Fault.Seq != 4 {
		t.Errorf("%+v, %v", found, err)
	}
	add(t, r, "other", 4, 8)
	if err := r.Ship(t.Context()); err != nil && !errors.Is(err, register.ErrForked) {
		t.Errorf("a fork: %v", err)
	}
	if found, err := r.Verify(t.Context(), true); err != nil || found[0].Fault == nil || found[0].Fault.Wrong != register.Altered || found[0].Fault.Seq != 4 {
		t.Errorf("%+v, %v", found, err)
	}
	// As the error says: a new chain.
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(copied, "register", "chain")); err != nil {
		t.Fatal(err)
	}
	r = open(t, register.Config{FS: old, Store: store})
	add(t, r, "anew", 1, 2)
	if err := r.Ship(t.Context()); err != nil {
		t.Error(err)
	}
	page, err := r.List(t.Context(), register.Query{Limit: 5})
	if err != nil || len(page.Items) != 5 || page.Items[0].Who != "anew" || page.Items[2].Who != "other" {
		t.Errorf("%+v, %v", page, err)
	}
	rest, err := r.List(t.Context(), register.Query{Limit: 50, After: page.Next})
	if err != nil || len(rest.Items) != 5 {
		t.Errorf("%+v, %v", rest, err)
	}
}

// A lost disk's chain comes back from the store, and is read beside the new one.
func TestRestore(t *testing.T) {
	t.Parallel()
	_, lost := inFolder(t)
	store := memblob.New(t)
	r := open(t, register.Config{FS: lost, Store: store})
	for n := 1; n <= 9; n += 3 {
		add(t, r, "zhang", n, n+2)
		if err := r.Ship(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	add(t, r, "gone", 10, 10) // not shipped

	disk := errfs.New(crashfs.New())
	r = open(t, register.Config{FS: disk, Store: store})
	add(t, r, "li", 1, 2)
	if found, err := register.Inspect(t.Context(), disk, ""); err != nil || len(found) != 1 || found[0].Entries != 2 || found[0].Fault != nil {
		t.Errorf("%+v, %v", found, err)
	}
	// A disk that fails in the middle leaves nothing half restored.
	disk.Fail(errfs.Writev, 2, errors.New("input/output error"))
	if n, err := r.Restore(t.Context()); err == nil {
		t.Errorf("%d entries", n)
	}
	if found, err := r.Verify(t.Context(), true); err != nil || len(found) != 1 {
		t.Errorf("%+v, %v", found, err)
	}
	for _, want := range []int{9, 0} { // and once more
		if n, err := r.Restore(t.Context()); err != nil || n != want {
			t.Errorf("%d entries, %v, want %d", n, err, want)
		}
	}
	found, err := r.Verify(t.Context(), true)
	if err != nil || len(found) != 2 {
		t.Fatalf("%+v, %v", found, err)
	}
	for _, f := range found {
		if f.Fault != nil || f.Own != (f.Entries == 2) || !f.Own && (f.Entries != 9 || f.Stored != 9) {
			t.Errorf("%+v", f)
		}
	}
	page, err := r.List(t.Context(), register.Query{Who: "zhang", Limit: 20})
	if err != nil || len(page.Items) != 9 {
		t.Errorf("%d entries, %v", len(page.Items), err)
	}
	if _, err := register.Inspect(t.Context(), crashfs.New(), ""); err != nil {
		t.Errorf("no folder: %v", err)
	}
}

func TestFailingAndWaiting(t *testing.T) {
	t.Parallel()
	disk := errfs.New(crashfs.New())
	store := memblob.New(t)
	r := open(t, register.Config{FS: disk, Store: store})
	add(t, r, "zhang", 1, 4)
	if n := r.Waiting(); n != 4 || r.Failing() != nil {
		t.Errorf("%d wait, %v", n, r.Failing())
	}
	if err := r.Ship(t.Context()); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("input/output error")
	disk.FailAll(errfs.Datasync, "", broken)
	if err := r.Append(t.Context(), looked("never", 5)); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
	if n := r.Waiting(); n != 0 || !errors.Is(r.Failing(), broken) {
		t.Errorf("%d wait, %v", n, r.Failing())
	}
	disk.Heal()
	add(t, r, "zhang", 5, 5)
	if n := r.Waiting(); n != 1 || r.Failing() != nil {
		t.Errorf("%d wait, %v", n, r.Failing())
	}
}

func TestPrune(t *testing.T) {
	t.Parallel()
	_, fs := inFolder(t)
	store := memblob.New(nil)
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	cfg := register.Config{FS: fs, Store: store, Keep: 100 * 24 * time.Hour, Now: func() time.Time { return now }}
	for n := 1; n <= 5; n++ { // a file each
		r := open(t, cfg)
		add(t, r, "zhang", 10*n, 10*n+1)
		if err := r.Ship(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := r.Prune(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		now = now.Add(40 * 24 * time.Hour)
	}
	// Day 200: the files of days 0, 40 and 80 are wholly older than 100 days when
	// the one after them is, too.
	r := open(t, cfg)
	if err := r.Prune(t.Context()); err != nil {
		t.Fatal(err)
	}
	f := intact(t, r, true)
	if f.First != 5 || len(f.Notices) != 1 {
		t.Errorf("%+v", f)
	}
	page, err := r.List(t.Context(), register.Query{Limit: 100})
	if err != nil || page.Items[len(page.Items)-1].Seq != f.First || page.Items[0].Kind != register.Pruned {
		t.Errorf("%+v, %v", page.Items, err)
	}
	for info, err := range store.List(t.Context(), register.Prefix, "") {
		if err != nil || strings.Contains(info.Key, "0000000000000001-") {
			t.Errorf("%s, %v", info.Key, err)
		}
	}
}

func TestRunShipsByItself(t *testing.T) {
	t.Parallel()
	_, fs := inFolder(t)
	store := told{memblob.New(t), make(chan string, 8)}
	r := open(t, register.Config{FS: fs, Store: store, Every: time.Millisecond})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	add(t, r, "zhang", 1, 5)
	for key := range store.keys {
		if strings.HasSuffix(key, "-0000000000000005.jsonl") {
			break
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	intact(t, r, true)
}

// told is a store that names every object when it is stored.
type told struct {
	*memblob.Store
	keys chan string // holds as many as a test stores
}

func (s told) Put(ctx context.Context, key string, c blob.Content) error {
	err := s.Store.Put(ctx, key, c)
	if err == nil {
		s.keys <- key
	}
	return err
}

func BenchmarkAppend(b *testing.B) {
	for _, callers := range []int{1, 64} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			_, fs := inFolder(b)
			r := open(b, register.Config{FS: fs})
			b.SetParallelism(callers)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := r.Append(b.Context(), looked("zhang", 1)); err != nil {
						b.Error(err)
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "entries/s")
		})
	}
}
