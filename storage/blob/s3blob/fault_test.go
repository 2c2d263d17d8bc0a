package s3blob_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/minio/minio-go/v7/pkg/signer"

	"qianshao/storage/blob"
	"qianshao/storage/blob/blobtest"
	"qianshao/storage/blob/blobtest/s3server"
	"qianshao/storage/blob/s3blob"
)

// between stands before a real server and, request by request, lets through,
// answers itself, or cuts.
type between struct {
	*httptest.Server
	proxy *httputil.ReverseProxy

	mu    sync.Mutex // guards what follows
	seen  []string   // "PUT key"
	fault func(n int, w http.ResponseWriter, r *http.Request) (handled bool)
	n     int // requests since fault was set
}

func before(t *testing.T, s *s3server.Server) *between {
	u, err := url.Parse(s.Endpoint)
	check(t, err)
	b := &between{proxy: httputil.NewSingleHostReverseProxy(u)}
	b.proxy.ErrorHandler = func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) }
	b.proxy.Transport = &http.Transport{DisableKeepAlives: true}
	b.Server = httptest.NewServer(b)
	t.Cleanup(b.Close)
	return b
}

func (b *between) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	b.seen = append(b.seen, r.Method+" "+path.Base(r.URL.Path))
	b.n++
	n, fault := b.n, b.fault
	b.mu.Unlock()
	if fault != nil && fault(n, w, r) {
		return
	}
	b.proxy.ServeHTTP(w, r)
}

// set makes a fault of all requests from now on, numbered from 1.
func (b *between) set(fault func(n int, w http.ResponseWriter, r *http.Request) bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fault, b.n, b.seen = fault, 0, nil
}

func (b *between) requests() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.n
}

func (b *between) store(t *testing.T, s *s3server.Server) *s3blob.Store {
	cfg := config(s)
	cfg.Endpoint = b.URL
	st := open(t, cfg)
	blobtest.Put(t, st, "warm", []byte("the server has been probed")) // so that tests count their own requests
	return st
}

// answer gives S3's error document.
func answer(w http.ResponseWriter, status int, code string) bool {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, "<Error><Code>%s</Code><Message>no</Message></Error>", code)
	return true
}

// lost lets the request reach the server and loses the answer.
func (b *between) lost(r *http.Request) bool {
	b.proxy.ServeHTTP(httptest.NewRecorder(), r)
	panic(http.ErrAbortHandler)
}

// Faults that pass are survived by every operation, and cost one repetition
// each.
func TestPassingFaults(t *testing.T) {
	t.Parallel()
	server := s3server.Start(t)
	for name, fault := range map[string]func(b *between, w http.ResponseWriter, r *http.Request) bool{
		"503":         func(_ *between, w http.ResponseWriter, _ *http.Request) bool { return answer(w, 503, "SlowDown") },
		"500":         func(_ *between, w http.ResponseWriter, _ *http.Request) bool { return answer(w, 500, "InternalError") },
		"429":         func(_ *between, w http.ResponseWriter, _ *http.Request) bool { return answer(w, 429, "TooMany") },
		"502 in HTML": func(_ *between, w http.ResponseWriter, _ *http.Request) bool { w.WriteHeader(502); return true },
		"cut":         func(*between, http.ResponseWriter, *http.Request) bool { panic(http.ErrAbortHandler) },
		"answer lost": func(b *between, _ http.ResponseWriter, r *http.Request) bool { return b.lost(r) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := before(t, server)
			s := b.store(t, server)
			passingFault(t, b, s, strings.ReplaceAll(name, " ", "-"), func(w http.ResponseWriter, r *http.Request) bool {
				return fault(b, w, r)
			})
		})
	}
}

func passingFault(t *testing.T, b *between, s *s3blob.Store, key string, fault func(http.ResponseWriter, *http.Request) bool) {
	t.Helper()
	data := bytes.Repeat([]byte("0123456789"), 50<<10)
	for _, c := range []struct {
		op string
		do func() error
	}{
		{"put", func() error { return s.Put(t.Context(), key, blob.Bytes(data)) }},
		{"head", func() error { _, err := s.Head(t.Context(), key); return err }},
		{"get", func() error {
			if got := blobtest.Get(t, s, key); !bytes.Equal(got, data) {
				return errors.New("other bytes")
			}
			return nil
		}},
		{"list", func() error {
			if got := blobtest.Keys(t, s, key, ""); len(got) != 1 {
				return fmt.Errorf("listed %q", got)
			}
			return nil
		}},
		{"delete", func() error { return s.Delete(t.Context(), key) }},
	} {
		b.set(func(n int, w http.ResponseWriter, r *http.Request) bool { return n <= 2 && fault(w, r) })
		if err := c.do(); err != nil {
			t.Errorf("%s: %v", c.op, err)
		}
		// Three, and a look at the object where the first PUT had arrived.
		if n := b.requests(); n < 3 || n > 4 {
			t.Errorf("%s: %d requests", c.op, n)
		}
	}
	b.set(nil)
	if _, err := s.Head(t.Context(), key); !errors.Is(err, blob.ErrNotExist) {
		t.Errorf("after delete: %v", err)
	}
}

