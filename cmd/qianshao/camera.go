package main

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"qianshao/registry"
	"qianshao/registry/onboard"
)

type cameraCmd struct {
	List   cameraListCmd    `cmd:"" help:"List the cameras and how they fare."`
	Add    cameraAddCmd     `cmd:"" help:"Add a camera, or change one."`
	Key    cameraPushKeyCmd `cmd:"" name:"push-key" help:"Issue a new key to a camera that publishes."`
	Remove cameraRemoveCmd  `cmd:"" help:"Stop recording a camera; its footage stays to its retention."`

	Move     cameraMoveCmd     `cmd:"" help:"Suspend a camera, let it record again, and the like."`
	Pause    cameraPauseCmd    `cmd:"" help:"A time without recording, because the household wants it so."`
	Resume   cameraResumeCmd   `cmd:"" help:"End a camera's pauses."`
	Withdraw cameraWithdrawCmd `cmd:"" help:"The household leaves: stop, hide and delete its footage."`
	Life     cameraLifeCmd     `cmd:"" help:"A camera over time: its standing, consents, pauses, receipts."`

	Reconcile cameraReconcileCmd `cmd:"" help:"Hold a carrier's own list against what is here and what is recorded."`
}

type cameraListCmd struct {
	folder
	State string `placeholder:"STATE" help:"Only these: streaming, connecting, awaiting, stalled, waiting, …, removed, all."`
	Q     string `name:"q" placeholder:"TEXT" help:"Only those whose name or device id has this in it."`
	JSON  bool   `name:"json" help:"Print JSON."`
}

// Run prints a line a camera.
func (c *cameraListCmd) Run(e *env) error {
	return c.connected(e, func(conn *client) error { return c.print(e, conn) })
}

func (c *cameraListCmd) print(e *env, conn *client) error {
	var list []listed
	raw, err := conn.call(e.ctx, "GET", "/control/v1/cameras", url.Values{"state": {c.State}, "q": {c.Q}}, nil, &list)
	if err != nil {
		return err
	}
	if c.JSON {
		_, err := e.out.Write(raw)
		return err
	}
	if len(list) == 0 {
		_, err := fmt.Fprintln(e.out, "no cameras: qianshao camera add DEVICE URL, or qianshao import FILE.csv")
		return err
	}
	t := table{head: []string{"DEVICE", "STATE", "CODEC", "FPS", "KBIT/S", "URL", "NAME", "LAST ERROR"}}
	for _, cam := range list {
		s := cam.State
		phase := string(s.Phase)
		switch {
		case cam.Lifecycle != registry.Active:
			phase = string(cam.Lifecycle)
		case !conn.alive:
			phase = "no server"
		}
		fps, kbit := "", ""
		if s.FPS > 0 {
			fps, kbit = strconv.FormatFloat(s.FPS, 'f', 1, 64), strconv.FormatInt(s.Bitrate/1000, 10)
		}
		t.add(shortRef(cam.Carrier, cam.DeviceID), phase, s.Codec, fps, kbit, cam.source(), cam.Name, cmp.Or(s.Why, s.LastError))
	}
	return t.write(e.out)
}

// source is where the camera's pictures come from.
func (l *listed) source() string {
	if s := l.Streams[0]; !s.Push {
		return s.URL
	}
	return "publishes to /push/" + string(l.ID)
}

// shortRef leaves the default carrier out.
func shortRef(carrier, device string) string {
	if carrier == registry.DefaultCarrier {
		return device
	}
	return carrier + ":" + device
}

type cameraAddCmd struct {
	folder
	Device    string `arg:"" help:"Device id ([A-Za-z0-9._-]), or CARRIER:DEVICE."`
	URL       string `arg:"" optional:"" help:"rtsp:// or rtsps:// address; with +http (rtsp+http://) for RTSP over HTTP. User name and password in it are kept apart, sealed."`
	Name      string `help:"What people call it."`
	Sub       string `name:"sub-url" placeholder:"URL" help:"Address of the sub-stream."`
	Username  string `help:"User name."`
	Password  bool   `name:"password-stdin" help:"Read the password from standard input."`
	Transport string `placeholder:"tcp|udp|http|auto" help:"How media is fetched. Default: auto (tcp, then udp, then http)."`
	TLS       string `name:"tls-sha256" placeholder:"HEX" help:"SHA-256 of the camera's certificate, to pin it."`
	Lon       string `placeholder:"DEG" help:"Longitude in degrees."`
	Lat       string `placeholder:"DEG" help:"Latitude, WGS-84."`
	System    string `name:"coord-system" placeholder:"SYSTEM" help:"Of longitude and latitude: WGS84 (default), GCJ02 or BD09."`
	Days      string `name:"retention-days" placeholder:"N" help:"How long its footage is kept."`
	Push      bool   `help:"The camera publishes to us: print the URL for that, once."`
	JSON      bool   `name:"json" help:"Print JSON."`
}

