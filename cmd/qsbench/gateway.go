package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// The bucket of the S3 server beside the recorder. The keys guard nothing.
const (
	s3Bucket = "bench"
	s3Key    = "bench"
	s3Secret = "bench-secret"
)

// gateway is versitygw, an S3 server over a folder, in a process of its own.
type gateway struct {
	cmd      *exec.Cmd
	endpoint string
}

// startS3 starts the server on a free port of the loopback.
func startS3(ctx context.Context, dir string) (*gateway, error) {
	path, err := exec.LookPath("versitygw")
	if err != nil {
		path = filepath.Join(".cache", "bin", "versitygw") // where make deps puts it
	}
	for _, d := range []string{"meta", filepath.Join("data", s3Bucket)} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o700); err != nil {
			return nil, err
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	addr := l.Addr().String()
	if err := l.Close(); err != nil {
		return nil, err
	}
	g := &gateway{endpoint: "http://" + addr}
	g.cmd = exec.CommandContext(ctx, path, "--quiet", "--keep-alive", "--port", addr, "posix",
		"--sidecar", filepath.Join(dir, "meta"), filepath.Join(dir, "data"))
	g.cmd.Env = append(os.Environ(), "ROOT_ACCESS_KEY_ID="+s3Key, "ROOT_SECRET_ACCESS_KEY="+s3Secret)
	if err := g.cmd.Start(); err != nil {
		return nil, fmt.Errorf("the S3 server (make deps installs it): %w", err)
	}
	for range 100 {
		c, err := net.Dial("tcp", addr)
		if err == nil {
			return g, c.Close()
		}
		time.Sleep(100 * time.Millisecond)
	}
	g.stop()
	return nil, fmt.Errorf("the S3 server does not listen on %s", addr)
}

func (g *gateway) stop() {
	_ = g.cmd.Process.Signal(syscall.SIGTERM)
	_ = g.cmd.Wait()
}
