package onboard

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"qianshao/registry"
	"qianshao/storage/media"
	"qianshao/storage/timeline"
)

// Difference is a cell of a list that does not say what is here. Of addresses, user names
// and telephone numbers only that they differ is told.
type Difference struct {
	Field  string `json:"field" doc:"name of the column" example:"village_code"`
	Theirs string `json:"theirs,omitempty" doc:"what the list says" example:"522301103205"`
	Ours   string `json:"ours,omitempty" doc:"what is here" example:"522301103206"`
}

// Standing is a camera as the carrier's list has it, as it is here, and how it fares.
type Standing struct {
	Row         int                `json:"row,omitempty" doc:"of the list, from 1"`
	DeviceID    string             `json:"carrier_device_id,omitempty"`
	Camera      media.CameraID     `json:"id,omitempty"`
	Name        string             `json:"name,omitempty"`
	InTheirs    bool               `json:"in_theirs" doc:"it stands in the list"`
	InOurs      bool               `json:"in_ours" doc:"it is here, and neither withdrawn nor decommissioned"`
	Streaming   bool               `json:"streaming" doc:"its main stream is recorded now"`
	Lifecycle   registry.Lifecycle `json:"lifecycle,omitempty" enum:"imported,probing,pending_review,active,suspended,withdrawn,decommissioned"`
	State       registry.Phase     `json:"state,omitempty" doc:"of the main stream of an active camera" example:"streaming"`
	Since       *timeline.Micros   `json:"since,omitempty" format:"date-time" doc:"of state"`
	OfflineS    int64              `json:"offline_s,omitempty" doc:"seconds since it is not recorded, of an active camera" example:"86400"`
	SamePackage string             `json:"same_package,omitempty" doc:"of one that is in the list alone: the device that is here under its package account, perhaps exchanged" example:"DX-0001"`
	Differences []Difference       `json:"differences,omitempty"`
	Problems    []Problem          `json:"problems,omitempty" doc:"what could not be read of the row"`
}

// Tally counts Standings.
type Tally struct {
	Theirs     int `json:"theirs" doc:"in the list" example:"3000"`
	Ours       int `json:"ours" doc:"here" example:"2987"`
	Both       int `json:"both" example:"2970"`
	OnlyTheirs int `json:"only_theirs" doc:"in the list, not here" example:"30"`
	OnlyOurs   int `json:"only_ours" doc:"here, not in the list" example:"17"`
	Streaming  int `json:"streaming" doc:"here, and recorded now" example:"2714"`
	Offline    int `json:"offline" doc:"active, and not recorded now" example:"256"`
	Differing  int `json:"differing" doc:"in both, with differences" example:"41"`
	Unreadable int `json:"unreadable" doc:"rows that name no camera of the carrier" example:"3"`
}

// Reconciliation is the difference of a carrier's list, what is here, and what is recorded.
type Reconciliation struct {
	Carrier  string     `json:"carrier"`
	Tally    Tally      `json:"summary"`
	Items    []Standing `json:"items" doc:"the list in its order, then what is here alone"`
	Warnings []Warning  `json:"warnings,omitempty" doc:"about the file"`
}

// Reconcile holds a list against all cameras of its carrier, and state against both.
func Reconcile(l *List, carrier string, cameras []registry.Camera, state func(media.StreamID) registry.State, now timeline.Micros) *Reconciliation {
	out := &Reconciliation{Carrier: carrier, Items: []Standing{}, Warnings: l.Warnings}
	byDevice, byPackage := map[string]*registry.Camera{}, map[string]*registry.Camera{}
	for i := range cameras {
		c := &cameras[i]
		byDevice[c.DeviceID] = c
		if account := c.Dossier.PackageAccount; account != "" && here(c) {
			byPackage[account] = c
		}
	}
	theirs := map[string]bool{}
	for i := range l.Rows {
		r := &l.Rows[i]
		s := Standing{Row: r.Line, DeviceID: r.Draft.DeviceID, Problems: r.Problems}
		if r.Draft.DeviceID == "" || r.has(deviceColumn) || r.has("carrier") || r.Draft.Carrier != carrier {
			out.Tally.Unreadable++
			out.Items = append(out.Items, s)
			continue
		}
		theirs[s.DeviceID], s.InTheirs = true, true
		if c := byDevice[s.DeviceID]; c != nil {
			s.of(c, state, now)
			s.Differences = l.differences(r, c)
			s.Problems = r.Problems
		}
		if !s.InOurs {
			cam, _ := r.Draft.Merge(nil)
			s.Name = cmp.Or(s.Name, cam.Name)
			if c := byPackage[cam.Dossier.PackageAccount]; c != nil && c.DeviceID != s.DeviceID {
				s.SamePackage = c.DeviceID
			}
		}
		out.add(s)
	}
	for i := range cameras {
		if c := &cameras[i]; !theirs[c.DeviceID] && here(c) {
			s := Standing{DeviceID: c.DeviceID}
			s.of(c, state, now)
			out.add(s)
		}
	}
	return out
}

