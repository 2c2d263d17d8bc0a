package onboard

import (
	"context"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"qianshao/registry"
	"qianshao/registry/dial"
	"qianshao/registry/place"
)

// Deps is what a list is held against.
type Deps struct {
	Registry *registry.Registry
	// Outlines are the borders of counties; others are passed over. Points of counties
	// without one are not looked at.
	Outlines []registry.SitePlace
	Dialer   *dial.Dialer     // says where a carrier's cameras may stand; nil: anywhere
	Now      func() time.Time // default: time.Now
	// ByHand asks no more of carriers' cameras than of local ones: an operator adds one on
	// the server itself.
	ByHand bool
}

// ruled reports whether the rules for carriers' cameras hold for a row.
func ruled(r *Row) bool {
	return r.Draft.Carrier != "" && r.Draft.Carrier != registry.DefaultCarrier
}

// Check holds a list against the rules and the registry, and gives an answer to each row,
// in order: Rejected with all that is wrong, or without a status. Cameras of carriers must
// stand in a village of the county they lie in, be reached in the carrier's networks and,
// new, have a consent. No two cameras may have a device, an address, a national id or a
// point in common. What is asked of a camera that is there already is asked of what the
// row makes of it.
func Check(ctx context.Context, d Deps, l *List) ([]Answer, error) {
	if d.Now == nil {
		d.Now = time.Now
	}
	before, err := camerasOf(ctx, d.Registry, l)
	if err != nil {
		return nil, err
	}
	marks, err := d.Registry.Marks(ctx)
	if err != nil {
		return nil, err
	}
	k := checker{deps: d, now: d.Now(), counties: newCounties(d.Outlines), villages: map[string]*Problem{}, list: l}
	rows := make([]judged, len(l.Rows))
	for i := range l.Rows {
		r := &l.Rows[i]
		rows[i] = judged{Answer: Answer{Row: r.Line, Carrier: r.Draft.Carrier, DeviceID: r.Draft.DeviceID, Problems: slices.Clone(r.Problems)}}
		if r.Draft.DeviceID != "" {
			old, ok := before[ref(&r.Draft)]
			if !ok {
				k.judge(&rows[i], r, nil)
			} else {
				k.judge(&rows[i], r, &old)
			}
		}
	}
	tell(rows, marks)
	k.warnOutlines()
	out := make([]Answer, len(rows))
	for i := range rows {
		if out[i] = rows[i].Answer; len(out[i].Problems) > 0 {
			out[i].Status = registry.Rejected
		}
	}
	return out, nil
}

func ref(d *registry.Draft) string { return d.Carrier + ":" + d.DeviceID }

// camerasOf are the cameras that a list is about and that are there, by carrier:device.
func camerasOf(ctx context.Context, reg *registry.Registry, l *List) (map[string]registry.Camera, error) {
	devices := map[string][]string{}
	for i := range l.Rows {
		if d := &l.Rows[i].Draft; d.DeviceID != "" {
			devices[d.Carrier] = append(devices[d.Carrier], d.DeviceID)
		}
	}
	out := map[string]registry.Camera{}
	for carrier, list := range devices {
		found, err := reg.ByDevice(ctx, carrier, list)
		if err != nil {
			return nil, err
		}
		for device, cam := range found {
			out[carrier+":"+device] = cam
		}
	}
	return out, nil
}

// judged is a row on the way to its answer, and what it makes of its camera.
type judged struct {
	Answer
	mark  *registry.Mark // nil: it does not say
	fresh bool           // there is no such camera yet
}

func (j *judged) add(p *Problem) {
	if p == nil {
		return
	}
	p.Row = j.Row
	if !slices.ContainsFunc(j.Problems, func(q Problem) bool { return q.Field == p.Field && p.Field != "" }) { // one for a cell
		j.Problems = append(j.Problems, *p)
	}
}

type checker struct {
	deps     Deps
	now      time.Time
	counties *counties
	villages map[string]*Problem // of codes that were looked at; nil: right
	list     *List
}

// judge looks at one row by itself.
func (k *checker) judge(j *judged, r *Row, old *registry.Camera) {
	cam, bad := r.Draft.Merge(old)
	for _, fe := range bad {
		j.add(ofField(fe))
	}
	if old != nil {
		j.Camera = old.ID
	}
	j.fresh = old == nil || old.Lifecycle == registry.Decommissioned || old.Lifecycle == registry.Withdrawn
	if !r.has(deviceColumn) && !r.has("carrier") { // else it is no camera's
		mark := registry.MarkOf(cam)
		j.mark = &mark
	}
	if old != nil && old.Lifecycle == registry.Withdrawn && r.Consent == (registry.ConsentDraft{}) {
		j.add(problem(deviceColumn, registry.CodeWithdrawn))
		return
	}
	free := k.deps.ByHand || !ruled(r)
	k.consent(j, r, !free && j.fresh)
	if free {
		return
	}
	if j.fresh && cam.Division == "" {
		j.add(problem("village_code", codeRequired))
	}
	if j.fresh && cam.Place == nil && !slices.ContainsFunc(bad, ofPlace) {
		j.add(problem("lon", codeRequired))
		j.add(problem("lat", codeRequired))
	}
	k.village(j, cam.Division)
	k.point(j, cam)
	for i, field := range []string{urlColumn, "sub_rtsp_url"} {
		if i < len(cam.Streams) {
			k.address(j, field, cam.Carrier, cam.Streams[i].URL)
		}
	}
}