// Help is printed below the flags.
func (*cameraAddCmd) Help() string {
	return `What is not given keeps its value; - clears it. A running server records the camera within seconds.

A camera behind NAT publishes by itself, where push.listen is set: --push prints its URL with a key, which is not shown again.

Example:
  qianshao camera add GATE rtsp://admin:secret@192.168.1.64:554/stream1 --name "North gate"`
}

// Run adds a camera as an import of one row does.
func (c *cameraAddCmd) Run(e *env) error {
	if c.Push && c.URL != "" {
		return errors.New("a camera is pulled from a URL or publishes: leave out URL or --push")
	}
	cfg, err := c.load(e, nil)
	if err != nil {
		return err
	}
	row, err := c.row(e)
	if err != nil {
		return err
	}
	conn, err := connect(e, cfg)
	if err != nil {
		return err
	}
	return errors.Join(c.add(e, conn, row), conn.close())
}

// row is the camera as a list of one.
func (c *cameraAddCmd) row(e *env) ([]byte, error) {
	carrier, device, ok := strings.Cut(c.Device, ":")
	if !ok {
		carrier, device = "", c.Device
	}
	password := ""
	if c.Password {
		line, err := bufio.NewReader(e.in).ReadString('\n')
		if password = strings.TrimRight(line, "\r\n"); password == "" {
			return nil, errors.Join(errors.New("no password on standard input"), err)
		}
	}
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	err := w.WriteAll([][]string{
		{"carrier", "carrier_device_id", "rtsp_url", "name", "sub_rtsp_url", "username", "password", "transport", "tls_sha256", "lon", "lat", "coord_system", "retention_days"},
		{carrier, device, c.URL, c.Name, c.Sub, c.Username, password, c.Transport, c.TLS, c.Lon, c.Lat, c.System, c.Days},
	})
	return b.Bytes(), err
}

func (c *cameraAddCmd) add(e *env, conn *client, row []byte) error {
	var done imported
	if _, err := conn.call(e.ctx, "POST", "/control/v1/import", url.Values{"accept": {"true"}, "by_hand": {"true"}}, row, &done); err != nil {
		return err
	}
	if len(done.Outcomes) != 1 {
		return fmt.Errorf("%d answers to one camera", len(done.Outcomes))
	}
	o := done.Outcomes[0]
	if o.Status == registry.Rejected {
		return fmt.Errorf("camera %s: %s", c.Device, problemsText(o.Problems))
	}
	var push published
	if c.Push {
		var err error
		if push, _, err = issueKey(e.ctx, conn, string(o.Camera), true); err != nil {
			return err
		}
	}
	if c.JSON {
		return printJSON(e.out, struct {
			onboard.Answer
			PublishURL string `json:"publish_url,omitempty"`
		}{o, push.URL})
	}
	text := ""
	if c.Push {
		text = push.text()
	}
	_, err := fmt.Fprintf(e.out, "%s %s (%s)\n%s%s", o.Status, shortRef(o.Carrier, o.DeviceID), o.Camera, text, done.after(conn))
	return err
}

type cameraRemoveCmd struct {
	folder
	Device string `arg:"" help:"Our id, CARRIER:DEVICE, or a device id that one carrier alone uses."`
	JSON   bool   `name:"json" help:"Print JSON."`
}

// Run stops the recording of a camera.
func (c *cameraRemoveCmd) Run(e *env) error {
	return c.connected(e, func(conn *client) error { return c.remove(e, conn) })
}

func (c *cameraRemoveCmd) remove(e *env, conn *client) error {
	var cam listed
	raw, err := conn.call(e.ctx, "DELETE", "/control/v1/cameras/"+c.Device, nil, nil, &cam)
	if err != nil {
		return err
	}
	if c.JSON {
		_, err := e.out.Write(raw)
		return err
	}
	_, err = fmt.Fprintf(e.out, "removed %s (%s): it is not recorded any more, its footage stays to the end of its retention\n",
		shortRef(cam.Carrier, cam.DeviceID), cam.ID)
	return err
}
