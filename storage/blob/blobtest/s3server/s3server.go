// Package s3server runs a real S3 server, versitygw over a folder, for tests.
package s3server

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// Server is a running S3 server with one empty bucket. It ends with its test.
type Server struct {
	Endpoint  string // http://127.0.0.1:port; stays the same over Stop and Restart
	Bucket    string
	AccessKey string
	SecretKey string

	t      testing.TB
	binary string
	dir    string // its data and its socket
	front  *front
	gw     *gateway
}

// Start starts a server, or fails the test with what is missing.
func Start(t testing.TB) *Server {
	t.Helper()
	binary, err := find()
	if err != nil {
		t.Fatal(err)
	}
	// Not t.TempDir: a socket's path has 107 bytes at most (sun_path).
	dir, err := os.MkdirTemp("", "s3-")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{
		Bucket: "footage", AccessKey: "test-access", SecretKey: "test-secret-key",
		t: t, binary: binary, dir: dir,
	}
	t.Cleanup(func() {
		s.Stop()
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	for _, sub := range []string{"data", "meta"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	s.gw = s.run()
	s.front = listen(t, "127.0.0.1:0", s.socket())
	s.Endpoint = "http://" + s.front.ln.Addr().String()
	s.makeBucket()
	return s
}

// Stop takes the server away, as a power cut would: connections break and new
// ones are refused. Its data stay. Stopping twice is no error.
func (s *Server) Stop() {
	s.t.Helper()
	if s.front != nil {
		s.front.close()
	}
	if s.gw != nil {
		s.gw.kill(s.t)
	}
}

// Restart brings a stopped server back, with its data, at the same address.
func (s *Server) Restart() {
	s.t.Helper()
	s.Stop()
	s.gw = s.run()
	s.front = listen(s.t, s.front.ln.Addr().String(), s.socket())
}

// Folder is where the bucket's objects lie as files.
func (s *Server) Folder() string { return filepath.Join(s.dir, "data", s.Bucket) }

func (s *Server) socket() string { return filepath.Join(s.dir, "sock") }

// find looks for the binary in PATH, in the module's .cache/bin, where make deps
// puts it, and in GOPATH/bin.
func find() (string, error) {
	if p, err := exec.LookPath("versitygw"); err == nil {
		return p, nil
	}
	var places []string
	if wd, err := os.Getwd(); err == nil {
		for dir := wd; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
			if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
				places = append(places, filepath.Join(dir, ".cache", "bin"))
				break
			}
		}
	}
	gopath := os.Getenv("GOPATH")
	if home, err := os.UserHomeDir(); gopath == "" && err == nil {
		gopath = filepath.Join(home, "go")
	}
	for _, dir := range append(places, filepath.Join(gopath, "bin")) {
		if p, err := exec.LookPath(filepath.Join(dir, "versitygw")); err == nil {
			return p, nil
		}
	}
	return "", fmt.Errorf("versitygw, the S3 server that this test runs, is not installed: run `make deps`")
}

// gateway is the server's process.
type gateway struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended
	out  bytes.Buffer  // what it printed; to be read after done
}

// run starts the process and waits until it listens.
func (s *Server) run() *gateway {
	s.t.Helper()
	if err := os.Remove(s.socket()); err != nil && !os.IsNotExist(err) {
		s.t.Fatal(err)
	}
	g := &gateway{done: make(chan struct{})}
	g.cmd = exec.Command(s.binary, "--quiet", "--keep-alive", "--port", s.socket(), "posix",
		"--sidecar", filepath.Join(s.dir, "meta"), filepath.Join(s.dir, "data"))
	g.cmd.Env = append(os.Environ(), "ROOT_ACCESS_KEY_ID="+s.AccessKey, "ROOT_SECRET_ACCESS_KEY="+s.SecretKey)
	g.cmd.Stdout, g.cmd.Stderr = &g.out, &g.out
	g.cmd.Dir = s.dir
	g.cmd.SysProcAttr = dieWithParent()
	started := make(chan error)
	go func() {
		defer close(g.done)
		// dieWithParent means the thread that starts the process: it must live
		// as long.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := g.cmd.Start()
		started <- err
		if err == nil {
			_ = g.cmd.Wait() // its exit status is of no interest: it is killed
		}
	}()
	if err := <-started; err != nil {
		s.t.Fatal(err)
	}
	deadline := time.NewTimer(30 * time.Second)
	defer deadline.Stop()
	for {
		c, err := net.Dial("unix", s.socket())
		if err == nil {
			if err := c.Close(); err != nil {
				s.t.Fatal(err)
			}
			return g
		}
		select {
		case <-g.done:
			s.t.Fatalf("versitygw ended at its start:\n%s", g.out.String())
		case <-deadline.C:
			g.kill(s.t)
			s.t.Fatalf("versitygw does not listen:\n%s", g.out.String())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (g *gateway) kill(t testing.TB) {
	t.Helper()
	select {
	case <-g.done:
		return
	default:
	}
	if err := g.cmd.Process.Signal(syscall.SIGKILL); err != nil {
		t.Log(err) // it ended by itself
	}
	<-g.done
	if t.Failed() && g.out.Len() > 0 {
		t.Logf("versitygw said:\n%s", g.out.String())
	}
}

func (s *Server) makeBucket() {
	s.t.Helper()
	c, err := minio.New(s.front.ln.Addr().String(), &minio.Options{
		Creds:        credentials.NewStaticV4(s.AccessKey, s.SecretKey, ""),
		Region:       "us-east-1",
		BucketLookup: minio.BucketLookupPath,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := c.MakeBucket(ctx, s.Bucket, minio.MakeBucketOptions{Region: "us-east-1"}); err != nil {
		s.t.Fatalf("make bucket: %v", err)
	}
}

// front gives the server, which listens on a socket in its folder, a port that
// stays its own: a free port chosen for another process may be taken by then.
type front struct {
	ln     net.Listener
	socket string
	wg     sync.WaitGroup

	mu    sync.Mutex // guards what follows
	conns map[net.Conn]bool
	shut  bool
}

func listen(t testing.TB, addr, socket string) *front {
	t.Helper()
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	f := &front{ln: ln, socket: socket, conns: map[net.Conn]bool{}}
	f.wg.Go(f.accept)
	return f
}

func (f *front) accept() {
	for {
		c, err := f.ln.Accept()
		if err != nil {
			return // closed
		}
		f.wg.Go(func() { f.serve(c) })
	}
}

// serve joins a connection to the server. Errors end it, as they would end one
// without us between.
func (f *front) serve(c net.Conn) {
	defer f.drop(c)
	if !f.keep(c) {
		return
	}
	up, err := net.Dial("unix", f.socket)
	if err != nil {
		return
	}
	defer f.drop(up)
	if !f.keep(up) {
		return
	}
	var wg sync.WaitGroup
	wg.Go(func() { pipe(up, c) })
	pipe(c, up)
	wg.Wait()
}

// pipe copies until an end, and passes it on.
func pipe(to, from net.Conn) {
	_, _ = io.Copy(to, from)
	if half, ok := to.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	}
}

func (f *front) keep(c net.Conn) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.shut {
		f.conns[c] = true
	}
	return !f.shut
}

func (f *front) drop(c net.Conn) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.conns, c)
	_ = c.Close()
}

func (f *front) close() {
	f.mu.Lock()
	f.shut = true
	_ = f.ln.Close() // a second time it is closed already
	for c := range f.conns {
		_ = c.Close()
	}
	f.mu.Unlock()
	f.wg.Wait()
}
