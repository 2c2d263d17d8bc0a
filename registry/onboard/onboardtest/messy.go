// Package onboardtest writes lists of cameras as carriers hand them over, with what is
// wrong with them.
package onboardtest

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"

	"qianshao/registry/place"
)

// Config says what a list is like.
type Config struct {
	Rows    int
	Carrier string // default: telecom
	// URL is the address of camera i, counted from 0; default: in 10.8.0.0/13.
	URL func(i int) string
	// Clean leaves out what is wrong.
	Clean bool
}

// Problem is what must be said of a row.
type Problem struct {
	Row         int
	Field, Code string
}

// one row in bad is wrong.
const bad = 20

// spoil is one kind of mistake: what it does to a row, and what must be said of it.
type spoil struct {
	do   func(r row, before row)
	want []Problem
}

type row map[string]any

// spoils are the kinds, in turn. before is a row that is right.
var spoils = []spoil{
	{func(r, _ row) { r["国标编码"] = 5.2230110300132e19 }, []Problem{{Field: "gb_id", Code: "digits_lost"}}},
	{func(r, _ row) { r["联系电话"] = "1.39E+10" }, []Problem{{Field: "phone", Code: "digits_lost"}}},
	{func(r, _ row) { r["村居代码"] = r["村居代码"].(string)[:9] + "999" }, []Problem{{Field: "village_code", Code: "unknown_village"}}},
	{func(r, _ row) { r["村居代码"] = r["村居代码"].(string)[:9] + "000" }, []Problem{{Field: "village_code", Code: "not_a_village"}}},
	{func(r, _ row) { r["纬度"] = r["纬度"].(float64) + 1.5 }, []Problem{{Field: "lon", Code: "outside_prefecture"}}},
	{func(r, _ row) { r["经度"], r["纬度"] = r["纬度"], r["经度"] }, []Problem{{Field: "lat", Code: "lon_lat_swapped"}}},
	{func(r, _ row) { r["点位类别"] = "室内" }, []Problem{{Field: "site_class", Code: "indoor"}}},
	{func(r, _ row) { r["授权同意编号"] = "" }, []Problem{{Field: "consent_id", Code: "consent_required"}}},
	{func(r, _ row) { r["授权签署时间"] = "2100-01-01" }, []Problem{{Field: "consent_signed_at", Code: "in_the_future"}}},
	{func(r, before row) { r["设备编号"] = before["设备编号"] }, []Problem{{Field: "carrier_device_id", Code: "duplicate_row"}}},
	{func(r, before row) { r["主码流地址"] = before["主码流地址"] }, []Problem{{Field: "rtsp_url", Code: "duplicate_url"}}},
	{func(r, before row) { r["经度"], r["纬度"] = before["经度"], before["纬度"] }, []Problem{{Field: "lon", Code: "duplicate_point"}}},
	{func(r, _ row) { r["主码流地址"] = "http://10.8.0.1/video" }, []Problem{{Field: "rtsp_url", Code: "bad_url"}}},
	{func(r, _ row) { r["主码流地址"] = "rtsp://169.254.169.254/latest" }, []Problem{{Field: "rtsp_url", Code: "address_not_allowed"}}},
	{func(r, _ row) { r["经度"] = "东经一百零四度" }, []Problem{{Field: "lon", Code: "not_a_number"}}},
	{func(r, _ row) { r["安装日期"] = "去年冬天" }, []Problem{{Field: "install_date", Code: "bad_text"}}},
	{func(r, _ row) { r["点位名称"] = formula("CONCATENATE(B1,C1)") }, []Problem{{Field: "name", Code: "formula_without_value"}}},
	{func(r, _ row) { r["设备编号"] = "" }, []Problem{{Field: "carrier_device_id", Code: "required"}}},
	{func(r, _ row) {
		r["监视方位"], r["录像保存天数"], r["传输方式"] = 400, "半年", "pigeon"
	}, []Problem{
		{Field: "retention_days", Code: "not_whole"}, {Field: "transport", Code: "bad_transport"}, {Field: "azimuth_deg", Code: "out_of_range"},
	}},
}

// formula is a cell that is computed.
type formula string

var heads = []string{
	"运营商", "设备编号", "套餐账号", "农户编号", "联系电话", "村居代码", "点位名称", "经度", "纬度", "坐标系", "监视方位", "点位类别", "主码流地址", "传输方式",
	"录像保存天数", "国标编码", "安装日期", "授权同意编号", "授权文本版本", "授权签署时间", "备注",
}

// written is how the header spells some of them.
var written = map[string]string{"经度": "经 度", "纬度": "纬度（度）", "联系电话": "*联系电话", "主码流地址": "ＲＴＳＰ地址"}

