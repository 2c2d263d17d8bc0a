package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"qianshao/registry"
	"qianshao/registry/register"
	"qianshao/storage/media"
)

// control answers the operator's commands. Its routes are reached through
// DATA/control.sock alone, never over TCP.
type control struct {
	d    *data
	node *node // nil: the folder was opened by the command itself
}

// routes are the control routes, over the API's own.
func (c *control) routes(api http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", api)
	mux.HandleFunc("GET /control/v1/status", returns(c.status))
	mux.HandleFunc("POST /control/v1/reload", c.registered("settings.reload", c.reload))
	mux.HandleFunc("POST /control/v1/import", returns(c.importList))
	mux.HandleFunc("GET /control/v1/cameras", returns(c.listCameras))
	mux.HandleFunc("POST /control/v1/cameras/{ref}/push-key", c.registered("camera.push-key", c.pushKey))
	mux.HandleFunc("DELETE /control/v1/cameras/{ref}", c.registered("camera.remove", c.removeCamera))
	mux.HandleFunc("POST /control/v1/check", returns(c.check))
	mux.HandleFunc("GET /control/v1/retention", returns(c.retentionStatus))
	mux.HandleFunc("POST /control/v1/retention/confirm", c.registered("retention.confirm", c.retentionConfirm))
	mux.HandleFunc("GET /control/v1/secret/lost", returns(c.lostSecrets))
	mux.HandleFunc("POST /control/v1/secret/forget", c.registered("secret.forget", c.forgetSecrets))
	mux.HandleFunc("POST /control/v1/secret/rotate", c.registered("secret.rotate", c.rotateSecret))
	mux.HandleFunc("POST /control/v1/safe-mode/end", c.registered("safe-mode.end", c.endSafeMode))
	mux.HandleFunc("GET /control/v1/places", returns(c.listPlaces))
	mux.HandleFunc("POST /control/v1/places", c.registered("places.import", c.importPlaces))
	c.householdRoutes(mux)
	c.accountRoutes(mux)
	return mux
}

// registered is returns for what changes something: the access register has it
// before it happens, and that it failed, if it did.
func (c *control) registered(act string, fn func(w http.ResponseWriter, r *http.Request) error) http.HandlerFunc {
	return returns(func(w http.ResponseWriter, r *http.Request) error {
		var cameras []media.CameraID
		if r.PathValue("ref") != "" {
			cam, err := c.resolve(r)
			if err != nil {
				return err
			}
			cameras = []media.CameraID{cam.ID}
		}
		return c.act(r, c.entry(act, "", cameras...), func() error { return fn(w, r) })
	})
}

// entry is what the access register has of a command, and with what it was given.
func (c *control) entry(act, what string, cameras ...media.CameraID) *register.Entry {
	return &register.Entry{Kind: register.Admin, Who: operator, Act: act, Note: register.Clean(what), Cameras: cameras}
}

// act writes into the access register what the operator is about to do, and does it.
func (c *control) act(r *http.Request, e *register.Entry, do func() error) error {
	return c.unwritten(c.d.book.Act(r.Context(), e, do))
}

// unwritten gives the error of a register that cannot be written its status.
func (c *control) unwritten(err error) error {
	if errors.Is(err, register.ErrUnwritten) {
		return fault(http.StatusServiceUnavailable, fmt.Errorf("%w: free disk space in %s", err, c.d.cfg.Data))
	}
	return err
}

// operator is who gives commands on this machine.
const operator = "operator"

// status is what a serving process says of itself.
type status struct {
	Version   string `json:"version"`
	PID       int    `json:"pid"`
	Serving   bool   `json:"serving"`
	Listen    string `json:"listen,omitempty"`
	Push      string `json:"push,omitempty"` // where cameras publish
	FileLimit uint64 `json:"file_limit"`
}

func (c *control) status(w http.ResponseWriter, _ *http.Request) error {
	s := status{Version: buildVersion(), PID: os.Getpid(), FileLimit: fileLimit()}
	if c.node != nil {
		s.Serving, s.Listen, s.Push = true, c.node.address, c.node.pushing
	}
	return answer(w, s)
}

