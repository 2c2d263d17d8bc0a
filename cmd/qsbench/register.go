package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"qianshao/registry/access"
	"qianshao/registry/register"
	"qianshao/registry/viewing"
	"qianshao/storage/media"
	"qianshao/storage/timeline"
	"qianshao/storage/vfs"
)

// openBook opens an access register in a folder, with its viewings.
func openBook(ctx context.Context, dir string) (*register.Register, *viewing.Book, error) {
	fsys, err := vfs.Dir(dir)
	if err != nil {
		return nil, nil, err
	}
	book, err := register.Open(ctx, register.Config{FS: fsys})
	if err != nil {
		return nil, nil, err
	}
	return book, viewing.New(viewing.Config{Register: book}), nil
}

// registered measures what the access register costs: 10 s of small pictures
// through the API, where each request is a window of its own, and where all are
// within what the viewing has registered already.
func (b *clipBench) registered(ctx context.Context, base, day string) error {
	anywhere := func(seconds int) timeline.Micros {
		return fillStart + timeline.Micros(rand.Int64N(int64(timeline.Day-timeline.Micros(seconds)*timeline.Second)))
	}
	direct := func() string {
		return fmt.Sprintf("/clip?stream=%s&from=%d&seconds=10", day, anywhere(10))
	}
	path := func(from, to timeline.Micros) string {
		q := url.Values{"from": {from.String()}, "to": {to.String()}}
		return "/api/v1/cameras/" + dayDevice + "/clip.mp4?" + q.Encode()
	}
	through := func() string { from := anywhere(10); return path(from, from+10*timeline.Second) }
	fresh, err := b.turns(ctx, base, 1, b.Requests, direct, through)
	if err != nil {
		return err
	}
	if _, _, err := fetch(ctx, http.MethodGet, base+path(fillStart, fillStart+timeline.Day)); err != nil {
		return err
	}
	steady, err := b.turns(ctx, base, 1, 2*b.Requests, direct, through)
	if err != nil {
		return err
	}
	fmt.Printf("\nThe access register: 10 s of small pictures, one client (wanted: at most 1 ms a request in steady viewing, one sync a viewing)\n")
	fmt.Printf("%36s  %14s  %14s  %12s\n", "", "first byte p50", "first byte p99", "CPU ms each")
	for _, x := range []struct {
		name string
		got  burst
	}{
		{"without API and register", steady[0]},
		{"API, each window registered anew", fresh[1]},
		{"API, within what is registered", steady[1]},
	} {
		fmt.Printf("%36s  %11.2f ms  %11.2f ms  %12.2f\n", x.name, x.got.p50, x.got.p99, x.got.cpu)
	}
	return errors.Join(b.gate(ctx), b.entries(ctx))
}

// gate counts how often the gate can be asked.
func (b *clipBench) gate(ctx context.Context) error {
	gate := access.New()
	r := access.Request{
		Subject: access.Subject{Kind: access.Account, ID: "bench", Roles: []string{"investigator"}},
		Action:  access.ReadFootage, Camera: busyStream.Camera(), Carrier: "unicom", Span: timeline.Span{From: fillStart, To: fillStart + timeline.Minute},
		Facts: access.Facts{InCase: true, InViewing: true},
	}
	const window = 2 * time.Second
	n, began := 0, time.Now()
	for time.Since(began) < window {
		for range 1000 {
			if err := gate.Authorize(ctx, r); err != nil {
				return err
			}
		}
		n += 1000
	}
	fmt.Printf("Authorize, one caller: %.0f a second (wanted: at least 200,000)\n", float64(n)/time.Since(began).Seconds())
	return nil
}

// entries counts what the register takes in.
func (b *clipBench) entries(ctx context.Context) (err error) {
	dir, err := os.MkdirTemp(".", ".qsbench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a leftover is visible and harmless
	book, _, err := openBook(ctx, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, book.Close()) }()
	const window = 2 * time.Second
	for _, callers := range []int{1, 64} {
		var n atomic.Int64
		var fail error
		var mu sync.Mutex
		var wg sync.WaitGroup
		began := time.Now()
		for range callers {
			wg.Go(func() {
				for time.Since(began) < window {
					err := book.Append(ctx, &register.Entry{
						Kind: register.ViewingOpen, Who: "bench", Viewing: register.NewViewingID(), Act: "footage.read",
						Cameras: []media.CameraID{busyStream.Camera()}, Span: timeline.Span{From: fillStart, To: fillStart + timeline.Minute},
					})
					if err != nil {
						mu.Lock()
						fail = errors.Join(fail, err)
						mu.Unlock()
						return
					}
					n.Add(1)
				}
			})
		}
		wg.Wait()
		if fail != nil {
			return fail
		}
		fmt.Printf("Register entries, each synced before it counts, %d at once: %.0f a second\n", callers, float64(n.Load())/time.Since(began).Seconds())
	}
	return nil
}
