package registry

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"qianshao/registry/label"
	"qianshao/registry/place"
	"qianshao/registry/secret"
	"qianshao/storage/media"
	"qianshao/storage/timeline"
)

// Field is a wish for one property: keep it (the zero value), set it, or clear
// it.
type Field[T any] struct {
	mode fieldMode
	v    T
}

type fieldMode uint8

const (
	keep fieldMode = iota
	set
	clearIt
)

// Set wishes for v.
func Set[T any](v T) Field[T] { return Field[T]{mode: set, v: v} }

// Clear wishes for the property's default, or for none.
func Clear[T any]() Field[T] { return Field[T]{mode: clearIt} }

// Format prints what is wished, not the value: it may be a URL with a password.
func (f Field[T]) Format(s fmt.State, _ rune) {
	_, _ = io.WriteString(s, [...]string{"keep", "set", "clear"}[f.mode]) // fmt.State has nowhere to report to
}

// apply changes p; cleared becomes T's zero value.
func (f Field[T]) apply(p *T) {
	switch f.mode {
	case set:
		*p = f.v
	case clearIt:
		var zero T
		*p = zero
	}
}

// applyPtr changes p; cleared becomes nil.
func (f Field[T]) applyPtr(p **T) {
	switch f.mode {
	case set:
		v := f.v
		*p = &v
	case clearIt:
		*p = nil
	}
}

// Draft is what a row of an import, or a command, wants a camera to be. The
// camera is found by (Carrier, DeviceID) and made if there is none.
//
// URLs may carry user name and password; they are split off. Username and
// Password, if given, win over those, and hold for all streams of the camera.
type Draft struct {
	Row      int    // of the file, for the Outcome; 0 when there is none
	Carrier  string // empty: "local"
	DeviceID string
	Actor    string // account behind the change, if any
	// Begin is what a camera becomes that is new or was decommissioned: Active, the
	// default, or Imported. Active also accepts one that is not yet so.
	Begin Lifecycle

	Name          Field[string]
	URL, SubURL   Field[string]
	Username      Field[string]
	Password      Field[secret.Secret]
	Transport     Field[Transport]
	TLSSHA256     Field[string]
	Lon, Lat      Field[float64] // in System
	System        Field[place.System]
	Azimuth       Field[float64]
	FOV           Field[float64]
	Range         Field[float64]
	RetentionDays Field[int]
	Division      Field[string]
	CommonName    Field[string]
	Landmark      Field[string]
	Texts         map[string]Field[string] // by the names of DossierTexts
	Phone         Field[secret.Secret]
	Height        Field[float64] // metres
	// ValidFrom is since when it stands and looks as the Draft says; 0: from now on.
	ValidFrom timeline.Micros
	Consent   *ConsentDraft // nil: what is in force stays
}

var (
	deviceForm   = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)
	carrierForm  = regexp.MustCompile(`^[a-z0-9._-]{1,32}$`)
	divisionForm = regexp.MustCompile(`^[0-9]{12}$`)
	pinForm      = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// DefaultCarrier is the carrier of cameras that name none.
const DefaultCarrier = "local"

// CheckRef checks carrier and device id.
func CheckRef(carrier, device string) error {
	if fe := checkRef(carrier, device); fe != nil {
		return fe
	}
	return nil
}

func checkRef(carrier, device string) *FieldError {
	if !carrierForm.MatchString(carrier) {
		return &FieldError{"carrier", CodeBadCarrier, fmt.Sprintf("%.40q is no carrier: use 1 to 32 of a-z 0-9 . _ -", carrier)}
	}
	if !deviceForm.MatchString(device) {
		return &FieldError{"carrier_device_id", CodeBadDevice, fmt.Sprintf("%.80q is no device id: use 1 to 64 of A-Z a-z 0-9 . _ -", device)}
	}
	if _, err := media.ParseCameraID(device); err == nil {
		return &FieldError{"carrier_device_id", CodeBadDevice, fmt.Sprintf("%q has the form of our own ids: use another", device)}
	}
	return nil
}

// Merge returns what old (nil: no camera yet) becomes by d, with everything that is wrong
// with it, field by field; then the camera is as far as it could be read.
func (d *Draft) Merge(old *Camera) (*Camera, []*FieldError) {
	begin := cmp.Or(d.Begin, Active)
	cam := &Camera{Carrier: d.Carrier, DeviceID: d.DeviceID, Lifecycle: begin}
	if old != nil {
		copied := *old
		cam = &copied
		switch old.Lifecycle {
		case Withdrawn: // and rejoins
			cam.Lifecycle = Imported
		case Decommissioned:
			cam.Lifecycle = begin
		case Imported, Probing, PendingReview:
			if begin == Active {
				cam.Lifecycle = Active
			}
		}
		cam.Streams = append([]Stream(nil), old.Streams...)
	} else {
		cam.ID = media.NewCameraID()
		cam.Streams = []Stream{{ID: cam.ID.Stream(0), Transport: Auto}}
	}
	var bad []*FieldError
	for _, step := range []func(*Camera) []*FieldError{d.applyName, d.applyStreams, d.applyPlace, d.applyDivision, d.applyRetention, d.applyDossier} {
		bad = append(bad, step(cam)...)
	}
	return cam, bad
}