// here reports whether a camera still belongs to the network.
func here(c *registry.Camera) bool {
	return c.Lifecycle != registry.Withdrawn && c.Lifecycle != registry.Decommissioned
}

// of tells how a camera stands here.
func (s *Standing) of(c *registry.Camera, state func(media.StreamID) registry.State, now timeline.Micros) {
	s.Camera, s.Name, s.Lifecycle, s.InOurs = c.ID, c.Name, c.Lifecycle, here(c)
	if c.Lifecycle != registry.Active {
		return
	}
	st := state(c.ID.Stream(0))
	s.State, s.Streaming = st.Phase, st.Phase == registry.Streaming || st.Phase == registry.Degraded
	if st.Since == 0 {
		return
	}
	if s.Since = &st.Since; !s.Streaming {
		s.OfflineS = int64(max(0, now-st.Since) / timeline.Second)
	}
}

func (r *Reconciliation) add(s Standing) {
	r.Items = append(r.Items, s)
	t := &r.Tally
	for _, x := range []struct {
		n  *int
		is bool
	}{
		{&t.Theirs, s.InTheirs},
		{&t.Ours, s.InOurs},
		{&t.Both, s.InTheirs && s.InOurs},
		{&t.OnlyTheirs, s.InTheirs && !s.InOurs},
		{&t.OnlyOurs, s.InOurs && !s.InTheirs},
		{&t.Streaming, s.Streaming},
		{&t.Offline, s.Lifecycle == registry.Active && !s.Streaming},
		{&t.Differing, s.InTheirs && s.InOurs && len(s.Differences) > 0},
	} {
		if x.is {
			*x.n++
		}
	}
}

// differences are the columns of the list that would change the camera. What cannot be
// read is among the row's problems.
func (l *List) differences(r *Row, c *registry.Camera) (out []Difference) {
	d := r.Draft
	d.Begin = registry.Imported // a standing is none of a list's columns
	cam, bad := d.Merge(c)
	for _, fe := range bad {
		r.add(ofField(fe))
	}
	unplaced := slices.ContainsFunc(bad, ofPlace) // then none of a place is known
	for _, col := range l.columns {
		if col == nil || col.of == nil || r.has(col.name) || unplaced && ofPlace(&registry.FieldError{Field: col.name}) {
			continue
		}
		theirs, ours := col.of(cam), col.of(c)
		if theirs == ours {
			continue
		}
		x := Difference{Field: col.name}
		if col.kind != isSecret && col.name != "phone" {
			x.Theirs, x.Ours = theirs, ours
		}
		out = append(out, x)
	}
	return out
}

// StandingColumns are those of Reconciliation.Report.
var StandingColumns = []Column{
	{"row", "行"},
	{deviceColumn, "设备编号"},
	{"name", "点位名称"},
	{"in_theirs", "名单中"},
	{"in_ours", "平台中"},
	{"streaming", "正在录像"},
	{"lifecycle", "接入状态"},
	{"state", "视频状态"},
	{"since", "自"},
	{"offline_h", "离线小时"},
	{"same_package", "同套餐设备"},
	{"differences", "差异"},
	{"problems", "问题"},
}

// Report writes it as a table.
func (r *Reconciliation) Report(t *Report) error {
	for i := range r.Items {
		s := &r.Items[i]
		row, since, offline := "", "", ""
		if s.Row > 0 {
			row = strconv.Itoa(s.Row)
		}
		if s.Since != nil {
			since = s.Since.Time().In(beijing).Format("2006-01-02 15:04:05")
		}
		if s.OfflineS > 0 {
			offline = strconv.FormatFloat(float64(s.OfflineS)/3600, 'f', 1, 64)
		}
		var differ []string
		for _, d := range s.Differences {
			text := d.Field
			if d.Theirs != "" || d.Ours != "" {
				text += ": " + d.Theirs + " ≠ " + d.Ours
			}
			differ = append(differ, text)
		}
		wrong, _ := explained(&Answer{Problems: s.Problems})
		if err := t.Row(row, s.DeviceID, s.Name, yes(s.InTheirs), yes(s.InOurs), yes(s.Streaming), string(s.Lifecycle), string(s.State),
			since, offline, s.SamePackage, strings.Join(differ, "; "), wrong); err != nil {
			return err
		}
	}
	return t.Close()
}

func yes(b bool) string {
	if b {
		return "是"
	}
	return "否"
}