// Messy writes a workbook as a clerk does: titles above the header, a hidden sheet, empty
// rows, villages in merged cells, codes as numbers, dates as serials, and one row in
// twenty wrong, each kind in its turn. It returns what must be said of each bad row;
// everything else is right.
func Messy(c Config) (workbook []byte, want []Problem, err error) {
	if c.Carrier == "" {
		c.Carrier = "telecom"
	}
	if c.URL == nil {
		c.URL = func(i int) string { return fmt.Sprintf("rtsp://10.%d.%d.%d:554/main", 8+i>>16, i>>8&255, i&255) }
	}
	s := sheet{file: excelize.NewFile(), name: "七月新装"}
	if err := s.begin(); err != nil {
		return nil, nil, err
	}
	villages := villagesByCounty()
	var before row
	kinds := 0
	for i := range c.Rows {
		block := i / bad
		r := good(&c, i, villages[block%len(villages)], block/len(villages))
		wrong := i%bad == 7 && !c.Clean
		var must []Problem
		if wrong {
			k := spoils[kinds%len(spoils)]
			kinds++
			k.do(r, before)
			must = k.want
		} else {
			before = r
		}
		if i%500 == 499 {
			s.at++ // an empty row
		}
		if i%bad == 10 {
			s.mergeFrom = s.at + 1
		}
		s.put(r, i%bad > 10)
		for _, p := range must {
			want = append(want, Problem{s.at, p.Field, p.Code})
		}
		if i%bad == bad-1 {
			s.merge()
		}
	}
	if s.err != nil {
		return nil, nil, s.err
	}
	var b bytes.Buffer
	if err := s.file.Write(&b); err != nil {
		return nil, nil, err
	}
	return b.Bytes(), want, s.file.Close()
}

// village is where a block of cameras stands.
type village struct {
	code string
	at   place.Point
}

// villagesByCounty are some villages; every county has a middle, which all of its
// villages borrow.
func villagesByCounty() (out []village) {
	for _, d := range place.Divisions() {
		if d.Kind != place.Village {
			continue
		}
		county, ok := place.FindDivision(d.Code[:6])
		if ok && county.Center != nil && (len(out) == 0 || out[len(out)-1].code[:6] != d.Code[:6]) {
			out = append(out, village{d.Code, *county.Center})
		}
	}
	return out
}

// good is a row that is right.
func good(c *Config, i int, v village, turn int) row {
	n := turn*bad + i%bad // of the cameras around the middle of this county
	angle, away := float64(n)*2.39996, 30*math.Sqrt(float64(n+1))
	lat := v.at.Lat + away*math.Sin(angle)/111_320
	lon := v.at.Lon + away*math.Cos(angle)/(111_320*math.Cos(lat*math.Pi/180))
	signed := time.Date(2026, 10, 1+i%28, 9, 30, 0, 0, time.UTC)
	r := row{
		"运营商": map[bool]string{true: "中国电信", false: c.Carrier}[c.Carrier == "telecom"], "设备编号": fmt.Sprintf("DX%06d", i),
		"套餐账号": 85_900_000_000 + i, "农户编号": fmt.Sprintf("户%06d", i), "联系电话": 13_800_000_000 + i,
		"村居代码": v.code, "点位名称": fmt.Sprintf("=%d号杆", i), "经度": math.Round(lon*1e7) / 1e7, "纬度": math.Round(lat*1e7) / 1e7, "坐标系": "wgs-84",
		"监视方位": []any{"东", "西北", 90, 0.5}[i%4], "点位类别": []string{"院坝", "lane", "路口", "公共区域"}[i%4], "主码流地址": c.URL(i), "传输方式": "TCP",
		"录像保存天数": "30天", "国标编码": fmt.Sprintf("%s01001321%06d", v.code[:6], i), "安装日期": serialOf(signed.Truncate(24 * time.Hour)),
		"授权同意编号": fmt.Sprintf("TY-%06d", i), "授权文本版本": "2026-01", "授权签署时间": serialOf(signed), "备注": "无",
	}
	if i%3 == 0 { // the code as a number
		r["套餐账号"] = fmt.Sprint(r["套餐账号"])
		r["安装日期"] = signed.Format("2006年1月2日")
	}
	return r
}

// serialOf is a time as a spreadsheet counts it.
func serialOf(t time.Time) float64 {
	return t.Sub(time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)).Hours() / 24
}

// sheet is a sheet that is being written.
type sheet struct {
	file      *excelize.File
	name      string
	at        int // the row that was written last
	mergeFrom int
	err       error
}

func (s *sheet) begin() error {
	if err := s.file.SetSheetName("Sheet1", "旧表"); err != nil {
		return err
	}
	if _, err := s.file.NewSheet(s.name); err != nil {
		return err
	}
	if err := s.file.SetSheetVisible("旧表", false); err != nil {
		return err
	}
	s.at = 1
	s.cell("运营商新装摄像机登记表", 1)
	if err := s.file.MergeCell(s.name, "A1", "U1"); err != nil {
		return err
	}
	s.at = 3
	for i, head := range heads {
		if w := written[head]; w != "" {
			head = w
		}
		s.cell(head, i+1)
	}
	return s.err
}

func (s *sheet) cell(v any, column int) {
	at, err := excelize.CoordinatesToCellName(column, s.at)
	if err != nil {
		s.err = err
		return
	}
	switch v := v.(type) {
	case formula:
		err = s.file.SetCellFormula(s.name, at, string(v))
	case string:
		err = s.file.SetCellStr(s.name, at, v)
	default:
		err = s.file.SetCellValue(s.name, at, v)
	}
	if s.err == nil {
		s.err = err
	}
}

// put writes a row; merged leaves the village to the merged cell.
func (s *sheet) put(r row, merged bool) {
	s.at++
	for i, head := range heads {
		if v := r[head]; v != "" && !(merged && head == "村居代码") {
			s.cell(v, i+1)
		}
	}
}

func (s *sheet) merge() {
	column := strings.Index(strings.Join(heads, " "), "村居代码")
	column = strings.Count(strings.Join(heads, " ")[:column], " ") + 1
	from, err := excelize.CoordinatesToCellName(column, s.mergeFrom)
	to, err2 := excelize.CoordinatesToCellName(column, s.at)
	if err == nil && err2 == nil {
		err = s.file.MergeCell(s.name, from, to)
	}
	if s.err == nil {
		s.err = err
	}
}
