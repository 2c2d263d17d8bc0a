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
	"net/url"
	"os"
	"path/filepath"
	"runtime/pprof"
	"strconv"
	"sync"
	"time"

	"qianshao/api"
	"qianshao/api/clip"
	"qianshao/registry"
	"qianshao/storage"
	"qianshao/storage/live"
	"qianshao/storage/media"
	"qianshao/storage/timeline"
)

var discard = slog.New(slog.DiscardHandler)

const (
	busyStream  = media.StreamID("c_aaaaaaaaaaaaaaaa.0") // fifteen minutes at 2 Mbit/s
	dayDevice   = "day"                                  // a day of small pictures
	fillStart   = timeline.Micros(1_795_392_000_000_000)
	busyMinutes = 15
	busyFrame   = 10_000 // bytes
	dayMinutes  = 24 * 60

	shortStream  = media.StreamID("c_bbbbbbbbbbbbbbbb.0") // ten segments
	longStream   = media.StreamID("c_cccccccccccccccc.0") // twenty thousand
	shortLen     = 10
	longLen      = 20_000
	placeMinutes = 4 // of footage at each place of longStream
)

// longPlaces are the minutes at which longStream has footage.
var longPlaces = []int{0, longLen / 2, longLen - placeMinutes}

// clipsRole serves clips of a synthetic archive, and plain files of the same
// sizes beside them.
type clipsRole struct {
	Dir        string `required:""`
	S3         string `name:"s3" help:"Endpoint of an S3 server to store in; only 15 minutes of footage then."`
	CPUProfile string `name:"cpuprofile"`
}