// found is a list of what is wrong without what is not.
func found(list ...*FieldError) (bad []*FieldError) {
	for _, fe := range list {
		if fe != nil {
			bad = append(bad, fe)
		}
	}
	return bad
}

func (d *Draft) applyName(cam *Camera) (bad []*FieldError) {
	for _, f := range []struct {
		column string
		wish   Field[string]
		at     *string
	}{{"name", d.Name, &cam.Name}, {"common_name", d.CommonName, &cam.CommonName}, {"landmark", d.Landmark, &cam.Landmark}} {
		f.wish.apply(f.at)
		*f.at = strings.TrimSpace(*f.at)
		if f.wish.mode == set && label.Check(*f.at, label.Name) != nil { // one of before stays
			bad = append(bad, &FieldError{f.column, CodeBadName, badName})
		}
	}
	return bad
}

const badName = "use at most 128 characters of UTF-8 on one line, without control characters"

func (d *Draft) applyStreams(cam *Camera) []*FieldError {
	bad := found(putURL(&cam.Streams[0], d.URL, "rtsp_url"))
	switch d.SubURL.mode {
	case clearIt:
		cam.Streams = cam.Streams[:1]
	case set:
		if len(cam.Streams) == 1 {
			sub := cam.Streams[0] // same account and transport, unless told otherwise
			sub.ID, sub.URL, sub.Push = cam.ID.Stream(1), "", secret.Secret{}
			cam.Streams = append(cam.Streams, sub)
		}
		bad = append(bad, found(putURL(&cam.Streams[1], d.SubURL, "sub_rtsp_url"))...)
	}
	for i := range cam.Streams {
		s := &cam.Streams[i]
		d.Username.apply(&s.Username)
		if d.Password.mode != keep {
			d.Password.apply(&s.Password)
			s.Locked = false
		}
		d.Transport.apply(&s.Transport)
		d.TLSSHA256.apply(&s.TLSSHA256)
		for _, fe := range s.check() {
			if !slices.ContainsFunc(bad, func(b *FieldError) bool { return *b == *fe }) { // both streams have it
				bad = append(bad, fe)
			}
		}
	}
	return bad
}

// putURL puts a URL into a stream; userinfo in it replaces what the stream has.
func putURL(s *Stream, f Field[string], column string) *FieldError {
	if f.mode != set {
		f.apply(&s.URL)
		return nil
	}
	t, err := secret.SplitURL(strings.TrimSpace(f.v))
	if err != nil {
		return &FieldError{column, CodeBadURL, err.Error()}
	}
	s.URL, s.Push = t.URL, secret.Secret{} // it is pulled from now on
	if t.Username != "" {
		s.Username = t.Username
	}
	if !t.Password.IsZero() {
		s.Password, s.Locked = t.Password, false
	}
	return nil
}

// check normalises and checks what came from the Draft.
func (s *Stream) check() (bad []*FieldError) {
	if s.Transport == "" {
		s.Transport = Auto
	}
	wrong := func(field, code, message string) { bad = append(bad, &FieldError{field, code, message}) }
	switch s.Transport {
	case TCP, UDP, HTTP, Auto:
		if scheme, _, _ := strings.Cut(s.URL, "://"); strings.HasSuffix(scheme, "+http") && s.Transport != HTTP && s.Transport != Auto {
			wrong("transport", CodeBadTransport, fmt.Sprintf("a URL of %s needs transport http or auto", scheme))
		}
	default:
		wrong("transport", CodeBadTransport, fmt.Sprintf("%.20q is no transport: use tcp, udp, http or auto", string(s.Transport)))
	}
	s.TLSSHA256 = strings.ToLower(strings.ReplaceAll(s.TLSSHA256, ":", ""))
	if s.TLSSHA256 != "" && !pinForm.MatchString(s.TLSSHA256) {
		wrong("tls_sha256", CodeBadPin, "give the SHA-256 of the certificate, 64 hex digits")
	}
	if len(s.Username) > 256 || strings.ContainsFunc(s.Username, unicode.IsControl) {
		wrong("username", CodeBadText, "use at most 256 characters on one line")
	}
	if p := s.Password.Reveal(); len(p) > 256 || strings.ContainsFunc(p, unicode.IsControl) {
		wrong("password", CodeBadText, "use at most 256 characters on one line")
	}
	return bad
}

