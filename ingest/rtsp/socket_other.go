//go:build !linux

package rtsp

import (
	"errors"
	"io"
	"os"
	"syscall"
)

const canSetMark = false

var (
	errDeadline = os.ErrDeadlineExceeded
	errEOF      = io.EOF
)

func readFD(int, []byte) (int, error) { return 0, errors.ErrUnsupported }

func setLowWater(syscall.RawConn, int) error { return errors.ErrUnsupported }
