package registry

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"qianshao/registry/label"
	"qianshao/registry/secret"
	"qianshao/storage/media"
)

// SiteClass is what a camera looks at. Indoor cameras are refused.
type SiteClass string

// The classes of sites.
const (
	Yard     SiteClass = "yard"
	Lane     SiteClass = "lane"
	Junction SiteClass = "junction"
	Public   SiteClass = "public"
)

// Dossier is what a carrier knows of a camera besides how to reach it and where it
// stands (一机一档). All of it may be empty. Investigators are not shown it.
type Dossier struct {
	Household      string        `json:"-"` // household_ref: the carrier's own name for the household
	Phone          secret.Secret `json:"-"` // of the household
	SiteClass      SiteClass     `json:"-"`
	GBID           string        `json:"-"` // 20 digits (GB/T 28181), unique
	PackageAccount string        `json:"package_account,omitempty"`
	PackageName    string        `json:"package_name,omitempty"`
	Address        string        `json:"address,omitempty"`
	HeightM        *float64      `json:"height_m,omitempty"` // above the ground
	Resolution     string        `json:"resolution,omitempty"`
	Codec          string        `json:"codec,omitempty"`
	InstallDate    string        `json:"install_date,omitempty"` // yyyy-mm-dd
	Installer      string        `json:"installer,omitempty"`
	NoticeSign     string        `json:"notice_sign,omitempty"` // yes or no: whether people are told of the camera
}

func (d *Dossier) equal(o *Dossier) bool {
	a, b := *d, *o
	ok := same(a.HeightM, b.HeightM) && a.Phone.Equal(b.Phone)
	a.HeightM, b.HeightM, a.Phone, b.Phone = nil, nil, secret.Secret{}, secret.Secret{}
	return ok && a == b
}

// values are a dossier as the database has it: site_class, gb_id, household, dossier.
func (d *Dossier) values() ([]any, error) {
	text, err := json.Marshal(d)
	return []any{string(d.SiteClass), d.GBID, d.Household, string(text)}, err
}

// phonePlace is where a sealed phone number stands.
func phonePlace(id media.CameraID) string { return "cameras/" + string(id) + "/phone" }

// A dossierText is a field of a dossier that is a text: what a cell must be, and what it
// becomes.
type dossierText struct {
	at   func(*Dossier) *string
	read func(text string) (string, error)
}

// dossierTexts are the columns of an import that are texts of the dossier.
var dossierTexts = map[string]dossierText{
	"household_ref":   {func(d *Dossier) *string { return &d.Household }, line(64)},
	"site_class":      {func(d *Dossier) *string { return (*string)(&d.SiteClass) }, readSiteClass},
	"gb_id":           {func(d *Dossier) *string { return &d.GBID }, readGBID},
	"package_account": {func(d *Dossier) *string { return &d.PackageAccount }, line(64)},
	"package_name":    {func(d *Dossier) *string { return &d.PackageName }, line(label.Name)},
	"address":         {func(d *Dossier) *string { return &d.Address }, line(256)},
	"resolution":      {func(d *Dossier) *string { return &d.Resolution }, line(32)},
	"codec":           {func(d *Dossier) *string { return &d.Codec }, line(32)},
	"install_date":    {func(d *Dossier) *string { return &d.InstallDate }, readDate},
	"installer":       {func(d *Dossier) *string { return &d.Installer }, line(label.Name)},
	"notice_sign":     {func(d *Dossier) *string { return &d.NoticeSign }, readYesNo},
}

