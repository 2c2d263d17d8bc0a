package timeline

import (
	"errors"
	"fmt"
	"slices"
)

// Cause says why there is no footage.
type Cause string

// The causes of a gap, highest priority first. Where several intervals lie
// over a gap, the first in this order is the one shown.
const (
	ConsentWithdrawn Cause = "consent_withdrawn"
	Expired          Cause = "expired"
	Paused           Cause = "paused"
	SpoolLost        Cause = "spool_lost"
	SpoolFull        Cause = "spool_full"
	NoCapacity       Cause = "no_capacity"
	NodeDown         Cause = "node_down"
	UploadPending    Cause = "upload_pending"
	ClockUncertain   Cause = "clock_uncertain"
	AuthFailed       Cause = "auth_failed"
	CameraBusy       Cause = "camera_busy"
	BadStream        Cause = "bad_stream"
	PacketLoss       Cause = "packet_loss"
	Stalled          Cause = "stalled"
	CameraOffline    Cause = "camera_offline"
	Unknown          Cause = "unknown" // a defect
)

// priorities lists all causes, highest priority first.
var priorities = [...]Cause{
	ConsentWithdrawn, Expired, Paused, SpoolLost, SpoolFull, NoCapacity, NodeDown, UploadPending,
	ClockUncertain, AuthFailed, CameraBusy, BadStream, PacketLoss, Stalled, CameraOffline, Unknown,
}

// ErrBadCause is returned by ParseCause.
var ErrBadCause = errors.New("no such cause")

// Causes returns all causes, highest priority first; Unknown is the last.
func Causes() []Cause { return slices.Clone(priorities[:]) }

// Priority is the cause's place in the order: 0 is the highest. A text that is
// no cause ranks as Unknown does, the lowest.
func (c Cause) Priority() int {
	for i, p := range priorities {
		if p == c {
			return i
		}
	}
	return len(priorities) - 1
}

// ParseCause checks that s is one of the causes.
func ParseCause(s string) (Cause, error) {
	if c := Cause(s); slices.Contains(priorities[:], c) {
		return c, nil
	}
	return "", fmt.Errorf("%q: %w", s, ErrBadCause)
}
