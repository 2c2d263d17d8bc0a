package media

import (
	"crypto/rand"
	"encoding/base32"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// CameraID is our own opaque id of a camera: "c_" and 16 characters of
// [a-z2-7]. It is the only camera name that becomes part of a key or a path.
type CameraID string

// StreamID is "{camera}.{n}": n = 0 is the main stream, 1 the first
// sub-stream, 2 the second.
type StreamID string

// ErrBadID is returned by the parsers of ids in this package.
var ErrBadID = errors.New("malformed id")

var cameraIDForm = regexp.MustCompile(`^c_[a-z2-7]{16}$`)

// NewCameraID draws a random camera id (80 bits).
func NewCameraID() CameraID { return CameraID(NewID("c_")) }

// NewID draws an id: the prefix that says of what, and 16 characters of [a-z2-7],
// 80 bits.
func NewID(prefix string) string {
	var b [10]byte
	_, _ = rand.Read(b[:]) // crypto/rand.Read never fails (Go 1.24)
	return prefix + strings.ToLower(base32.StdEncoding.EncodeToString(b[:]))
}

// ParseCameraID checks the form of a camera id.
func ParseCameraID(s string) (CameraID, error) {
	if !cameraIDForm.MatchString(s) {
		return "", fmt.Errorf("camera id %q: %w", s, ErrBadID)
	}
	return CameraID(s), nil
}

// Stream returns the id of the camera's n-th stream (0 main, 1 sub, 2 sub2).
func (c CameraID) Stream(n int) StreamID {
	return StreamID(string(c) + "." + strconv.Itoa(n))
}

// ParseStreamID checks the form of a stream id.
func ParseStreamID(s string) (StreamID, error) {
	cam, n, ok := strings.Cut(s, ".")
	if !ok || len(n) != 1 || n[0] < '0' || n[0] > '2' {
		return "", fmt.Errorf("stream id %q: %w", s, ErrBadID)
	}
	if _, err := ParseCameraID(cam); err != nil {
		return "", fmt.Errorf("stream id %q: %w", s, ErrBadID)
	}
	return StreamID(s), nil
}

// Camera returns the camera the stream belongs to.
func (s StreamID) Camera() CameraID {
	cam, _, _ := strings.Cut(string(s), ".")
	return CameraID(cam)
}

// N returns the stream's number: 0 main, 1 sub, 2 sub2; -1 for a malformed id.
func (s StreamID) N() int {
	_, n, ok := strings.Cut(string(s), ".")
	if !ok {
		return -1
	}
	i, err := strconv.Atoi(n)
	if err != nil {
		return -1
	}
	return i
}

// Role returns "main", "sub" or "sub2".
func (s StreamID) Role() string {
	switch s.N() {
	case 0:
		return "main"
	case 1:
		return "sub"
	case 2:
		return "sub2"
	}
	return ""
}

// StreamN returns the number of a role name: main 0, sub 1, sub2 2.
func StreamN(role string) (int, bool) {
	switch role {
	case "", "main":
		return 0, true
	case "sub":
		return 1, true
	case "sub2":
		return 2, true
	}
	return 0, false
}