// DossierTexts lists the columns of an import that Draft.Texts may have.
func DossierTexts() []string {
	names := make([]string, 0, len(dossierTexts))
	for name := range dossierTexts {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func line(most int) func(string) (string, error) {
	return func(text string) (string, error) { return text, label.Check(text, most) }
}

// siteClasses are the classes as carriers write them.
var siteClasses = map[string]SiteClass{
	"yard": Yard, "lane": Lane, "junction": Junction, "public": Public,
	"院坝": Yard, "庭院": Yard, "院子": Yard, "巷道": Lane, "村道": Lane, "小巷": Lane, "路口": Junction, "岔路口": Junction, "公共": Public, "公共区域": Public,
}

// errIndoor refuses a camera that looks into a home.
type errIndoor struct{}

func (errIndoor) Error() string {
	return "cameras inside homes are refused: turn it to the yard or the lane, or leave the row out"
}

func readSiteClass(text string) (string, error) {
	text = strings.ToLower(text)
	if text == "indoor" || text == "室内" {
		return "", errIndoor{}
	}
	if c, ok := siteClasses[text]; ok {
		return string(c), nil
	}
	return "", fmt.Errorf("%.40q is no class of sites: use yard, lane, junction or public (院坝, 巷道, 路口, 公共)", text)
}

var gbForm = regexp.MustCompile(`^[0-9]{20}$`)

// readGBID reads a device's id of GB/T 28181-2022, annex E: 8 digits of division and
// unit, 2 of industry, 3 of type (132 is an IP camera), 1 of network, 6 serial.
func readGBID(text string) (string, error) {
	if !gbForm.MatchString(text) {
		return "", fmt.Errorf("%.40q is no GB/T 28181 id: use its 20 digits, written as text", text)
	}
	if kind := text[10:13]; kind != "131" && kind != "132" {
		return "", fmt.Errorf("%s is the id of no camera: its digits 11 to 13 are %s, of an IP camera they are 132", text, kind)
	}
	return text, nil
}

var dateLayouts = []string{"2006-01-02", "2006-1-2", "2006/1/2", "2006.1.2", "20060102", "2006年1月2日"}

// ParseDate reads a date as lists have it; a time behind it is passed over.
func ParseDate(text string) (time.Time, error) {
	day, _, _ := strings.Cut(text, " ") // a spreadsheet may add 00:00:00
	for _, layout := range dateLayouts {
		if t, err := time.Parse(layout, day); err == nil && t.Year() >= 1990 && t.Year() <= 2100 {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%.40q is no date: write it like 2026-11-23", text)
}

func readDate(text string) (string, error) {
	t, err := ParseDate(text)
	if err != nil {
		return "", err
	}
	return t.Format("2006-01-02"), nil
}

func readYesNo(text string) (string, error) {
	switch strings.ToLower(text) {
	case "yes", "y", "true", "1", "是", "有", "已张贴":
		return "yes", nil
	case "no", "n", "false", "0", "否", "无", "未张贴":
		return "no", nil
	}
	return "", fmt.Errorf("%.40q is neither yes nor no (是, 否)", text)
}

// phoneForm are digits, as people group them.
var phoneForm = regexp.MustCompile(`^\+?[0-9][0-9 -]{4,22}[0-9]$`)

func (d *Draft) applyDossier(cam *Camera) (bad []*FieldError) {
	for _, name := range DossierTexts() {
		wish, ok := d.Texts[name]
		if !ok {
			continue
		}
		field := dossierTexts[name]
		if wish.mode == set {
			text, err := field.read(strings.TrimSpace(wish.v))
			if err != nil {
				code := CodeBadText
				if errors.Is(err, errIndoor{}) {
					code = CodeIndoor
				}
				bad = append(bad, &FieldError{name, code, err.Error()})
				continue
			}
			wish.v = text
		}
		wish.apply(field.at(&cam.Dossier))
	}
	d.Phone.apply(&cam.Dossier.Phone)
	if p := cam.Dossier.Phone.Reveal(); d.Phone.mode == set && !phoneForm.MatchString(p) {
		bad = append(bad, &FieldError{"phone", CodeBadText, "the cell is no telephone number: use its digits, written as text"})
	}
	d.Height.applyPtr(&cam.Dossier.HeightM)
	if h := cam.Dossier.HeightM; h != nil {
		bad = append(bad, found(inRange("height_m", *h, 0, 200))...)
	}
	return bad
}

// gbFree checks that no other camera has the GB/T 28181 id; else it returns a
// *FieldError.
func (w *writer) gbFree(ctx context.Context, cam *Camera) error {
	if cam.Dossier.GBID == "" {
		return nil
	}
	stmt, err := w.prepared(ctx, `SELECT carrier, device_id FROM cameras WHERE gb_id = ? AND gb_id <> '' AND id <> ?`) // twice: the index is of ids that are there
	if err != nil {
		return err
	}
	var carrier, device string
	err = stmt.QueryRowContext(ctx, cam.Dossier.GBID, string(cam.ID)).Scan(&carrier, &device)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	return &FieldError{"gb_id", CodeTaken, fmt.Sprintf("%s is the id of %s:%s already: correct one of them", cam.Dossier.GBID, carrier, device)}
}
