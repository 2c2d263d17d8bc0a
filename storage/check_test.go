package storage_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"qianshao/storage"
	"qianshao/storage/acts"
	"qianshao/storage/blob"
	"qianshao/storage/index"
	"qianshao/storage/segment"
	"qianshao/storage/spool"
	"qianshao/storage/timeline"
	"qianshao/storage/vfs"
)

// put stores an object.
func (h *house) put(t testing.TB, key string, b []byte) {
	t.Helper()
	if err := h.Store.Put(t.Context(), key, blob.Bytes(b)); err != nil {
		t.Fatal(err)
	}
}

// act puts an act into the store, as one that was shipped.
func (h *house) act(t testing.TB, list ...*acts.Act) {
	t.Helper()
	log, err := acts.Open(t.Context(), acts.Config{FS: h.fs, Store: h.Store, Dir: fmt.Sprintf("acts-%s", list[0].ID)})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(log.AppendWait(t.Context(), list...), log.Close()); err != nil {
		t.Fatal(err)
	}
}

// file is where an object lies.
func (h *house) file(r index.Row) string { return filepath.Join(h.dir, "store", r.Key().String()) }

// damage changes bytes of an object on the disk.
func damage(t testing.TB, name string, at int64, b []byte) {
	t.Helper()
	if err := os.Chmod(name, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	if at < 0 {
		info, err := f.Stat()
		if err != nil {
			t.Fatal(err)
		}
		at += info.Size()
	}
	_, err = f.WriteAt(b, at)
	if err = errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
}

// TestCheckNames breaks one thing after another and asks what is wrong. Check
// must name it, nothing else, and leave everything as it is.
func TestCheckNames(t *testing.T) {
	t.Parallel()
	s := camera.Stream(0)
	for name, c := range map[string]struct {
		do   func(t *testing.T, h *house, rows []index.Row)
		deep bool
		want []storage.Code
	}{
		"nothing": {do: func(*testing.T, *house, []index.Row) {}, deep: true},
		"an object that is gone": {
			do: func(t *testing.T, h *house, rows []index.Row) {
				if err := h.Store.Delete(t.Context(), rows[1].Key().String()); err != nil {
					t.Fatal(err)
				}
			},
			want: []storage.Code{storage.RowWithoutBytes},
		},
		"a spool file that is gone": {
			do: func(t *testing.T, h *house, rows []index.Row) {
				if err := h.Spool.Remove(rows[3].Key()); err != nil {
					t.Fatal(err)
				}
			},
			want: []storage.Code{storage.SpooledFileGone},
		},
		"a spool file that was stored": {
			do: func(t *testing.T, h *house, rows []index.Row) {
				h.put(t, rows[3].Key().String(), spooled(t, h, rows[3]))
				if err := h.Spool.Remove(rows[3].Key()); err != nil {
					t.Fatal(err)
				}
			},
			want: []storage.Code{storage.SpooledButStored},
		},
		"an index that knows nothing": {
			do: func(t *testing.T, h *house, _ []index.Row) { h.Index = newIndex(t) },
			want: []storage.Code{
				storage.OrphanObject, storage.OrphanObject, storage.OrphanObject,
				storage.OrphanSpoolFile,
			},
		},
		"a shorter object": {
			do: func(t *testing.T, h *house, rows []index.Row) {
				if err := os.Truncate(h.file(rows[0]), 100); err != nil {
					t.Fatal(err)
				}
			},
			want: []storage.Code{storage.SizeDiffers},
		},
		"a damaged head":    {do: damagesHead, want: []storage.Code{storage.Unreadable}},
		"a damaged foot":    {do: damages(1, -40, []byte("damaged")), want: []storage.Code{storage.Unreadable}},
		"a damaged trailer": {do: damages(1, -4, []byte("damn")), want: []storage.Code{storage.Unreadable}},
		"damaged pictures, looked at from both ends": {do: damages(1, 1500, []byte("damaged"))},
		"damaged pictures, read through":             {do: damages(1, 1500, []byte("damaged")), deep: true, want: []storage.Code{storage.ContentDiffers}},
		"one object in place of another": {
			do: func(t *testing.T, h *house, rows []index.Row) {
				b, err := os.ReadFile(h.file(rows[0]))
				if err != nil {
					t.Fatal(err)
				}
				damage(t, h.file(rows[1]), 0, b)
			},
			want: []storage.Code{storage.SizeDiffers},
		},
		"a row that says something else": {
			do: func(t *testing.T, h *house, rows []index.Row) {
				h.Index = newIndex(t)
				rows = slices.Clone(rows)
				rows[2].Frames++
				rows[2].Codecs = "h265"
				if _, err := h.Index.Add(t.Context(), rows...); err != nil {
					t.Fatal(err)
				}
				if err := h.Index.SetStored(t.Context(), rows[0].ID, rows[1].ID, rows[2].ID); err != nil {
					t.Fatal(err)
				}
			},
			want: []storage.Code{storage.ContentDiffers},
		},
		"a copy that was not freed": {
			do: func(t *testing.T, h *house, rows []index.Row) {
				b, err := os.ReadFile(h.file(rows[0]))
				if err == nil {
					err = os.WriteFile(filepath.Join(h.dir, h.Spool.Path(rows[0].Key())), b, 0o600)
				}
				if err != nil {
					t.Fatal(err)
				}
			},
			want: []storage.Code{storage.SpoolCopyLeft},
		},
		"a deletion that did not end": {
			do: func(t *testing.T, h *house, rows []index.Row) {
				if _, err := h.Index.Hide(t.Context(), nil, rows[0].ID); err != nil {
					t.Fatal(err)
				}
			},
			want: []storage.Code{storage.ExpiringLeft},
		},
		"footage that an act removed": {
			do: func(t *testing.T, h *house, rows []index.Row) {
				h.act(t, &acts.Act{ID: "e1", Kind: acts.Erase, Camera: camera, Span: rows[0].Span, Cause: timeline.ConsentWithdrawn, At: start})
			},
			want: []storage.Code{storage.RemovedVisible},
		},
		"held footage that an act would have removed": {
			do: func(t *testing.T, h *house, rows []index.Row) {
				hold := &acts.Act{ID: "h1", Kind: acts.Hold, Camera: camera, Span: rows[0].Span, At: start}
				h.act(t, hold, &acts.Act{ID: "e1", Kind: acts.Expire, Stream: s, Span: rows[0].Span, At: start})
				if err := acts.Apply(t.Context(), h.Index, *hold); err != nil {
					t.Fatal(err)
				}
			},
			want: []storage.Code{storage.CauseMissing},
		},
		"a hold that the index forgot": {
			do: func(t *testing.T, h *house, rows []index.Row) {
				h.act(t, &acts.Act{ID: "h1", Kind: acts.Hold, Camera: camera, Span: rows[0].Span, At: start})
			},
			want: []storage.Code{storage.HoldMissing},
		},
		"a hold that was released": {
			do: func(t *testing.T, h *house, rows []index.Row) {
				h.act(t, &acts.Act{ID: "h1", Kind: acts.Hold, Camera: camera, Span: rows[0].Span, At: start},
					&acts.Act{ID: "r1", Kind: acts.Release, Of: "h1", Camera: camera, At: start})
			},
		},
		"acts of a newer program": {
			do: func(t *testing.T, h *house, _ []index.Row) {
				h.act(t, &acts.Act{ID: "x1", Kind: acts.Enrol, Camera: camera, Span: timeline.Span{From: start, To: timeline.Forever}, At: start})
				damageOnly(t, filepath.Join(h.dir, "store", "v1", "acts"), []byte(`{"v":9`))
			},
			want: []storage.Code{storage.ActUnreadable},
		},
		"an object of somebody else": {
			do:   func(t *testing.T, h *house, _ []index.Row) { h.put(t, "v1/notes.txt", []byte("x")) },
			want: []storage.Code{storage.UnknownKey},
		},
		"a snapshot of the registry": {do: func(t *testing.T, h *house, _ []index.Row) { h.put(t, "v1/registry/1", []byte("x")) }},
		"files that do not belong": {
			do: func(t *testing.T, h *house, rows []index.Row) {
				lost := rows[3].ID
				lost.Boot++
				for _, name := range []string{"spool/notes.txt", "quarantine/old.open", "spool/" + lost.OpenFile()} {
					name = filepath.Join(h.dir, name)
					err := os.MkdirAll(filepath.Dir(name), 0o700)
					if err == nil {
						err = os.WriteFile(name, []byte("x"), 0o600)
					}
					if err != nil {
						t.Fatal(err)
					}
				}
			},
			want: []storage.Code{storage.InQuarantine, storage.OpenUnowned, storage.UnknownFile},
		},
		"a segment that is being written": {
			do: func(t *testing.T, h *house, _ []index.Row) {
				f, err := h.Spool.Create(h.next[s])
				if err != nil {
					t.Fatal(err)
				}
				if err := f.Append(fragmentOf(0, 1, []byte("p"), nil)); err != nil {
					t.Fatal(err)
				}
			},
		},
		"segments over each other": {
			do:   goesOn(func(h *segment.Head) { moveTo(h, h.Start-timeline.Second); h.NewRun = true }),
			want: []storage.Code{storage.Overlap},
		},
		"segments over each other after a step of the clock": {
			do: goesOn(func(h *segment.Head) {
				moveTo(h, h.Start-timeline.Second)
				h.NewRun, h.Clock = true, segment.ClockStepped
			}),
		},
		"a hole in a run":    {do: goesOn(func(h *segment.Head) { moveTo(h, h.Start+1) }), want: []storage.Code{storage.NotAbutting}},
		"a hole between two": {do: goesOn(func(h *segment.Head) { moveTo(h, h.Start+1); h.NewRun = true })},
		"a chain that leads nowhere": {
			do:   goesOn(func(h *segment.Head) { h.Prev = [32]byte{1} }),
			want: []storage.Code{storage.ChainBroken},
		},
		"a chain that leads to what expired": {
			do: func(t *testing.T, h *house, rows []index.Row) {
				gone := rows[1]
				a := &acts.Act{ID: "x1", Kind: acts.Expire, Stream: s, Span: gone.Span, LastStart: gone.Span.From, Cause: timeline.Expired, At: start}
				h.act(t, a)
				if err := acts.Apply(t.Context(), h.Index, *a); err != nil {
					t.Fatal(err)
				}
				if _, err := h.Index.Hide(t.Context(), nil, gone.ID); err != nil {
					t.Fatal(err)
				}
				if err := errors.Join(h.Delete(t.Context(), gone), h.Index.Drop(t.Context(), gone.ID)); err != nil {
					t.Fatal(err)
				}
			},
		},
		"a chain without a reason": {
			do:   goesOn(func(h *segment.Head) { h.Prev = [32]byte{} }),
			want: []storage.Code{storage.ChainUnexplained},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			rows := h.record(t, s, 3)
			if err := h.Drain(t.Context()); err != nil {
				t.Fatal(err)
			}
			rows = append(rows, h.record(t, s, 1)...) // stays in the spool
			c.do(t, h, rows)
			before := everything(t, h.dir)
			calls := 0
			problems, err := storage.Check(t.Context(), h.Archive, storage.CheckConfig{
				Deep:     c.deep,
				Progress: func(storage.CheckProgress) { calls++ },
			})
			if err != nil {
				t.Fatal(err)
			}
			var got []storage.Code
			for _, p := range problems {
				got = append(got, p.Code)
				if !strings.ContainsAny(p.Text, ";,") || p.Subject == "" {
					t.Errorf("%s names no next action", p)
				}
			}
			slices.Sort(got)
			slices.Sort(c.want)
			if !slices.Equal(got, c.want) {
				t.Errorf("got %v, want %v", problems, c.want)
			}
			if diff := cmp.Diff(before, everything(t, h.dir)); diff != "" {
				t.Errorf("check changed files (-before +after)\n%s", diff)
			}
			if calls == 0 && name != "an index that knows nothing" {
				t.Error("no progress was told")
			}
		})
	}
}