// fileLimit is how many files this process may have open.
func fileLimit() uint64 {
	var l unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &l); err != nil {
		return 0
	}
	return l.Cur
}

func (c *control) reload(w http.ResponseWriter, r *http.Request) error {
	if c.node == nil || c.node.reload == nil {
		return fault(http.StatusConflict, errors.New("no server is running: the next start reads the settings anyway"))
	}
	report, err := c.node.reload()
	if err != nil {
		return fault(http.StatusUnprocessableEntity, err)
	}
	return answer(w, report)
}

// storeWait bounds how long a command waits for the store to confirm acts; they
// are kept and shipped later in any case.
const storeWait = 15 * time.Second

// listed is a camera and how it fares, as the operator may see it: with its
// addresses, without passwords.
type listed struct {
	ID            media.CameraID     `json:"id"`
	Carrier       string             `json:"carrier"`
	DeviceID      string             `json:"carrier_device_id"`
	Name          string             `json:"name"`
	Lifecycle     registry.Lifecycle `json:"lifecycle"`
	RetentionDays int                `json:"retention_days,omitempty"`
	Place         *registry.Place    `json:"place,omitempty"`
	Streams       []listedStream     `json:"streams"`
	State         registry.State     `json:"state"` // of the main stream
	Unconfirmed   bool               `json:"unconfirmed,omitempty"`
}

type listedStream struct {
	ID        media.StreamID     `json:"id"`
	URL       string             `json:"url"`
	Username  string             `json:"username,omitempty"`
	Transport registry.Transport `json:"transport"`
	TLSSHA256 string             `json:"tls_sha256,omitempty"`
	Push      bool               `json:"push,omitempty"`   // the camera publishes
	Locked    bool               `json:"locked,omitempty"` // the password must be imported again, or a push key be issued
}

func (c *control) list(cam registry.Camera) listed {
	l := listed{
		ID: cam.ID, Carrier: cam.Carrier, DeviceID: cam.DeviceID, Name: cam.Name, Lifecycle: cam.Lifecycle,
		RetentionDays: cam.RetentionDays, Place: cam.Place, State: c.d.reg.State(cam.Streams[0].ID),
	}
	for _, s := range cam.Streams {
		l.Streams = append(l.Streams, listedStream{s.ID, s.URL, s.Username, s.Transport, s.TLSSHA256, !s.Push.IsZero(), s.Locked})
	}
	return l
}

func (c *control) listCameras(w http.ResponseWriter, r *http.Request) error {
	page, err := c.d.reg.List(r.Context(), registry.Query{Q: r.FormValue("q"), State: r.FormValue("state")})
	if err != nil {
		return err
	}
	out := make([]listed, len(page.Items))
	for i, cam := range page.Items {
		out[i] = c.list(cam)
	}
	return answer(w, out)
}

// resolve finds the camera that a request names.
func (c *control) resolve(r *http.Request) (registry.Camera, error) {
	cam, err := c.d.reg.Resolve(r.Context(), r.PathValue("ref"))
	var many *registry.AmbiguousError
	switch {
	case errors.As(err, &many):
		err = fault(http.StatusConflict, err)
	case errors.Is(err, registry.ErrUnknown):
		err = fault(http.StatusNotFound, fmt.Errorf("there is no camera %s: qianshao camera list shows all", r.PathValue("ref")))
	}
	return cam, err
}

func (c *control) removeCamera(w http.ResponseWriter, r *http.Request) error {
	cam, err := c.resolve(r)
	if err != nil {
		return err
	}
	short, cancel := context.WithTimeout(r.Context(), storeWait)
	defer cancel()
	err = c.d.reg.Remove(short, cam.ID, "")
	unconfirmed := errors.Is(err, registry.ErrUnconfirmed)
	if err != nil && !unconfirmed {
		return err
	}
	if cam, err = c.d.reg.Get(r.Context(), cam.ID); err != nil {
		return err
	}
	out := c.list(cam)
	out.Unconfirmed = unconfirmed
	return answer(w, out)
}
