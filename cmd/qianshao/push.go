package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"qianshao/configs"
	"qianshao/ingest/rtsp"
	"qianshao/registry"
	"qianshao/registry/secret"
	"qianshao/storage/media"
)

// newPush prepares the server that cameras publish to; nil where it is off.
func newPush(cfg configs.Config, log *slog.Logger) (*rtsp.PushServer, error) {
	if cfg.Push.Listen == "" || !slices.Contains(cfg.Roles, "ingest") {
		return nil, nil
	}
	push := rtsp.PushConfig{Realm: registry.PushRealm, Log: log}
	if cfg.Push.TLSCert != "" {
		var err error
		if push.TLS, err = withCertificate(cfg.Push.TLSCert, cfg.Push.TLSKey); err != nil {
			return nil, fmt.Errorf("push.tls_cert: %w", err)
		}
	}
	return rtsp.NewPushServer(push), nil
}

// listenPush opens the address that cameras publish to; nil where it is off.
func listenPush(n *node) (net.Listener, error) {
	if n.push == nil {
		return nil, nil
	}
	l, err := net.Listen("tcp", n.cfg.Push.Listen)
	if err != nil {
		return nil, fmt.Errorf("push.listen: %w: stop what uses it (ss -ltnp shows it), or choose another", err)
	}
	n.pushing = l.Addr().String()
	return l, nil
}

// pushURL is where a camera publishes with a key. listening is the address that
// is listened on, which may have no host that means something elsewhere.
func pushURL(cfg configs.Push, listening string, id media.CameraID, key secret.Secret) string {
	host, port, _ := net.SplitHostPort(cmp.Or(listening, cfg.Listen))
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "SERVER"
	}
	if h, p, err := net.SplitHostPort(cfg.Address); err == nil {
		host, port = h, p
	} else if cfg.Address != "" {
		host = strings.Trim(cfg.Address, "[]")
	}
	u := url.URL{Scheme: "rtsp", Host: net.JoinHostPort(host, cmp.Or(port, "8554")), Path: "/push/" + string(id)}
	if cfg.TLSCert != "" {
		u.Scheme = "rtsps"
	}
	u.User = url.UserPassword(string(id), key.Reveal())
	return u.String()
}

// published answers the making of a push key.
type published struct {
	Camera   media.CameraID `json:"id"`
	Carrier  string         `json:"carrier"`
	DeviceID string         `json:"carrier_device_id"`
	URL      string         `json:"publish_url,omitempty"` // this once; empty: the camera kept its key
	Listens  bool           `json:"listens"`               // push.listen is set
}

// pushKey makes a camera one that publishes. keep: one that does so already
// keeps its key; without it only such a camera is given one.
func (c *control) pushKey(w http.ResponseWriter, r *http.Request) error {
	cam, err := c.resolve(r)
	if err != nil {
		return err
	}
	keep, err := strconv.ParseBool(cmp.Or(r.FormValue("keep"), "false"))
	if err != nil {
		return fault(http.StatusBadRequest, errors.New("keep: use true or false"))
	}
	if main := &cam.Streams[0]; !keep && main.URL != "" {
		ref := shortRef(cam.Carrier, cam.DeviceID)
		return fault(http.StatusConflict, fmt.Errorf("camera %s does not publish, it is pulled: qianshao camera add %s --push changes that", ref, ref))
	}
	key, err := c.d.reg.IssuePushKey(r.Context(), cam.ID, keep)
	if err != nil {
		return err
	}
	out := published{Camera: cam.ID, Carrier: cam.Carrier, DeviceID: cam.DeviceID, Listens: c.d.cfg.Push.Listen != ""}
	if !key.IsZero() {
		listening := ""
		if c.node != nil {
			listening = c.node.pushing
		}
		out.URL = pushURL(c.d.cfg.Push, listening, cam.ID, key)
	}
	return answer(w, out)
}

type cameraPushKeyCmd struct {
	folder
	Device string `arg:"" help:"Our id, CARRIER:DEVICE, or a device id that one carrier alone uses."`
	JSON   bool   `name:"json" help:"Print JSON."`
}

// Help is printed below the flags.
func (*cameraPushKeyCmd) Help() string {
	return `The key before is void from then on, and what is published with it ends. The URL is printed this once: only a hash of the key is kept.`
}

// Run issues a new key to a camera that publishes.
func (c *cameraPushKeyCmd) Run(e *env) error {
	return c.connected(e, func(conn *client) error {
		p, raw, err := issueKey(e.ctx, conn, c.Device, false)
		if err != nil {
			return err
		}
		if c.JSON {
			_, err := e.out.Write(raw)
			return err
		}
		_, err = fmt.Fprint(e.out, p.text())
		return err
	})
}

func issueKey(ctx context.Context, conn *client, ref string, keep bool) (p published, raw []byte, err error) {
	q := url.Values{"keep": {strconv.FormatBool(keep)}}
	raw, err = conn.call(ctx, "POST", "/control/v1/cameras/"+ref+"/push-key", q, nil, &p)
	return p, raw, err
}

// text tells where the camera publishes.
func (p *published) text() string {
	ref := shortRef(p.Carrier, p.DeviceID)
	text := fmt.Sprintf("%s publishes already and keeps its key: qianshao camera push-key %s issues another\n", ref, ref)
	if p.URL != "" {
		text = fmt.Sprintf("%s publishes to\n%s\nEnter it into the camera now: it is not shown again. qianshao camera push-key %s issues another.\n", ref, p.URL, ref)
	}
	if !p.Listens {
		text += "Nothing listens for it yet: set push.listen and start the server again.\n"
	}
	return text
}
