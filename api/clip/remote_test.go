package clip_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"qianshao/api/clip"
	"qianshao/storage"
	"qianshao/storage/blob/blobtest/s3server"
	"qianshao/storage/blob/s3blob"
	"qianshao/storage/storagetest"
	"qianshao/storage/timeline"
)

// rounds stands in front of a real S3 server. It holds requests back until as many
// wait as the round has, and only then lets them through: who asks one after the
// other what belongs to one round waits for ever, and who needs a further round
// stands in it alone.
type rounds struct {
	next http.Handler

	mu       sync.Mutex
	want     []int           // requests of each round; guarded by mu
	waiting  []chan struct{} // guarded by mu
	through  int             // rounds that were let through; guarded by mu
	requests int             // guarded by mu
	excess   int             // that no round expected; guarded by mu
	open     bool            // the first byte is there; guarded by mu
}

func (r *rounds) begin(want ...int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.want, r.waiting, r.through, r.requests, r.excess, r.open = want, nil, 0, 0, 0, false
}

// firstByte lets everything through from now on, and returns how many rounds there
// were until now, and what no round expected.
func (r *rounds) firstByte() (through, excess int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.open = true
	return r.through, r.excess
}

func (r *rounds) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	if gate := r.arrive(); gate != nil {
		select {
		case <-gate:
		case <-q.Context().Done():
			return
		}
	}
	r.next.ServeHTTP(w, q)
}

func (r *rounds) arrive() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.requests++
	switch {
	case r.open:
		return nil
	case r.through == len(r.want):
		r.excess++
		return nil
	}
	gate := make(chan struct{})
	r.waiting = append(r.waiting, gate)
	if len(r.waiting) == r.want[r.through] {
		for _, g := range r.waiting {
			close(g)
		}
		r.waiting = nil
		r.through++
	}
	return gate
}

// taken is where a clip goes.
type taken struct {
	r               *rounds
	through, excess int // at the first byte
	bytes           int64
}

func (w *taken) Write(b []byte) (int, error) {
	if w.bytes == 0 {
		w.through, w.excess = w.r.firstByte()
	}
	w.bytes += int64(len(b))
	return len(b), nil
}