// ofPlace reports whether it is the place that could not be read.
func ofPlace(fe *registry.FieldError) bool {
	return slices.Contains([]string{"lon", "lat", "coord_system", "azimuth_deg", "fov_deg", "range_m"}, fe.Field)
}

// consent is asked for every new camera of a carrier, and must be whole where it is given.
func (k *checker) consent(j *judged, r *Row, asked bool) {
	c := r.Consent
	if c.Signed.Time().After(k.now) {
		j.add(problem("consent_signed_at", codeFuture, c.Signed.Time().In(beijing).Format("2006-01-02 15:04")))
	}
	if !asked && c == (registry.ConsentDraft{}) {
		return
	}
	for _, cell := range []struct {
		field   string
		missing bool
	}{{"consent_id", c.Ref == ""}, {"consent_version", c.Version == ""}, {"consent_signed_at", c.Signed == 0}} {
		if cell.missing {
			j.add(problem(cell.field, codeConsentRequired))
		}
	}
}

// village checks that there is a village of this code.
func (k *checker) village(j *judged, code string) {
	if len(code) != 12 {
		return // its form was looked at
	}
	p, known := k.villages[code]
	if !known {
		switch d, ok := place.FindDivision(code); {
		case !ok:
			near := nearestVillages(code)
			p = problem("village_code", codeUnknownVillage, code, strings.Join(near, ", "))
		case d.Kind != place.Village:
			p = problem("village_code", codeNotAVillage, code, d.Short())
		}
		k.villages[code] = p
	}
	if p != nil {
		copied := *p
		j.add(&copied)
	}
}

// nearestVillages are the three villages whose codes differ least, as CODE name.
func nearestVillages(code string) []string {
	type near struct {
		text string
		d    int
	}
	var all []near
	for _, d := range place.Divisions() {
		if d.Kind != place.Village {
			continue
		}
		n := 0
		for i := range d.Code { // what comes first counts more
			if d.Code[i] != code[i] {
				n += 1000 + 12 - i
			}
		}
		all = append(all, near{d.Code + " " + place.FullName(d.Code), n})
	}
	slices.SortStableFunc(all, func(a, b near) int { return a.d - b.d })
	var out []string
	for _, n := range all[:min(3, len(all))] {
		out = append(out, n.text)
	}
	return out
}

// point checks that a camera stands in the county of its village.
func (k *checker) point(j *judged, cam *registry.Camera) {
	if cam.Place == nil {
		return
	}
	code := ""
	if len(cam.Division) == 12 {
		code = cam.Division[:6]
	}
	if d, ok := place.FindDivision(code); code != "" && ok && d.Kind == place.County {
		away, known := k.counties.away(code, cam.Place.Lon, cam.Place.Lat)
		switch {
		case !known || away <= tolerance:
			return
		case k.counties.anywhere(cam.Place.Lon, cam.Place.Lat):
			j.add(problem("lon", codeOutsideCounty, d.Short(), int(away)))
			return
		}
	} else if k.counties.anywhere(cam.Place.Lon, cam.Place.Lat) {
		return
	}
	if p := cam.Place; k.counties.anywhere(p.Lat, p.Lon) {
		j.add(problem("lon", registry.CodeSwapped))
		return
	}
	j.add(problem("lon", codeOutside))
}

// warnOutlines tells of counties whose points were not looked at.
func (k *checker) warnOutlines() {
	for _, code := range k.counties.missing() {
		k.list.warn(codeNoOutline, place.FullName(code))
	}
}

// address checks the scheme of a URL, and its host where that is an address: names are
// looked up when the camera is.
func (k *checker) address(j *judged, field, carrier, text string) {
	u, err := url.Parse(strings.ReplaceAll(text, "{password}", ""))
	if text == "" || err != nil {
		return
	}
	if u.Scheme != "rtsp" && u.Scheme != "rtsps" {
		j.add(problem(field, codeBadScheme))
		return
	}
	if addr, err := netip.ParseAddr(u.Hostname()); err == nil {
		j.add(within(k.deps.Dialer, field, carrier, addr))
	}
}

// within checks that a carrier's camera may stand at an address; d may be nil.
func within(d *dial.Dialer, field, carrier string, addr netip.Addr) *Problem {
	if d == nil || d.For(carrier).Check(addr) == nil {
		return nil
	}
	return problem(field, codeAddress, fmt.Sprint(addr))
}
