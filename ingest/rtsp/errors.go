package rtsp

import (
	"errors"
	"fmt"
	"net"
	"syscall"

	"github.com/bluenviron/gortsplib/v4/pkg/liberrors"

	"qianshao/storage/timeline"
)

// Errors of one attempt. Their causes say what a gap is called; Waits tells
// which of them only an edit of the camera can mend.
var (
	ErrAuth      = errors.New("the camera refused user name or password; edit the camera")
	ErrURL       = errors.New("the camera's URL cannot be used; edit the camera")
	ErrBusy      = errors.New("the camera has no free connection")
	ErrNoVideo   = errors.New("the camera offers no video that can be recorded (H.264, H.265 or MJPEG)")
	ErrNoFrame   = errors.New("the camera sent no picture")
	ErrStalled   = errors.New("the camera stopped sending pictures")
	ErrTransport = errors.New("the camera refused this transport; transport auto tries the others")
	ErrRedirects = errors.New("the camera redirects without end")
	ErrTooMuch   = errors.New("the camera sends more than is taken")
	ErrGarbage   = errors.New("the camera sends what is neither RTSP nor video; look at its address and port, or restart it")
	ErrNobody    = errors.New("the camera does not publish")
	ErrPin       = errors.New("the camera's certificate is not the pinned one; edit the camera")
)

// errHTTP is an ErrTransport that leaves one other to try.
var errHTTP = fmt.Errorf("the camera answers HTTP on this port; transport http speaks RTSP over it: %w", ErrTransport)

// StatusError is an RTSP answer other than 200.
type StatusError struct {
	Code    int
	Message string
}

func (e *StatusError) Error() string {
	return fmt.Sprintf("the camera answered %d %s", e.Code, e.Message)
}

// Waits reports whether trying again is pointless until the camera is edited.
func Waits(err error) bool {
	return errors.Is(err, ErrAuth) || errors.Is(err, ErrURL) || errors.Is(err, ErrPin)
}

// Cause names the gap that an attempt's end leaves.
func Cause(err error) timeline.Cause {
	var status *StatusError
	var op *net.OpError
	switch {
	case errors.Is(err, ErrAuth):
		return timeline.AuthFailed
	case errors.Is(err, ErrBusy):
		return timeline.CameraBusy
	case errors.Is(err, ErrStalled), errors.Is(err, ErrNoFrame):
		return timeline.Stalled
	case errors.Is(err, ErrNoVideo), errors.Is(err, ErrURL), errors.Is(err, ErrTransport),
		errors.Is(err, ErrRedirects), errors.Is(err, ErrPin), errors.Is(err, ErrTooMuch), errors.Is(err, ErrGarbage), errors.As(err, &status):
		return timeline.BadStream
	case errors.As(err, &op), errors.Is(err, syscall.ECONNRESET), errors.Is(err, errEOF):
		return timeline.CameraOffline
	}
	return timeline.CameraOffline
}

// explain turns the library's error into one of ours where callers branch.
func explain(err error, h *hooks) error {
	if err == nil {
		return nil
	}
	if h.refused() {
		return fmt.Errorf("%w: %w", ErrAuth, err)
	}
	var status liberrors.ErrClientBadStatusCode
	if errors.As(err, &status) {
		e := &StatusError{Code: int(status.Code), Message: status.Message}
		switch e.Code {
		case 401, 403:
			return fmt.Errorf("%w: %w", ErrAuth, e)
		case 453, 503:
			return fmt.Errorf("%w: %w", ErrBusy, e)
		case 461:
			return fmt.Errorf("%w: %w", ErrTransport, e)
		}
		return e
	}
	var udp liberrors.ErrClientServerRequestedUDP
	var tcp liberrors.ErrClientServerRequestedTCP
	var ports liberrors.ErrClientServerPortsNotProvided
	var silent liberrors.ErrClientUDPTimeout
	if errors.As(err, &udp) || errors.As(err, &tcp) || errors.As(err, &ports) || errors.As(err, &silent) {
		return fmt.Errorf("%w: %w", ErrTransport, err)
	}
	return err
}
