package vfs

import (
	"errors"
	"io"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// iovMax is the most buffers one writev takes (UIO_MAXIOV, linux/uio.h). More
// make several calls.
const iovMax = 1024

// sys is what a file keeps for its system calls.
type sys struct {
	left [][]byte // scratch of Writev, reused; holds no buffer between calls
}

func newFile(f *os.File) *file { return &file{f: f, fd: int(f.Fd())} }

// Writev relies on O_APPEND: each call lands at the file's end, so that what a
// short write left over follows what it wrote.
func (f *file) Writev(bufs [][]byte) (int64, error) {
	left := f.left[:0]
	for _, b := range bufs {
		if len(b) > 0 {
			left = append(left, b)
		}
	}
	f.left = left
	defer func() { clear(f.left[:cap(f.left)]) }()
	var total int64
	for len(left) > 0 {
		n, err := unix.Writev(f.fd, left[:min(len(left), iovMax)])
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return total, f.wrap("writev", err)
		}
		if n == 0 {
			return total, f.wrap("writev", io.ErrShortWrite)
		}
		total += int64(n)
		left = after(left, n)
	}
	runtime.KeepAlive(f.f)
	return total, nil
}

// after drops the first n bytes of bufs.
func after(bufs [][]byte, n int) [][]byte {
	for len(bufs) > 0 && n >= len(bufs[0]) {
		n -= len(bufs[0])
		bufs = bufs[1:]
	}
	if n > 0 {
		bufs[0] = bufs[0][n:]
	}
	return bufs
}

func (f *file) Datasync() error {
	for {
		err := unix.Fdatasync(f.fd)
		runtime.KeepAlive(f.f)
		switch {
		case errors.Is(err, unix.EINTR): // interrupted before it began
		case err != nil:
			return f.wrap("fdatasync", err)
		default:
			return nil
		}
	}
}

// syncfs makes the whole file system that f is on durable (syncfs(2)). It
// reports write errors since the last call on the same open file.
func syncfs(f *os.File) error {
	for {
		err := unix.Syncfs(int(f.Fd()))
		runtime.KeepAlive(f)
		if !errors.Is(err, unix.EINTR) {
			return os.NewSyscallError("syncfs", err)
		}
	}
}

// statfs counts in f_frsize units; Bavail leaves out the blocks kept for root.
func statfs(f *os.File) (free, total int64, err error) {
	var st unix.Statfs_t
	if err := unix.Fstatfs(int(f.Fd()), &st); err != nil {
		return 0, 0, os.NewSyscallError("fstatfs", err)
	}
	runtime.KeepAlive(f)
	unit := int64(st.Frsize) //nolint:unconvert // int32 on 32-bit machines
	if unit == 0 {
		unit = int64(st.Bsize) //nolint:unconvert // as above
	}
	return int64(st.Bavail) * unit, int64(st.Blocks) * unit, nil
}
