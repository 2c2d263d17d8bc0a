package viewing_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"qianshao/registry/register"
	"qianshao/registry/viewing"
	"qianshao/storage/media"
	"qianshao/storage/timeline"
	"qianshao/storage/vfs/crashfs"
	"qianshao/storage/vfs/errfs"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	camA = media.CameraID("c_aaaaaaaaaaaaaaaa")
	camB = media.CameraID("c_bbbbbbbbbbbbbbbb")
)

type house struct {
	t    *testing.T
	disk *errfs.FS
	reg  *register.Register
	book *viewing.Book
}

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{t: t, disk: errfs.New(crashfs.New())}
	var err error
	if h.reg, err = register.Open(t.Context(), register.Config{FS: h.disk}); err != nil {
		t.Fatal(err)
	}
	h.book = viewing.New(viewing.Config{Register: h.reg})
	return h
}

func (h *house) close() {
	h.t.Helper()
	if err := errors.Join(h.book.Close(h.t.Context()), h.reg.Close()); err != nil {
		h.t.Error(err)
	}
}

// entries are what the register has, oldest first, as KIND ACT CAMERA FROM-TO.
func (h *house) entries() (out []string) {
	h.t.Helper()
	page, err := h.reg.List(h.t.Context(), register.Query{Limit: 1000})
	if err != nil {
		h.t.Fatal(err)
	}
	for i := len(page.Items) - 1; i >= 0; i-- {
		e := page.Items[i]
		text := fmt.Sprintf("%s %s %s", e.Kind, e.Who, e.Address)
		if e.Kind == register.ViewingClose {
			text += fmt.Sprintf(" %d %d", e.Requests, e.Bytes)
		} else {
			text += fmt.Sprintf(" %s %v %d-%d", e.Act, e.Cameras, e.Span.From/timeline.Second, e.Span.To/timeline.Second)
		}
		out = append(out, text)
	}
	return out
}

func (h *house) want(want ...string) {
	h.t.Helper()
	got := h.entries()
	if len(got) != len(want) {
		h.t.Fatalf("entries\n%q\nwant\n%q", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			h.t.Errorf("entry %d is %q, want %q", i, got[i], want[i])
		}
	}
}

func use(address, act string, cam media.CameraID, from, to timeline.Micros) viewing.Use {
	return viewing.Use{Address: address, Act: act, Camera: cam, Span: timeline.Span{From: from * timeline.Second, To: to * timeline.Second}}
}

func (h *house) look(u viewing.Use, bytes int64) {
	h.t.Helper()
	p, err := h.book.Use(h.t.Context(), u)
	if err != nil {
		h.t.Fatal(err)
	}
	p.Sent(bytes)
	p.End()
	p.End()
}

func TestAViewing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- h.book.Run(ctx) }()

		h.look(use("192.0.2.1", "footage.read", camA, 0, 60), 100)
		h.look(use("192.0.2.1", "footage.read", camA, 10, 20), 10) // within
		h.look(use("192.0.2.1", "footage.read", camA, 50, 90), 1)
		h.look(use("192.0.2.1", "footage.read", camA, 0, 90), 1) // within both together
		h.look(use("192.0.2.1", "picture.read", camA, 0, 10), 0) // another act
		h.look(use("192.0.2.1", "footage.read", camB, 0, 10), 0) // another camera
		h.look(use("192.0.2.2", "footage.read", camA, 0, 10), 7) // somebody else
		want := []string{
			"viewing.open  192.0.2.1 footage.read [c_aaaaaaaaaaaaaaaa] 0-60",
			"viewing.more  192.0.2.1 footage.read [c_aaaaaaaaaaaaaaaa] 50-90",
			"viewing.more  192.0.2.1 picture.read [c_aaaaaaaaaaaaaaaa] 0-10",
			"viewing.more  192.0.2.1 footage.read [c_bbbbbbbbbbbbbbbb] 0-10",
			"viewing.open  192.0.2.2 footage.read [c_aaaaaaaaaaaaaaaa] 0-10",
		}
		h.want(want...)

		// One looks on, live, and so stays open; the other closes.
		live, err := h.book.Use(t.Context(), viewing.Use{
			Address: "192.0.2.2", Act: "live.watch", Camera: camA,
			Span: timeline.Span{From: timeline.Second, To: timeline.Forever},
		})
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, fmt.Sprintf("viewing.more  192.0.2.2 live.watch [%s] 1-%d", camA, timeline.Forever/timeline.Second))
		time.Sleep(16 * time.Minute)
		want = append(want, "viewing.close  192.0.2.1 6 112")
		h.want(want...)
		if n := h.book.Open(); n != 1 {
			t.Errorf("%d open", n)
		}
		live.Sent(1000)
		live.End()
		time.Sleep(14 * time.Minute)
		h.want(want...)
		time.Sleep(2 * time.Minute)
		want = append(want, "viewing.close  192.0.2.2 2 1007")
		h.want(want...)

		// Afterwards the same is a viewing of its own.
		h.look(use("192.0.2.1", "footage.read", camA, 0, 60), 5)
		want = append(want, "viewing.open  192.0.2.1 footage.read [c_aaaaaaaaaaaaaaaa] 0-60")
		h.want(want...)
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if err := h.book.Close(t.Context()); err != nil {
			t.Error(err)
		}
		h.want(append(want, "viewing.close  192.0.2.1 1 5")...)
		h.close()
	})
}