// moveTo gives a head another start.
func moveTo(h *segment.Head, at timeline.Micros) {
	h.Start = at
	for i := range h.Maps {
		h.Maps[i].US0 = at
	}
}

// damages overwrites bytes of a stored row.
func damages(row int, at int64, b []byte) func(*testing.T, *house, []index.Row) {
	return func(t *testing.T, h *house, rows []index.Row) { damage(t, h.file(rows[row]), at, b) }
}

// damagesHead overwrites bytes of the HEAD box of the first row.
func damagesHead(t *testing.T, h *house, rows []index.Row) {
	b, err := os.ReadFile(h.file(rows[0]))
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(b, []byte("HEAD"))
	if at < 0 {
		t.Fatal("no HEAD box")
	}
	damage(t, h.file(rows[0]), int64(at)+24, []byte("damaged"))
}

// damageOnly overwrites the start of the only file below a folder.
func damageOnly(t *testing.T, dir string, b []byte) {
	t.Helper()
	names := slices.Sorted(func(yield func(string) bool) {
		for name := range everything(t, dir) {
			if !yield(name) {
				return
			}
		}
	})
	if len(names) != 1 {
		t.Fatal(names)
	}
	damage(t, filepath.Join(dir, names[0]), 0, b)
}

// goesOn records one more segment with a head changed by edit.
func goesOn(edit func(*segment.Head)) func(*testing.T, *house, []index.Row) {
	return func(t *testing.T, h *house, rows []index.Row) {
		edit(h.next[rows[0].Stream])
		h.record(t, rows[0].Stream, 1)
	}
}

