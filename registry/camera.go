package registry

import (
	"cmp"

	"qianshao/registry/area"
	"qianshao/registry/place"
	"qianshao/registry/secret"
	"qianshao/storage/media"
	"qianshao/storage/timeline"
)

// Camera is one camera as the registry knows it.
type Camera struct {
	ID        media.CameraID `json:"id"`
	Carrier   string         `json:"carrier"`           // [a-z0-9._-]{1,32}
	DeviceID  string         `json:"carrier_device_id"` // [A-Za-z0-9._-]{1,64}, unique within the carrier
	Name      string         `json:"name"`
	Lifecycle Lifecycle      `json:"lifecycle"`
	// EnrolledAt is when it became active last, 0 if it never was; LeftAt is when it
	// stopped being so, 0 while it is.
	EnrolledAt timeline.Micros `json:"enrolled_at"`
	LeftAt     timeline.Micros `json:"left_at,omitempty"`
	// RetentionDays is 0 for the installation's default.
	RetentionDays int `json:"retention_days,omitempty"`
	// Division is where it stands, as a statistical code of 12 digits (county 6,
	// township 9, village 12); empty: not known.
	Division string `json:"division,omitempty"`
	// CommonName is what people call the point, Landmark what it stands near.
	CommonName string   `json:"common_name,omitempty"`
	Landmark   string   `json:"landmark,omitempty"`
	Dossier    Dossier  `json:"dossier"`
	Place      *Place   `json:"place,omitempty"` // nil: not known
	Streams    []Stream `json:"streams"`         // main first, without holes; never empty
}

// Spot is where it stands, as areas look at it.
func (c *Camera) Spot() area.Spot {
	s := area.Spot{Camera: c.ID, Ref: c.Ref(), Division: c.Division}
	if c.Place != nil {
		s.Lon, s.Lat, s.Placed = c.Place.Lon, c.Place.Lat, true
	}
	return s
}

// Place is where a camera stands and looks.
type Place struct {
	Lon     float64  `json:"lon"` // WGS-84 degrees, -180 to 180
	Lat     float64  `json:"lat"` // -90 to 90
	Azimuth *float64 `json:"azimuth_deg,omitempty"`
	FOV     *float64 `json:"fov_deg,omitempty"`
	Range   *float64 `json:"range_m,omitempty"`
	// System is the coordinate system the position was given in, and Raw the pair as
	// given; "" and nil for WGS-84.
	System place.System `json:"coord_system,omitempty"`
	Raw    *place.Point `json:"raw,omitempty"`
}

// placeColumns are a place in the database, as scan and values have them.
const placeColumns = "lon, lat, azimuth_deg, fov_deg, range_m, coord_system, raw_lon, raw_lat"

// scan is where a row of placeColumns goes; scanned must follow.
func (p *Place) scan(raw *[2]*float64) []any {
	return []any{&p.Lon, &p.Lat, &p.Azimuth, &p.FOV, &p.Range, &p.System, &raw[0], &raw[1]}
}

// scanned takes over what scan read.
func (p *Place) scanned(raw [2]*float64) {
	p.Raw = nil
	if p.System == place.WGS84 {
		p.System = ""
	} else if raw[0] != nil && raw[1] != nil {
		p.Raw = &place.Point{Lon: *raw[0], Lat: *raw[1]}
	}
}

// values are a place as a row of placeColumns.
func (p *Place) values() []any {
	var lon, lat *float64
	if p.Raw != nil {
		lon, lat = &p.Raw.Lon, &p.Raw.Lat
	}
	return []any{p.Lon, p.Lat, p.Azimuth, p.FOV, p.Range, string(cmp.Or(p.System, place.WGS84)), lon, lat}
}

func (p *Place) equal(o *Place) bool {
	if p == nil || o == nil {
		return p == o
	}
	return p.Lon == o.Lon && p.Lat == o.Lat && same(p.Azimuth, o.Azimuth) && same(p.FOV, o.FOV) && same(p.Range, o.Range) &&
		p.System == o.System && (p.Raw == o.Raw || p.Raw != nil && o.Raw != nil && *p.Raw == *o.Raw)
}

func same(a, b *float64) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}

// Transport is how media is fetched.
type Transport string

// Auto tries TCP, where that is refused UDP, and RTSP over HTTP last.
const (
	TCP  Transport = "tcp"
	UDP  Transport = "udp"
	HTTP Transport = "http" // RTSP over HTTP: interleaved in a GET and a POST
	Auto Transport = "auto" // the default
)

// Stream is one stream of a camera and how to reach it.
type Stream struct {
	ID media.StreamID `json:"id"`
	// URL has neither user name nor password; secret.Fill puts the password
	// where a maker wants it in the path. Empty: nothing to pull, or the camera
	// pushes.
	URL       string        `json:"url"`
	Username  string        `json:"username,omitempty"`
	Password  secret.Secret `json:"password"`
	Transport Transport     `json:"transport"`
	// Push is what verifies the key of a camera that publishes to us
	// (PushVerifier); zero: it is pulled.
	Push secret.Secret `json:"push,omitzero"`
	// TLSSHA256 pins the server's certificate (SHA-256 of the DER form, lower
	// case hex); empty: the system's roots decide.
	TLSSHA256 string `json:"tls_sha256,omitempty"`
	// Locked: the password, or Push, is sealed under a key that is lost; the
	// password must be imported again, or a new push key be issued.
	Locked bool `json:"locked,omitempty"`
}

func (s *Stream) equal(o *Stream) bool {
	return s.ID == o.ID && s.URL == o.URL && s.Username == o.Username && s.Password.Equal(o.Password) &&
		s.Push.Equal(o.Push) && s.Transport == o.Transport && s.TLSSHA256 == o.TLSSHA256 && s.Locked == o.Locked
}

func (c *Camera) equal(o *Camera) bool {
	if c.Name != o.Name || c.CommonName != o.CommonName || c.Landmark != o.Landmark || c.Lifecycle != o.Lifecycle || c.RetentionDays != o.RetentionDays || c.Division != o.Division ||
		!c.Dossier.equal(&o.Dossier) || !c.Place.equal(o.Place) || len(c.Streams) != len(o.Streams) {
		return false
	}
	for i := range c.Streams {
		if !c.Streams[i].equal(&o.Streams[i]) {
			return false
		}
	}
	return true
}

// Ref is carrier:device.
func (c *Camera) Ref() string { return c.Carrier + ":" + c.DeviceID }
