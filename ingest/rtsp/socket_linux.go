package rtsp

import (
	"io"
	"os"
	"syscall"
)

// canSetMark: SO_RCVLOWAT wakes a reader only when that much has arrived
// (socket(7); honoured by epoll since Linux 2.6.28).
const canSetMark = true

var (
	errDeadline = os.ErrDeadlineExceeded
	errEOF      = io.EOF
)

func readFD(fd int, b []byte) (int, error) {
	for {
		n, err := syscall.Read(fd, b)
		if err == syscall.EINTR {
			continue
		}
		return n, err
	}
}

func setLowWater(rc syscall.RawConn, n int) error {
	var fail error
	err := rc.Control(func(fd uintptr) {
		fail = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVLOWAT, n)
	})
	if err != nil {
		return err
	}
	return fail
}