// A fault that stays is reported after Attempts requests; a refusal after one.
func TestStayingFaults(t *testing.T) {
	t.Parallel()
	server := s3server.Start(t)
	b := before(t, server)
	s := b.store(t, server)
	for _, c := range []struct {
		status, want int
		code         string
	}{{503, 4, "SlowDown"}, {403, 1, "AccessDenied"}, {400, 1, "InvalidArgument"}, {501, 1, "NotImplemented"}, {404, 1, "NoSuchBucket"}} {
		b.set(func(_ int, w http.ResponseWriter, _ *http.Request) bool { return answer(w, c.status, c.code) })
		err := s.Put(t.Context(), "v1/a", blob.Bytes([]byte("x")))
		if err == nil || !strings.Contains(err.Error(), c.code) || errors.Is(err, blob.ErrNotExist) {
			t.Errorf("%s: got %v", c.code, err)
		}
		if n := b.requests(); n != c.want {
			t.Errorf("%s: %d requests, want %d", c.code, n, c.want)
		}
	}
}

// A body cut midway is taken up again; one that is always cut is an error, never
// a short end.
func TestBodyCut(t *testing.T) {
	t.Parallel()
	server := s3server.Start(t)
	b := before(t, server)
	s := b.store(t, server)
	data := bytes.Repeat([]byte("0123456789"), 100<<10)
	blobtest.Put(t, s, "a", data)
	half := func(limit int) func(int, http.ResponseWriter, *http.Request) bool {
		return func(n int, w http.ResponseWriter, r *http.Request) bool {
			if n > limit {
				return false
			}
			b.proxy.ServeHTTP(&cutting{ResponseWriter: w, left: 100_000}, r)
			return true
		}
	}
	b.set(half(2))
	if got := blobtest.Get(t, s, "a"); !bytes.Equal(got, data) {
		t.Errorf("got %d bytes, or other ones", len(got))
	}
	b.set(half(1 << 30))
	r, err := s.Get(t.Context(), "a", 10, 900_000)
	check(t, err)
	got, err := io.ReadAll(r)
	check(t, r.Close())
	if err == nil || errors.Is(err, io.EOF) || !bytes.HasPrefix(data[10:], got) {
		t.Errorf("got %d bytes, %v", len(got), err)
	}
}

// cutting breaks the connection after some bytes of a body.
type cutting struct {
	http.ResponseWriter
	left int
}

func (c *cutting) Write(p []byte) (int, error) {
	if c.left -= len(p); c.left < 0 {
		_ = http.NewResponseController(c.ResponseWriter).Flush()
		panic(http.ErrAbortHandler)
	}
	return c.ResponseWriter.Write(p)
}

// A server that accepts and never answers, or stops in a body, is given up.
func TestStalls(t *testing.T) {
	t.Parallel()
	server := s3server.Start(t)
	b := before(t, server)
	warm := b.store(t, server)
	blobtest.Put(t, warm, "a", make([]byte, 1<<20))
	cfg := config(server)
	cfg.Endpoint, cfg.Grace, cfg.Attempts = b.URL, 50*time.Millisecond, 2
	s := open(t, cfg)
	b.set(func(_ int, _ http.ResponseWriter, r *http.Request) bool {
		_, _ = io.Copy(io.Discard, r.Body) // so that the server notices the client's leaving
		<-r.Context().Done()
		return true
	})
	if _, err := s.Head(t.Context(), "a"); err == nil || !strings.Contains(err.Error(), "no answer in time") {
		t.Errorf("head: %v", err)
	}
	if n := b.requests(); n != 2 {
		t.Errorf("%d requests", n)
	}
	b.set(func(_ int, w http.ResponseWriter, r *http.Request) bool {
		w.Header().Set("Content-Length", "1000")
		w.Header().Set("Last-Modified", "Mon, 23 Nov 2026 00:00:00 GMT")
		_, _ = w.Write(make([]byte, 500))
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
		return true
	})
	r, err := s.Get(t.Context(), "a", 0, -1)
	check(t, err)
	if n, err := io.Copy(io.Discard, r); err == nil || n < 500 || errors.Is(err, context.Canceled) {
		t.Errorf("read %d bytes, %v", n, err)
	}
	check(t, r.Close())
}

