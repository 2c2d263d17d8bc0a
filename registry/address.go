package registry

import (
	"context"
	"database/sql"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// Address is where a carrier's camera is reached from now on.
type Address struct {
	DeviceID string
	Host     netip.Addr
	Port     int // 0: each stream keeps its own
}

// Readdress moves the streams of a carrier's cameras to other addresses, and answers for
// each in order: Changed, Unchanged or Rejected. Paths, user names and passwords stay. It
// is durable then; the supervisor follows. Whether a camera may stand there is asked by
// the caller. An error means that the addresses without an Outcome were not looked at.
func (r *Registry) Readdress(ctx context.Context, carrier string, list []Address) ([]Outcome, error) {
	out := make([]Outcome, 0, len(list))
	for part := range slices.Chunk(list, draftsAtOnce) {
		var done []Outcome
		err := r.write(ctx, func(tx *sql.Tx) (changed bool, err error) {
			done, changed, err = r.readdressPart(ctx, tx, carrier, part)
			return changed, err
		})
		if err != nil {
			return out, fmt.Errorf("change addresses: %w", err)
		}
		out = append(out, done...)
	}
	return out, nil
}

func (r *Registry) readdressPart(ctx context.Context, tx *sql.Tx, carrier string, list []Address) (out []Outcome, changed bool, err error) {
	w := writer{r: r, tx: tx, now: r.now()}
	defer w.close()
	devices := make([]string, len(list))
	for i := range list {
		devices[i] = list[i].DeviceID
	}
	there, err := r.byDevice(ctx, tx, carrier, devices)
	if err != nil {
		return nil, false, err
	}
	for i := range list {
		a := &list[i]
		o := Outcome{Carrier: carrier, DeviceID: a.DeviceID, Status: Unchanged}
		old, known := there[a.DeviceID]
		switch fe := fixed(&old, known); {
		case fe != nil:
			o.Status, o.Field, o.Code, o.Message = Rejected, fe.Field, fe.Code, fe.Message
		default:
			o.Camera = old.ID
			cam := old
			if cam.Streams = a.moved(old.Streams); slices.EqualFunc(cam.Streams, old.Streams, func(x, y Stream) bool { return x.URL == y.URL }) {
				break
			}
			if err := w.putStreams(ctx, &old, &cam); err != nil {
				return nil, false, err
			}
			o.Status, changed, there[a.DeviceID] = Changed, true, cam
		}
		out = append(out, o)
	}
	return out, changed, nil
}

// fixed says why a camera has no address that could change.
func fixed(c *Camera, known bool) *FieldError {
	const field = "carrier_device_id"
	switch {
	case !known:
		return &FieldError{field, CodeUnknownDevice, "the carrier has no such camera: correct the device id, or import the camera first"}
	case c.Lifecycle == Withdrawn:
		return &FieldError{field, CodeWithdrawn, "the household has withdrawn this camera: leave it out"}
	case c.Lifecycle == Decommissioned:
		return &FieldError{field, CodeDecommissioned, "the camera was taken down: leave it out, or import it again"}
	case !slices.ContainsFunc(c.Streams, func(s Stream) bool { return s.URL != "" }):
		return &FieldError{field, CodeNoAddress, "the camera has no address, or publishes by itself: import it with rtsp_url to be pulled"}
	}
	return nil
}

// moved are streams at another address; what publishes stays.
func (a *Address) moved(streams []Stream) []Stream {
	out := slices.Clone(streams)
	for i := range out {
		out[i].URL = moveURL(out[i].URL, a.Host, a.Port)
	}
	return out
}

// moveURL puts host and, unless it is 0, port into a URL as SplitURL makes it, and leaves
// all else as it is.
func moveURL(text string, host netip.Addr, port int) string {
	scheme, rest, ok := strings.Cut(text, "://")
	if !ok {
		return text
	}
	end := strings.IndexAny(rest, "/?")
	if end < 0 {
		end = len(rest)
	}
	authority, path := rest[:end], rest[end:]
	to := host.String()
	if host.Is6() {
		to = "[" + to + "]"
	}
	if port != 0 {
		to += ":" + strconv.Itoa(port)
	} else if at := strings.LastIndexByte(authority, ':'); at > strings.LastIndexByte(authority, ']') {
		to += authority[at:]
	}
	return scheme + "://" + to + path
}
