//go:build !linux

package vfs

import (
	"errors"
	"os"
)

type sys struct{}

func newFile(f *os.File) *file { return &file{f: f, fd: -1} }

func (f *file) Writev(bufs [][]byte) (int64, error) {
	var total int64
	for _, b := range bufs {
		n, err := f.f.Write(b)
		total += int64(n)
		if err != nil {
			return total, err
		}
	}
	return total, nil
}

func (f *file) Datasync() error { return f.f.Sync() }

func syncfs(*os.File) error { return errors.ErrUnsupported }

func statfs(*os.File) (free, total int64, err error) {
	return 0, 0, errors.ErrUnsupported
}
