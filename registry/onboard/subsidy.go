package onboard

import (
	"fmt"
	"strconv"
	"time"

	"qianshao/registry"
	"qianshao/storage/media"
	"qianshao/storage/timeline"
)

// Month is a month in Beijing time.
type Month struct{ first time.Time }

// ParseMonth reads one like 2026-11.
func ParseMonth(text string) (Month, error) {
	t, err := time.ParseInLocation("2006-01", text, beijing)
	if err != nil || t.Year() < 2000 || t.Year() > 2100 {
		return Month{}, fmt.Errorf("%.20q is no month: write it like 2026-11", text)
	}
	return Month{t}, nil
}

func (m Month) String() string { return m.first.Format("2006-01") }

// Span is all of the month.
func (m Month) Span() timeline.Span {
	return timeline.Span{From: timeline.FromTime(m.first), To: timeline.FromTime(m.first.AddDate(0, 1, 0))}
}

// Days are those of the month that are over by now.
func (m Month) Days(now timeline.Micros) (out []timeline.Span) {
	for at := m.first; at.Month() == m.first.Month(); at = at.AddDate(0, 0, 1) {
		if day := (timeline.Span{From: timeline.FromTime(at), To: timeline.FromTime(at.AddDate(0, 0, 1))}); day.To <= now {
			out = append(out, day)
		}
	}
	return out
}

// Subsidy is what a household's camera has earned in a month.
type Subsidy struct {
	Carrier    string             `json:"carrier"`
	DeviceID   string             `json:"carrier_device_id"`
	Camera     media.CameraID     `json:"id"`
	Name       string             `json:"name"`
	Household  string             `json:"household_ref,omitempty"`
	Account    string             `json:"package_account,omitempty"`
	Lifecycle  registry.Lifecycle `json:"lifecycle"`
	DueDays    int                `json:"due_days"`
	OnlineDays int                `json:"online_days"`
	Enough     bool               `json:"enough"`
}

// SubsidyOf counts a camera's days. A day is due when the camera was to be recorded for at
// least as much of it as makes it an online one; it is online when so much was recorded.
func SubsidyOf(c *registry.Camera, days, enrolled, recorded []timeline.Span, least timeline.Micros, minDays int) Subsidy {
	s := Subsidy{
		Carrier: c.Carrier, DeviceID: c.DeviceID, Camera: c.ID, Name: c.Name, Household: c.Dossier.Household, Account: c.Dossier.PackageAccount,
		Lifecycle: c.Lifecycle,
	}
	owed := timeline.Intersect(enrolled, recorded)
	for _, day := range days {
		one := []timeline.Span{day}
		if timeline.Total(timeline.Intersect(one, enrolled)) < least {
			continue
		}
		s.DueDays++
		if timeline.Total(timeline.Intersect(one, owed)) >= least {
			s.OnlineDays++
		}
	}
	s.Enough = s.OnlineDays >= minDays
	return s
}

// SubsidyColumns are those of Subsidy.Report.
var SubsidyColumns = []Column{
	{"carrier", "运营商"},
	{deviceColumn, "设备编号"},
	{"name", "点位名称"},
	{"household_ref", "农户编号"},
	{"package_account", "套餐账号"},
	{"lifecycle", "接入状态"},
	{"due_days", "应在线天数"},
	{"online_days", "在线天数"},
	{"enough", "达标"},
}

// Report writes it as a row.
func (s *Subsidy) Report(t *Report) error {
	return t.Row(s.Carrier, s.DeviceID, s.Name, s.Household, s.Account, string(s.Lifecycle), strconv.Itoa(s.DueDays), strconv.Itoa(s.OnlineDays), yes(s.Enough))
}