// Run implements the command.
func (r *clipsRole) Run(ctx context.Context) error {
	a, err := openArchive(ctx, r.Dir, r.S3)
	if err != nil {
		return err
	}
	if err := fill(ctx, a, busyStream, 0, busyMinutes, busyFrame); err != nil {
		return err
	}
	day, site, err := openSite(ctx, a, r.Dir)
	if err != nil {
		return err
	}
	if r.S3 == "" {
		err = errors.Join(fill(ctx, a, day, 0, dayMinutes, 120),
			fill(ctx, a, shortStream, 0, shortLen, busyFrame), fillLong(ctx, a, longStream, longLen, longPlaces))
		if err != nil {
			return err
		}
	}
	mux := http.NewServeMux()
	mux.Handle("/api/", site)
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
	fmt.Println(day)
	if r.CPUProfile != "" {
		f, err := os.Create(r.CPUProfile)
		if err == nil {
			err = pprof.StartCPUProfile(f)
		}
		if err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	srv := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	stop := context.AfterFunc(ctx, func() { _ = srv.Close() })
	defer stop()
	if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// openSite serves the API over an archive, with one camera, whose stream is
// returned.
func openSite(ctx context.Context, a *storage.Archive, dir string) (media.StreamID, http.Handler, error) {
	reg, err := registry.Open(ctx, registry.Config{Dir: dir, Now: fillStart.Time})
	if err != nil {
		return "", nil, err
	}
	out, err := reg.Upsert(ctx, []registry.Draft{{DeviceID: dayDevice, URL: registry.Set("rtsp://192.0.2.1/day")}})
	if err != nil {
		return "", nil, err
	}
	book, views, err := openBook(ctx, dir)
	if err != nil {
		return "", nil, err
	}
	h, err := api.New(api.Config{Registry: reg, Archive: a, Live: &live.Hub{}, Viewings: views, Register: book, Version: "bench"})
	return out[0].Camera.Stream(0), h, err
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
	Requests   int    `default:"200" help:"Requests of each kind for 10 s at one client. Many clients make eight each and round, for longer windows one."`
	Rounds     int    `default:"5" help:"Rounds in which kinds that are compared take turns; figures are the medians of them."`
	Seconds    []int  `default:"10,60,300" help:"Lengths of the windows."`
	CPUProfile string `name:"cpuprofile" help:"Write the server's CPU profile here."`
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
	if err := b.local(ctx, filepath.Join(dir, "local")); err != nil {
		return err
	}
	return b.remote(ctx, filepath.Join(dir, "remote"), filepath.Join(dir, "s3"))
}

// local measures clips from a file store.
func (b *clipBench) local(ctx context.Context, dir string) error {
	srv, err := spawn(ctx, "clips", "--dir", dir, "--cpuprofile", b.CPUProfile)
	if err != nil {
		return err
	}
	defer srv.stop()
	base, err := srv.line()
	if err != nil {
		return err
	}
	day, err := srv.line()
	if err != nil {
		return err
	}
	if err := b.beside(ctx, base); err != nil {
		return err
	}
	return errors.Join(b.places(ctx, base), b.head(ctx, base, day), b.timeline(ctx, base), b.registered(ctx, base, day))
}

// beside compares clips with plain files.
func (b *clipBench) beside(ctx context.Context, base string) error {
	fmt.Printf("\nClips of 1080p25 at 2 Mbit/s, file store, warm; windows anywhere in %d minutes; beside http.ServeFile of the same bytes; medians of %d rounds\n", busyMinutes, b.Rounds)
	fmt.Printf("%8s  %8s  %10s  %14s  %14s  %12s  %12s  %12s\n", "window", "clients", "who", "first byte p50", "first byte p99", "MB/s", "CPU ms each", "server MiB")
	for _, seconds := range b.Seconds {
		for _, clients := range []int{1, 10, 50} {
			got, err := b.turns(ctx, base, clients, max(b.Requests*10/seconds, b.Rounds*clients*max(1, 80/seconds)), anywhere(seconds), plain(seconds))
			if err != nil {
				return err
			}
			for i, who := range []string{"clip", "file"} {
				g := got[i]
				fmt.Printf("%7ds  %8d  %10s  %11.1f ms  %11.1f ms  %12.0f  %12.2f  %12.0f\n", seconds, clients, who, g.p50, g.p99, g.rate, g.cpu, g.mem)
			}
			fmt.Printf("%8s  %8s  %10s  %14s  %14s  %10.0f %%  %10.1f x\n", "", "", "clip/file", "", "", 100*got[0].rate/got[1].rate, got[0].cpu/got[1].cpu)
		}
	}
	fmt.Println("    wanted: at least 60 % and at most 3 x; of 10 s at one client first byte and CPU at most 2 ms")
	return nil
}

// places compares clips by how many segments the stream has and where they lie.
func (b *clipBench) places(ctx context.Context, base string) error {
	names := []string{fmt.Sprintf("%d segments", shortLen)}
	asks := []ask{within(shortStream, 0, shortLen)}
	for i, where := range []string{"first", "middle", "last"} {
		names = append(names, fmt.Sprintf("%d segments, the %s", longLen, where))
		asks = append(asks, within(longStream, longPlaces[i], placeMinutes))
	}
	got, err := b.turns(ctx, base, 1, 2*b.Requests, asks...)
	if err != nil {
		return err
	}
	fmt.Printf("\nClips of 10 s by place, one client (wanted: at most 1.5 x; rows are those of %d segments, footage lies where it is asked for)\n", longLen)
	fmt.Printf("%28s  %14s  %12s  %12s  %12s\n", "stream", "first byte p50", "CPU ms each", "first byte", "CPU")
	for i, g := range got {
		fmt.Printf("%28s  %11.2f ms  %12.2f  %10.2f x  %10.2f x\n", names[i], g.p50, g.cpu, g.p50/got[0].p50, g.cpu/got[0].cpu)
	}
	return nil
}

// remote measures clips from an S3 server on this machine.
func (b *clipBench) remote(ctx context.Context, dir, s3dir string) error {
	s3, err := startS3(ctx, s3dir)
	if err != nil {
		return err
	}
	defer s3.stop()
	srv, err := spawn(ctx, "clips", "--dir", dir, "--s3", s3.endpoint)
	if err != nil {
		return err
	}
	defer srv.stop()
	base, err := srv.line()
	if err != nil {
		return err
	}
	fmt.Printf("\nClips of 10 s from S3 on this machine, feet known (CPU is the clip server's, without the S3 server's)\n")
	fmt.Printf("%8s  %14s  %14s  %12s  %12s  %12s\n", "clients", "first byte p50", "first byte p99", "MB/s", "CPU ms each", "server MiB")
	all := fmt.Sprintf("%s/clip?stream=%s&from=%d&seconds=%d", base, busyStream, fillStart, 60*busyMinutes)
	if _, _, err := fetch(ctx, http.MethodHead, all); err != nil {
		return err
	}
	for _, clients := range []int{1, 10} {
		got, err := b.turns(ctx, base, clients, b.Requests, anywhere(10))
		if err != nil {
			return err
		}
		g := got[0]
		fmt.Printf("%8d  %11.1f ms  %11.1f ms  %12.0f  %12.2f  %12.0f\n", clients, g.p50, g.p99, g.rate, g.cpu, g.mem)
	}
	return nil
}

// ask makes a path to ask for.
type ask func() string

func plain(seconds int) ask { return func() string { return fmt.Sprintf("/file/%d", seconds) } }

// anywhere asks for a window anywhere in the busy stream.
func anywhere(seconds int) ask {
	return func() string {
		from := fillStart + timeline.Micros(rand.Int64N(int64(timeline.Micros(busyMinutes*60-seconds-1)*timeline.Second)))
		return fmt.Sprintf("/clip?stream=%s&from=%d&seconds=%d", busyStream, from, seconds)
	}
}

// within asks for 10 s within some minutes of a stream.
func within(stream media.StreamID, first, minutes int) ask {
	return func() string {
		room := timeline.Micros(minutes)*timeline.Minute - 12*timeline.Second
		from := fillStart + timeline.Micros(first)*timeline.Minute + timeline.Second + timeline.Micros(rand.Int64N(int64(room)))
		return fmt.Sprintf("/clip?stream=%s&from=%d&seconds=10", stream, from)
	}
}

// burst is what some requests of one kind gave.
type burst struct {
	p50, p99 float64 // first byte, ms
	rate     float64 // MB/s
	cpu      float64 // of the server, ms a request
	mem      float64 // of the server, MiB
}

// turns makes n requests of each kind from so many clients, in rounds in which the
// kinds take turns, and returns the medians of the rounds. The first burst of each
// is not counted.
func (b *clipBench) turns(ctx context.Context, base string, clients, n int, asks ...ask) ([]burst, error) {
	all := make([][]burst, len(asks))
	each := max(n/b.Rounds, clients, 4)
	for round := range b.Rounds + 1 {
		for i, a := range asks {
			g, err := b.one(ctx, base, a, clients, each)
			if err != nil {
				return nil, err
			}
			if round > 0 {
				all[i] = append(all[i], g)
			}
		}
	}
	out := make([]burst, len(asks))
	for i, list := range all {
		of := func(field func(burst) float64) float64 {
			var v []float64
			for _, g := range list {
				v = append(v, field(g))
			}
			return quantile(v, .5)
		}
		out[i] = burst{
			p50: of(func(g burst) float64 { return g.p50 }), p99: of(func(g burst) float64 { return g.p99 }),
			rate: of(func(g burst) float64 { return g.rate }), cpu: of(func(g burst) float64 { return g.cpu }), mem: of(func(g burst) float64 { return g.mem }),
		}
	}
	return out, nil
}

// one makes n requests of one kind from so many clients.
func (b *clipBench) one(ctx context.Context, base string, a ask, clients, n int) (burst, error) {
	cpu0, _, err := serverUsage(ctx, base)
	if err != nil {
		return burst{}, err
	}
	var mu sync.Mutex
	var first []float64
	var bytes int64
	var fail error
	work := make(chan string)
	var wg sync.WaitGroup
	began := time.Now()
	for range clients {
		wg.Go(func() {
			for path := range work {
				got, size, err := fetch(ctx, http.MethodGet, base+path)
				mu.Lock()
				first, bytes = append(first, got.Seconds()), bytes+size
				fail = errors.Join(fail, err)
				mu.Unlock()
			}
		})
	}
	for range n {
		work <- a()
	}
	close(work)
	wg.Wait()
	took := time.Since(began)
	if fail != nil {
		return burst{}, fail
	}
	cpu1, mem, err := serverUsage(ctx, base)
	return burst{
		p50: 1000 * quantile(first, .5), p99: 1000 * quantile(first, .99), rate: float64(bytes) / took.Seconds() / 1e6,
		cpu: 1000 * (cpu1 - cpu0) / float64(n), mem: float64(mem) / (1 << 20),
	}, err
}

// head asks for the size of a day.
func (b *clipBench) head(ctx context.Context, base, day string) error {
	var took []float64
	path := fmt.Sprintf("%s/clip?stream=%s&from=%d&seconds=%d", base, day, fillStart, 86_400)
	for range 12 {
		d, _, err := fetch(ctx, http.MethodHead, path)
		if err != nil {
			return err
		}
		took = append(took, d.Seconds())
	}
	fmt.Printf("HEAD of a 24 h window: first %.0f ms, then p50 %.0f ms, max %.0f ms (wanted: at most 200 ms warm)\n", 1000*took[0], 1000*quantile(took[1:], .5), 1000*quantile(took[1:], 1))
	return nil
}

// timeline asks for the timeline of a day, as the page does.
func (b *clipBench) timeline(ctx context.Context, base string) error {
	var took []float64
	at := func(t timeline.Micros) string { return url.QueryEscape(t.Time().UTC().Format(time.RFC3339)) }
	path := fmt.Sprintf("%s/api/v1/cameras/%s/timeline?from=%s&to=%s", base, dayDevice, at(fillStart), at(fillStart+timeline.Day))
	for range 100 {
		d, _, err := fetch(ctx, http.MethodGet, path)
		if err != nil {
			return err
		}
		took = append(took, d.Seconds())
	}
	fmt.Printf("Timeline of 24 h through the API: first %.0f ms, then p50 %.1f ms, p99 %.1f ms (wanted: at most 20 ms)\n", 1000*took[0], 1000*quantile(took[1:], .5), 1000*quantile(took[1:], .99))
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
