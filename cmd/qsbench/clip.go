package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"qianshao/api/clip"
	"qianshao/storage"
	"qianshao/storage/media"
	"qianshao/storage/timeline"
)

var discard = slog.New(slog.DiscardHandler)

const (
	busyStream  = media.StreamID("c_aaaaaaaaaaaaaaaa.0") // fifteen minutes at 2 Mbit/s
	dayStream   = media.StreamID("c_bbbbbbbbbbbbbbbb.0") // a day of small pictures
	fillStart   = timeline.Micros(1_795_392_000_000_000)
	busyMinutes = 15
	dayMinutes  = 24 * 60
)

// clipsRole serves clips of a synthetic archive, and plain files of the same
// sizes beside them.
type clipsRole struct {
	Dir string `required:""`
}

// Run implements the command.
func (r *clipsRole) Run(ctx context.Context) error {
	a, err := openArchive(ctx, r.Dir)
	if err != nil {
		return err
	}
	if err := fill(ctx, a, busyStream, fillStart, busyMinutes, 10_000); err != nil {
		return err
	}
	if err := fill(ctx, a, dayStream, fillStart, dayMinutes, 120); err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/clip", func(w http.ResponseWriter, q *http.Request) { serveClip(w, q, a) })
	mux.HandleFunc("/file/{seconds}", func(w http.ResponseWriter, q *http.Request) {
		http.ServeFile(w, q, filepath.Join(r.Dir, "plain"+filepath.Base(q.PathValue("seconds"))))
	})
	mux.HandleFunc("/usage", func(w http.ResponseWriter, _ *http.Request) {
		u, err := ownUsage()
		mem, merr := ownMemory()
		if err = errors.Join(err, merr); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		fmt.Fprintf(w, "%f %d", u.CPU, mem) //nolint:errcheck // the reader notices
	})
	for _, s := range []int{10, 60, 300} {
		if err := plainFile(ctx, a, r.Dir, s); err != nil {
			return err
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println("http://" + l.Addr().String())
	srv := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	stop := context.AfterFunc(ctx, func() { _ = srv.Close() })
	defer stop()
	if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func params(from timeline.Micros, seconds int) clip.Params {
	return clip.Params{Span: timeline.Span{From: from, To: from + timeline.Micros(seconds)*timeline.Second}}
}

// plainFile writes a clip to a file, for http.ServeFile.
func plainFile(ctx context.Context, a *storage.Archive, dir string, seconds int) (err error) {
	f, err := clip.Plan(ctx, a, busyStream, params(fillStart+timeline.Minute, seconds))
	if err != nil {
		return err
	}
	out, err := os.Create(filepath.Join(dir, "plain"+strconv.Itoa(seconds)))
	if err != nil {
		return err
	}
	return errors.Join(f.WriteRange(ctx, out, 0, f.Size()), out.Close())
}

func serveClip(w http.ResponseWriter, q *http.Request, a *storage.Archive) {
	from, err1 := strconv.ParseInt(q.FormValue("from"), 10, 64)
	seconds, err2 := strconv.Atoi(q.FormValue("seconds"))
	if err := errors.Join(err1, err2); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	stream := media.StreamID(q.FormValue("stream"))
	f, err := clip.Plan(q.Context(), a, stream, params(timeline.Micros(from), seconds))
	if err == nil {
		err = f.Serve(w, q)
	}
	if err != nil {
		http.Error(w, err.Error(), clip.Status(err))
	}
}

// clipBench measures clips over HTTP on loopback.
type clipBench struct {
	Requests int `default:"200" help:"Requests of each kind at one client; more clients share as many."`
}

// Run implements the command.
func (b *clipBench) Run(ctx context.Context) error {
	dir, err := os.MkdirTemp(".", ".qsbench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a leftover is visible and harmless
	if dir, err = filepath.Abs(dir); err != nil {
		return err
	}
	srv, err := spawn(ctx, "clips", "--dir", dir)
	if err != nil {
		return err
	}
	defer srv.stop()
	base, err := srv.line()
	if err != nil {
		return err
	}
	fmt.Printf("\nClips of 1080p25 at 2 Mbit/s, file store, warm; windows anywhere in %d minutes; beside http.ServeFile of the same bytes\n", busyMinutes)
	fmt.Printf("%8s  %8s  %10s  %14s  %14s  %12s  %12s  %12s\n", "window", "clients", "who", "first byte p50", "first byte p99", "MB/s", "CPU ms each", "server MiB")
	for _, seconds := range []int{10, 60, 300} {
		for _, clients := range []int{1, 10, 50} {
			for _, who := range []string{"clip", "file"} {
				if err := b.one(ctx, base, who, seconds, clients); err != nil {
					return err
				}
			}
		}
	}
	return b.head(ctx, base)
}

// one runs requests of one kind from so many clients.
func (b *clipBench) one(ctx context.Context, base, who string, seconds, clients int) error {
	n := max(b.Requests*10/seconds, 20)
	cpu0, _, err := serverUsage(ctx, base)
	if err != nil {
		return err
	}
	var mu sync.Mutex
	var first []float64
	var bytes int64
	var fail error
	work := make(chan int)
	var wg sync.WaitGroup
	began := time.Now()
	for range clients {
		wg.Go(func() {
			for range work {
				url := fmt.Sprintf("%s/file/%d", base, seconds)
				if who == "clip" {
					from := fillStart + timeline.Micros(rand.Int64N(int64(timeline.Micros(busyMinutes*60-seconds-1)*timeline.Second)))
					url = fmt.Sprintf("%s/clip?stream=%s&from=%d&seconds=%d", base, busyStream, from, seconds)
				}
				got, size, err := fetch(ctx, http.MethodGet, url)
				mu.Lock()
				first, bytes = append(first, got.Seconds()), bytes+size
				fail = errors.Join(fail, err)
				mu.Unlock()
			}
		})
	}
	for i := range n {
		work <- i
	}
	close(work)
	wg.Wait()
	took := time.Since(began)
	if fail != nil {
		return fail
	}
	cpu1, mem, err := serverUsage(ctx, base)
	if err != nil {
		return err
	}
	fmt.Printf("%7ds  %8d  %10s  %11.1f ms  %11.1f ms  %12.0f  %12.2f  %12.0f\n", seconds, clients, who, 1000*quantile(first, .5),
		1000*quantile(first, .99), float64(bytes)/took.Seconds()/1e6, 1000*(cpu1-cpu0)/float64(n), float64(mem)/(1<<20))
	return nil
}

// head asks for the size of a day.
func (b *clipBench) head(ctx context.Context, base string) error {
	var took []float64
	url := fmt.Sprintf("%s/clip?stream=%s&from=%d&seconds=%d", base, dayStream, fillStart, 86_400)
	for range 12 {
		d, _, err := fetch(ctx, http.MethodHead, url)
		if err != nil {
			return err
		}
		took = append(took, d.Seconds())
	}
	fmt.Printf("HEAD of a 24 h window: first %.0f ms, then p50 %.0f ms, max %.0f ms (wanted: at most 200 ms warm)\n", 1000*took[0], 1000*quantile(took[1:], .5), 1000*quantile(took[1:], 1))
	return nil
}

// fetch makes a request and returns the time to its first byte of body (of the
// head for HEAD) and the bytes.
func fetch(ctx context.Context, method, url string) (first time.Duration, n int64, err error) {
	req, err := http.NewRequestWithContext(ctx, method, url, nil)
	if err != nil {
		return 0, 0, err
	}
	began := time.Now()
	res, err := client.Do(req)
	if err != nil {
		return 0, 0, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(res.Body, 200))
		return 0, 0, fmt.Errorf("%s: %s %s", url, res.Status, text)
	}
	var one [1]byte
	k, err := io.ReadFull(res.Body, one[:])
	first = time.Since(began)
	if method == http.MethodHead {
		return first, 0, nil
	}
	if err != nil {
		return 0, 0, err
	}
	n, err = io.Copy(io.Discard, res.Body)
	n += int64(k)
	if err == nil && n != res.ContentLength {
		err = fmt.Errorf("%s: %d bytes of %d", url, n, res.ContentLength)
	}
	return first, n, err
}

var client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}

func serverUsage(ctx context.Context, base string) (cpu float64, mem int64, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/usage", nil)
	if err != nil {
		return 0, 0, err
	}
	res, err := client.Do(req)
	if err != nil {
		return 0, 0, err
	}
	defer res.Body.Close()
	_, err = fmt.Fscan(res.Body, &cpu, &mem)
	return cpu, mem, err
}