// A server that ignores If-None-Match, and one that refuses the header, still
// keep the first content.
func TestWithoutConditions(t *testing.T) {
	t.Parallel()
	server := s3server.Start(t)
	for name, fault := range map[string]func(int, http.ResponseWriter, *http.Request) bool{
		"ignores": func(_ int, w http.ResponseWriter, r *http.Request) bool {
			r.Header.Del("If-None-Match") // a signed header, so the request is signed again
			if r.Method == http.MethodPut {
				r.Header.Del("Authorization")
				r.URL.Host = r.Host
				*r = *signer.SignV4(*r, server.AccessKey, server.SecretKey, "", "us-east-1")
			}
			return false
		},
		"refuses": func(_ int, w http.ResponseWriter, r *http.Request) bool {
			return r.Header.Get("If-None-Match") != "" && answer(w, 501, "NotImplemented")
		},
	} {
		b := before(t, server)
		b.set(fault)
		cfg := config(server)
		cfg.Endpoint, cfg.Prefix = b.URL, name
		s := open(t, cfg)
		blobtest.Put(t, s, "a", []byte("first"))
		blobtest.Put(t, s, "a", []byte("first"))
		if err := s.Put(t.Context(), "a", blob.Bytes([]byte("other"))); !errors.Is(err, blob.ErrDifferent) {
			t.Errorf("%s: got %v", name, err)
		}
		if got := blobtest.Get(t, s, "a"); string(got) != "first" {
			t.Errorf("%s: holds %q", name, got)
		}
		var wg sync.WaitGroup
		won := make(chan string, 6)
		for i := range 6 {
			wg.Go(func() {
				text := fmt.Sprint("content ", i)
				if err := s.Put(t.Context(), "c", blob.Bytes([]byte(text))); err == nil {
					won <- text
				} else if !errors.Is(err, blob.ErrDifferent) {
					t.Errorf("%s: %v", name, err)
				}
			})
		}
		wg.Wait()
		close(won)
		if len(won) != 1 || <-won != string(blobtest.Get(t, s, "c")) {
			t.Errorf("%s: not exactly one writer won", name)
		}
	}
}

// An object that another program put is compared by its bytes.
func TestForeignObject(t *testing.T) {
	t.Parallel()
	server := s3server.Start(t)
	s := open(t, config(server))
	file := filepath.Join(server.Folder(), "v1", "a")
	check(t, os.MkdirAll(filepath.Dir(file), 0o755))
	check(t, os.WriteFile(file, []byte("by hand"), 0o644))
	blobtest.Put(t, s, "v1/a", []byte("by hand"))
	if err := s.Put(t.Context(), "v1/a", blob.Bytes([]byte("by Hand"))); !errors.Is(err, blob.ErrDifferent) {
		t.Errorf("got %v", err)
	}
}

// The store goes away in the middle of things and comes back.
func TestAwayAndBack(t *testing.T) {
	t.Parallel()
	server := s3server.Start(t)
	s := open(t, config(server))
	blobtest.Put(t, s, "a", []byte("1"))
	server.Stop()
	err := s.Put(t.Context(), "b", blob.Bytes([]byte("2")))
	var op *net.OpError
	if !errors.As(err, &op) {
		t.Errorf("got %v", err)
	}
	for _, err := range s.List(t.Context(), "", "") {
		if err == nil {
			t.Error("listed a server that is away")
		}
	}
	server.Restart()
	blobtest.Put(t, s, "b", []byte("2"))
	if got := blobtest.Keys(t, s, "", ""); len(got) != 2 {
		t.Errorf("listed %q", got)
	}
	if got := blobtest.Get(t, s, "a"); string(got) != "1" {
		t.Errorf("holds %q", got)
	}
}

// A killed upload of parts leaves them; AbortUploads ends them. An upload that
// fails ends its own.
func TestAbortUploads(t *testing.T) {
	t.Parallel()
	server := s3server.Start(t)
	b := before(t, server)
	s := b.store(t, server)
	data := make([]byte, 65<<20)
	c := blob.Content{Size: int64(len(data)), SHA256: sha256.Sum256(data), Open: func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(data)), nil
	}}
	for _, abort := range []bool{true, false} {
		b.set(func(_ int, w http.ResponseWriter, r *http.Request) bool {
			switch {
			case r.URL.Query().Get("partNumber") == "2":
				return answer(w, 403, "AccessDenied")
			case r.Method == http.MethodDelete && !abort:
				return answer(w, 403, "AccessDenied")
			}
			return false
		})
		if err := s.Put(t.Context(), "big", c); err == nil {
			t.Fatal("the put succeeded")
		}
		b.set(nil)
		if n, err := s.AbortUploads(t.Context(), time.Now().Add(-time.Hour)); n != 0 || err != nil {
			t.Errorf("old uploads: %d, %v", n, err)
		}
		want := 1
		if abort {
			want = 0
		}
		if n, err := s.AbortUploads(t.Context(), time.Now().Add(time.Hour)); n != want || err != nil {
			t.Errorf("uploads aborted: %d, %v, want %d", n, err, want)
		}
	}
	if _, err := s.Head(t.Context(), "big"); !errors.Is(err, blob.ErrNotExist) {
		t.Error(err)
	}
	// The answer to the last request of an upload is lost: it is done all the same.
	b.set(func(n int, _ http.ResponseWriter, r *http.Request) bool {
		return r.Method == http.MethodPost && r.URL.Query().Has("uploadId") && n < 9 && b.lost(r)
	})
	check(t, s.Put(t.Context(), "big", c))
}