// What cannot be registered is not shown; totals that could not be written are
// written later.
func TestTheRegisterFails(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	defer h.close()
	broken := errors.New("input/output error")
	h.disk.FailAll(errfs.Datasync, "", broken)
	for range 2 {
		if _, err := h.book.Use(t.Context(), use("192.0.2.1", "footage.read", camA, 0, 60)); !errors.Is(err, viewing.ErrNotRegistered) || !errors.Is(err, broken) {
			t.Fatalf("the disk fails: %v", err)
		}
	}
	h.disk.Heal()
	h.want()
	h.look(use("192.0.2.1", "footage.read", camA, 0, 60), 9)
	h.disk.FailAll(errfs.Datasync, "", broken)
	h.look(use("192.0.2.1", "footage.read", camA, 0, 60), 9) // known already
	if _, err := h.book.Use(t.Context(), use("192.0.2.1", "footage.read", camA, 0, 61)); !errors.Is(err, viewing.ErrNotRegistered) {
		t.Errorf("more of it: %v", err)
	}
	if err := h.book.Close(t.Context()); !errors.Is(err, broken) {
		t.Errorf("totals: %v", err)
	}
	h.disk.Heal()
	if err := h.book.Close(t.Context()); err != nil {
		t.Error(err)
	}
	h.want("viewing.open  192.0.2.1 footage.read [c_aaaaaaaaaaaaaaaa] 0-60", "viewing.close  192.0.2.1 2 18")
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := h.book.Use(gone, use("192.0.2.3", "footage.read", camA, 0, 60)); !errors.Is(err, context.Canceled) || errors.Is(err, viewing.ErrNotRegistered) {
		t.Errorf("given up: %v", err)
	}
}

// Many ask at once, while viewings close: whoever was let through is in the
// register, under a viewing that opened before.
func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	defer h.close()
	const askers, each = 8, 50
	var wg sync.WaitGroup
	for g := range askers {
		wg.Go(func() {
			for n := range each {
				p, err := h.book.Use(t.Context(), use("192.0.2.1", "footage.read", camA, timeline.Micros(1000*g+n), timeline.Micros(1000*g+n+1)))
				if err != nil {
					t.Error(err)
					return
				}
				p.Sent(1)
				p.End()
			}
		})
	}
	stop := make(chan struct{})
	wg.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				if err := h.book.Close(t.Context()); err != nil {
					t.Error(err)
				}
			}
		}
	})
	wg.Go(func() {
		defer close(stop)
		time.Sleep(20 * time.Millisecond)
	})
	wg.Wait()
	if err := h.book.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	page, err := h.reg.List(t.Context(), register.Query{Limit: 10_000})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[timeline.Micros]bool{}
	open := map[string]bool{}
	for i := len(page.Items) - 1; i >= 0; i-- {
		e := page.Items[i]
		switch e.Kind {
		case register.ViewingOpen:
			if open[e.Viewing] {
				t.Errorf("%s opens twice", e.Viewing)
			}
			open[e.Viewing] = true
			fallthrough
		case register.ViewingMore:
			if !open[e.Viewing] {
				t.Errorf("%s has not been opened", e.Viewing)
			}
			seen[e.Span.From] = true
		}
	}
	if len(seen) != askers*each {
		t.Errorf("%d uses in the register, want %d", len(seen), askers*each)
	}
}