// before starts an S3 server with a rounds in front of it.
func before(t *testing.T) (*rounds, *s3blob.Store) {
	t.Helper()
	srv := s3server.Start(t)
	to, err := url.Parse(srv.Endpoint)
	if err != nil {
		t.Fatal(err)
	}
	r := &rounds{next: &httputil.ReverseProxy{Rewrite: func(p *httputil.ProxyRequest) {
		p.SetURL(to)
		p.Out.Host = p.In.Host // the signature covers it
	}}, open: true}
	front := httptest.NewServer(r)
	t.Cleanup(front.Close)
	s3, err := s3blob.New(s3blob.Config{
		Endpoint: front.URL, Bucket: srv.Bucket, Region: "us-east-1", AccessKey: srv.AccessKey, SecretKey: s3blob.Secret(srv.SecretKey), PathStyle: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	return r, s3
}

// From S3 the first byte of a clip of up to 32 segments takes two round trips, of
// more three: the feet, 32 at once or half of them, then media. Where the feet are known, also from before a restart, it takes one. A clip
// takes no more than two requests for the media of a segment.
func TestRoundTrips(t *testing.T) {
	t.Parallel()
	r, s3 := before(t)
	local := storagetest.New(t)
	v := storagetest.NewVideo(t, storagetest.VideoSpec{})
	rec := local.Record(storagetest.Script{Segment: 6, Runs: []storagetest.Run{{Pieces: []storagetest.Piece{{Video: v, Seconds: 240}}}}})
	local.Store = s3
	for _, v := range local.Spool.List() {
		local.Upload(v.Key, v.Bytes, v.SHA256)
	}
	first := rec.Frames[0].Wall
	if n := onDisk(t, local); n != 0 {
		t.Fatalf("%d feet are known", n)
	}
	fresh := func() *storage.Archive {
		return &storage.Archive{Spool: local.Spool, Store: s3, Index: local.Index, Log: local.Log}
	}
	for _, c := range []struct {
		name          string
		from, seconds timeline.Micros
		cold          []int // requests of each round before the first byte
		segments      int
	}{
		{"within a segment", 7, 4, []int{2, 1}, 1}, // and the segment before, where the lead-in may begin
		{"over a border", 10, 4, []int{3, 1}, 2},
		{"forty segments", 0, 239, []int{32, 8, 1}, 40},
	} {
		if err := os.RemoveAll(filepath.Join(local.Dir(), "feet")); err != nil {
			t.Fatal(err)
		}
		a := fresh()
		from := first + c.from*timeline.Second
		take := func(when string, want ...int) {
			t.Helper()
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			r.begin(want...)
			f, err := clip.Plan(ctx, a, rec.Stream, clip.Params{Span: timeline.Span{From: from, To: from + c.seconds*timeline.Second}})
			if err != nil {
				t.Fatalf("%s, %s: %v; the rounds wanted are %d", c.name, when, err, want)
			}
			w := &taken{r: r}
			if err := f.WriteRange(ctx, w, 0, f.Size()); err != nil {
				t.Fatalf("%s, %s: %v; the rounds wanted are %d", c.name, when, err, want)
			}
			if w.through != len(want) || w.excess != 0 || w.bytes != f.Size() {
				t.Errorf("%s, %s: %d rounds of %d before the first byte, and %d requests more; %d bytes of %d", c.name, when, w.through, want, w.excess, w.bytes, f.Size())
			}
			feet := 0
			for _, n := range want[:len(want)-1] {
				feet += n
			}
			if most := feet + 2*c.segments; r.requests > most {
				t.Errorf("%s, %s: %d requests, want at most %d", c.name, when, r.requests, most)
			}
		}
		take("cold", c.cold...)
		take("feet in memory", 1)
		a = fresh()
		take("after a restart", 1)
	}
	remoteFeetGo(t, local, rec)
}

// onDisk counts the feet that are kept there.
func onDisk(t *testing.T, local *storagetest.Archive) int {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(local.Dir(), "feet", "*.foot"))
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

// What this machine stored itself it need not ask for: ninety segments take
// one round trip, the first time; and three where another machine stored them.
func TestOwnFeetAreKnown(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("-short: records six minutes")
	}
	r, s3 := before(t)
	local := storagetest.New(t)
	v := storagetest.NewVideo(t, storagetest.VideoSpec{})
	rec := local.Record(storagetest.Script{Segment: 4, Runs: []storagetest.Run{{Pieces: []storagetest.Piece{{Video: v, Seconds: 360}}}}})
	local.Archive.Store = s3
	if err := local.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := onDisk(t, local); n != 90 || len(local.Spool.List()) != 0 {
		t.Fatalf("%d feet on disk, %d segments in the spool; want 90 and none", n, len(local.Spool.List()))
	}
	a := &storage.Archive{Spool: local.Spool, Store: s3, Index: local.Index, Log: local.Log}
	from := rec.Frames[0].Wall
	r.begin() // none is expected
	f, err := clip.Plan(t.Context(), a, rec.Stream, clip.Params{Span: timeline.Span{From: from, To: from + 359*timeline.Second}})
	if err != nil {
		t.Fatal(err)
	}
	w := &taken{r: r}
	if err := f.WriteRange(t.Context(), w, 0, f.Size()); err != nil {
		t.Fatal(err)
	}
	if w.excess > 1 || w.bytes != f.Size() {
		t.Errorf("%d requests before the first byte, want that of the media at most; %d bytes of %d", w.excess, w.bytes, f.Size())
	}
	if most := 2 * 90; r.requests > most {
		t.Errorf("%d requests, want at most %d", r.requests, most)
	}

	if err := os.RemoveAll(filepath.Join(local.Dir(), "feet")); err != nil {
		t.Fatal(err)
	}
	a = &storage.Archive{Spool: local.Spool, Store: s3, Index: local.Index, Log: local.Log}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	r.begin(45, 45, 1)
	if f, err = clip.Plan(ctx, a, rec.Stream, clip.Params{Span: timeline.Span{From: from, To: from + 359*timeline.Second}}); err != nil {
		t.Fatal(err)
	}
	w = &taken{r: r}
	if err := f.WriteRange(ctx, w, 0, f.Size()); err != nil {
		t.Fatal(err)
	}
	if w.through != 3 || w.excess != 0 || w.bytes != f.Size() {
		t.Errorf("stored elsewhere: %d rounds before the first byte, and %d requests more, want 3 and none; %d bytes of %d", w.through, w.excess, w.bytes, f.Size())
	}
}

// remoteFeetGo deletes the first segment, whose foot is kept.
func remoteFeetGo(t *testing.T, local *storagetest.Archive, rec *storagetest.Recorded) {
	t.Helper()
	span := timeline.Span{From: rec.Frames[0].Wall, To: rec.Frames[0].Wall + timeline.Second}
	rows, err := local.Index.Rows(t.Context(), rec.Stream, span, 0)
	if err != nil || len(rows) != 1 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	was := onDisk(t, local)
	if err := local.Delete(t.Context(), rows[0]); err != nil {
		t.Fatal(err)
	}
	if is := onDisk(t, local); was != 40 || is != 39 {
		t.Errorf("%d feet on disk, and after a deletion %d; want 40 and 39", was, is)
	}
}

// A foot that is damaged on disk is asked for again, and its file made anew.
func TestDamagedFootOnDisk(t *testing.T) {
	t.Parallel()
	_, s3 := before(t)
	local := storagetest.New(t)
	v := storagetest.NewVideo(t, storagetest.VideoSpec{})
	rec := local.Record(storagetest.Script{Runs: []storagetest.Run{{Pieces: []storagetest.Piece{{Video: v, Seconds: 20}}}}})
	local.Store = s3
	for _, v := range local.Spool.List() {
		local.Upload(v.Key, v.Bytes, v.SHA256)
	}
	take := func() int64 {
		a := &storage.Archive{Spool: local.Spool, Store: s3, Index: local.Index, Log: local.Log}
		from := rec.Frames[0].Wall
		f, err := clip.Plan(t.Context(), a, rec.Stream, clip.Params{Span: timeline.Span{From: from, To: from + 10*timeline.Second}})
		if err != nil {
			t.Fatal(err)
		}
		if err := f.WriteRange(t.Context(), io.Discard, 0, f.Size()); err != nil {
			t.Fatal(err)
		}
		return f.Size()
	}
	size := take()
	list, err := filepath.Glob(filepath.Join(local.Dir(), "feet", "*.foot"))
	if err != nil || len(list) == 0 {
		t.Fatalf("%q, %v", list, err)
	}
	good, err := os.ReadFile(list[0])
	if err != nil {
		t.Fatal(err)
	}
	bent := append([]byte(nil), good...)
	bent[len(bent)/2] ^= 1
	for _, bad := range [][]byte{bent, good[:len(good)/2], nil} {
		if err := os.WriteFile(list[0], bad, 0o600); err != nil {
			t.Fatal(err)
		}
		if got := take(); got != size {
			t.Errorf("a clip of %d bytes, want %d", got, size)
		}
		if again, err := os.ReadFile(list[0]); err != nil || string(again) != string(good) {
			t.Errorf("the file was not mended: %d bytes, %v", len(again), err)
		}
	}
}