func (d *Draft) applyPlace(cam *Camera) []*FieldError {
	var lon, lat *float64
	p := Place{}
	if cam.Place != nil {
		p = *cam.Place
		given := place.Point{Lon: p.Lon, Lat: p.Lat}
		if p.Raw != nil {
			given = *p.Raw
		}
		lon, lat = &given.Lon, &given.Lat
	}
	d.System.apply(&p.System)
	d.Lon.applyPtr(&lon)
	d.Lat.applyPtr(&lat)
	switch {
	case lon == nil && lat == nil:
		// Without a position a direction means nothing: it goes too.
		if d.Azimuth.mode == set || d.FOV.mode == set || d.Range.mode == set {
			return []*FieldError{{"lon", CodeHalfPlace, "azimuth_deg, fov_deg and range_m need lon and lat: give them too"}}
		}
		cam.Place = nil
		return nil
	case lon == nil:
		return []*FieldError{{"lon", CodeHalfPlace, "lat is there and lon is not: give both, or - for both"}}
	case lat == nil:
		return []*FieldError{{"lat", CodeHalfPlace, "lon is there and lat is not: give both, or - for both"}}
	}
	bad := found(p.stand(place.Point{Lon: *lon, Lat: *lat}))
	d.Azimuth.applyPtr(&p.Azimuth)
	d.FOV.applyPtr(&p.FOV)
	d.Range.applyPtr(&p.Range)
	for _, c := range []struct {
		field    string
		v        *float64
		min, max float64
	}{
		{"azimuth_deg", p.Azimuth, 0, 360},
		{"fov_deg", p.FOV, 0, 360},
		{"range_m", p.Range, 0, 10_000},
	} {
		if c.v != nil {
			bad = append(bad, found(inRange(c.field, *c.v, c.min, c.max))...)
		}
	}
	if p.Azimuth != nil && *p.Azimuth == 360 {
		p.Azimuth = new(float64)
	}
	if cam.Place = &p; bad != nil {
		cam.Place = nil
	}
	return bad
}

// movedAt checks since when a place holds: not from the far future, and not before the
// place that is in force.
func (w *writer) movedAt(ctx context.Context, cam *Camera, at timeline.Micros) error {
	const field = "valid_from"
	if at > w.now+timeline.Day {
		return &FieldError{field, CodeOutOfRange, "it lies in the future: give the day on which the camera was moved"}
	}
	s, err := w.prepared(ctx, `SELECT coalesce(max(valid_from), 0) FROM camera_places WHERE camera = ?`)
	if err != nil {
		return err
	}
	var last timeline.Micros
	if err := s.QueryRowContext(ctx, string(cam.ID)).Scan(&last); err != nil {
		return err
	}
	if at < last {
		return &FieldError{field, CodeOutOfRange, "the camera was moved after that already: give a later day"}
	}
	return nil
}

// stand takes over a position as it was given, in p.System.
func (p *Place) stand(given place.Point) *FieldError {
	if math.Abs(given.Lat) > 90 && math.Abs(given.Lon) <= 90 && math.Abs(given.Lat) <= 180 {
		return &FieldError{"lat", CodeSwapped, fmt.Sprintf("%s is no latitude: lon and lat seem to be swapped, exchange them", number(given.Lat))}
	}
	if fe := inRange("lon", given.Lon, -180, 180); fe != nil {
		return fe
	}
	if fe := inRange("lat", given.Lat, -90, 90); fe != nil {
		return fe
	}
	p.Lon, p.Lat, p.Raw = given.Lon, given.Lat, nil
	if p.System != "" {
		system, err := place.ParseSystem(string(p.System))
		if err != nil {
			return &FieldError{"coord_system", CodeBadText, err.Error()}
		}
		if p.System = system; system == place.WGS84 {
			p.System = ""
			return nil
		}
		at := system.ToWGS84(given)
		p.Lon, p.Lat, p.Raw = at.Lon, at.Lat, &given
	}
	return nil
}

// inRange checks a number; NaN is in none.
func inRange(field string, v, low, high float64) *FieldError {
	if low <= v && v <= high {
		return nil
	}
	return &FieldError{field, CodeOutOfRange, fmt.Sprintf("%s is out of range: use %s to %s", number(v), number(low), number(high))}
}

func number(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

func (d *Draft) applyDivision(cam *Camera) []*FieldError {
	d.Division.apply(&cam.Division)
	if cam.Division != "" && !divisionForm.MatchString(cam.Division) {
		return []*FieldError{{"village_code", CodeBadText, fmt.Sprintf("%.40q is no division code: use its 12 digits, written as text", cam.Division)}}
	}
	return nil
}

// maxRetentionDays is ten years: more is a typing mistake.
const maxRetentionDays = 3650

// within says whether the retention that a draft wishes for is one that the
// installation has.
func (d *Draft) within(most int) *FieldError {
	if d.RetentionDays.mode != set || d.RetentionDays.v <= most {
		return nil
	}
	return &FieldError{
		"retention_days", CodeOutOfRange,
		fmt.Sprintf("%d is longer than the access register is kept: use 1 to %d, or - for the default, or lengthen register.days in the settings", d.RetentionDays.v, most),
	}
}

func (d *Draft) applyRetention(cam *Camera) []*FieldError {
	d.RetentionDays.apply(&cam.RetentionDays)
	if cam.RetentionDays < 0 || cam.RetentionDays > maxRetentionDays {
		return []*FieldError{{
			"retention_days", CodeOutOfRange,
			fmt.Sprintf("%d is out of range: use 1 to %d, or - for the default", cam.RetentionDays, maxRetentionDays),
		}}
	}
	return nil
}