// spooled reads a sealed file.
func spooled(t testing.TB, h *house, r index.Row) []byte {
	t.Helper()
	b, err := vfs.ReadFile(h.fs, h.Spool.Path(r.Key()))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// everything reads all files below a folder.
func everything(t testing.TB, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(name string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(name)
		rel, rerr := filepath.Rel(dir, name)
		out[rel] = string(b)
		return errors.Join(err, rerr)
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestCheckWhileRecording looks again before it complains: an archive in use is
// no inconsistency.
func TestCheckWhileRecording(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	done := make(chan error, 1)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	go func() { done <- h.Run(ctx) }()
	for range 10 {
		h.record(t, camera.Stream(0), 5)
		h.record(t, other.Stream(1), 5)
		problems, err := storage.Check(t.Context(), h.Archive, storage.CheckConfig{})
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range problems {
			if p.Code != storage.SpoolCopyLeft { // in the moment between stored and freed it is true
				t.Error(p)
			}
		}
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// requests counts what is asked of a store that has no files to open, as S3.
type requests struct {
	blob.Store
	gets  int
	bytes int64
}

func (s *requests) Get(ctx context.Context, key string, offset, length int64) (io.ReadCloser, error) {
	s.gets++
	s.bytes += length
	return s.Store.Get(ctx, key, offset, length)
}

// TestCheckAsksLittle reads two ends of a large object, not all of it.
func TestCheckAsksLittle(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	f, err := h.Spool.Create(headOf(segment.ID{Stream: camera.Stream(0), Epoch: 1, Boot: 1}, start))
	if err != nil {
		t.Fatal(err)
	}
	for i := range int64(4) {
		if err := f.Append(fragmentOf(i, 1, bytes.Repeat([]byte{byte(i)}, 1<<20), nil)); err != nil {
			t.Fatal(err)
		}
	}
	v, err := f.Seal(spool.End{Reason: segment.EndRun, ClockUnc: -1})
	if err != nil {
		t.Fatal(err)
	}
	h.Sealed(t.Context(), f, v)
	if err := h.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	r := &requests{Store: h.Store}
	h.Archive.Store = r
	problems, err := storage.Check(t.Context(), h.Archive, storage.CheckConfig{Workers: 1})
	if err != nil || len(problems) > 0 {
		t.Fatal(problems, err)
	}
	if r.gets != 2 || r.bytes > 64<<10 {
		t.Errorf("%d requests for %d bytes", r.gets, r.bytes)
	}
}
