// Package access is the one gate in front of every byte of footage and every
// change of a camera. Every handler asks Authorize before it does anything; who
// may do what is decided here and nowhere else.
//
// There are no accounts yet: every request is allowed, and the server listens
// on loopback only. The signature is the final one.
package access

import (
	"context"
	"errors"
	"fmt"

	"qianshao/storage/media"
	"qianshao/storage/timeline"
)

// ErrForbidden is wrapped by Authorize when the subject may not.
var ErrForbidden = errors.New("not allowed")

// Action is what a request wants to do.
type Action string

// The actions. Those of footage need a camera and a span.
const (
	ListCameras  Action = "camera.list"
	ReadCamera   Action = "camera.read"
	EditCamera   Action = "camera.edit"
	AddCameras   Action = "camera.add" // one or an import of many
	ReadTimeline Action = "timeline.read"
	FindFootage  Action = "footage.find"
	ReadFootage  Action = "footage.read" // clips, playback, playlists
	ReadPicture  Action = "picture.read"
	WatchLive    Action = "live.watch"
	ReadRegister Action = "register.read"
	Operate      Action = "system.operate" // metrics, retention, checks
)

// Shows reports whether an action lets somebody see footage: it is registered
// before the first byte.
func (a Action) Shows() bool {
	switch a {
	case FindFootage, ReadFootage, ReadPicture, WatchLive:
		return true
	}
	return false
}

// Subject is who asks: an account, or the machine's own operator.
type Subject struct {
	ID    string // "operator" on the control socket and the command line; empty without accounts
	Roles []string
}

// Request is one question to the gate.
type Request struct {
	Subject Subject
	Action  Action
	Camera  media.CameraID // empty for actions on no single camera
	Span    timeline.Span  // of the footage asked for; zero for other actions
	Purpose string         // case class or reason, as the caller gave it
	Viewing string         // id of the viewing this belongs to (parameter viewing=)
}

// Authorizer decides. Handlers hold one; there is one implementation, New.
type Authorizer struct{}

// New makes the gate.
func New() *Authorizer { return &Authorizer{} }

// Authorize returns nil if the request may go on, else an error that wraps
// ErrForbidden. A request that names no action, or asks for footage without
// saying of which camera, is a mistake of ours and is refused.
func (*Authorizer) Authorize(ctx context.Context, r Request) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	switch r.Action {
	case ListCameras, AddCameras, FindFootage, ReadRegister, Operate:
		return nil
	case ReadCamera, EditCamera, ReadTimeline, ReadFootage, ReadPicture, WatchLive:
		if r.Camera == "" {
			return fmt.Errorf("%s without a camera: %w", r.Action, ErrForbidden)
		}
		return nil
	}
	return fmt.Errorf("action %q: %w", r.Action, ErrForbidden)
}
