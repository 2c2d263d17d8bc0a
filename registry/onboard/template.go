package onboard

import (
	"fmt"
	"io"
	"strings"

	"github.com/xuri/excelize/v2"
)

// exampleDevice is the device of the template's example, which is never read.
const exampleDevice = "EXAMPLE-0001"

// example is a camera as the template shows it.
var example = map[string]string{
	"carrier": "telecom", deviceColumn: exampleDevice, "package_account": "085912345678", "package_name": "平安乡村套餐", "household_ref": "HH-0001",
	"phone": "13800000000", "village_code": "522301001001", "address": "兴义市黄草街道示例组 1 号", "name": "示例村口", "common_name": "大榕树",
	"landmark": "村委会", "lon": "104.8951", "lat": "25.0920", "coord_system": "WGS84", "azimuth_deg": "90", "fov_deg": "80", "range_m": "30", "height_m": "3.5",
	"site_class": "lane", urlColumn: "rtsp://10.8.0.1:554/main", "sub_rtsp_url": "rtsp://10.8.0.1:554/sub", "username": "admin", "password": "", "transport": "auto",
	"retention_days": "30", "gb_id": "", "resolution": "1920x1080", "codec": "H.265", "install_date": "2026-11-20", "installer": "张三",
	"consent_id": "TY-2026-0001", "consent_version": "2026-01", "consent_signed_at": "2026-11-20 10:30", "notice_sign": "是",
}

// choices are the columns with a list to choose from.
var choices = map[string][]string{
	"site_class":   {"yard", "lane", "junction", "public"},
	"coord_system": {"WGS84", "GCJ02", "BD09"},
	"transport":    {"auto", "tcp", "udp", "http"},
	"notice_sign":  {"是", "否"},
}

// notes explain the template.
var notes = []Text{
	{"一行一个摄像机，最多 10,000 行；示例行不会导入。", "A row a camera, at most 10,000; the example is passed over."},
	{"按 运营商 + 设备编号 识别：已有的更新，没有的新增。", "Cameras are found by carrier and carrier_device_id: those that are there change, others are made."},
	{"空单元格或缺列：保持不变；填 -：清除。", "An empty cell or a missing column keeps the value; - clears it."},
	{"编码、账号、电话请按“文本”格式填写，避免变成 5.22E+11。", "Format codes, accounts and telephone numbers as text, or they become 5.22E+11."},
	{"新摄像机必填：村居代码、经度、纬度、授权同意编号、授权文本版本、授权签署时间。", "New cameras need village_code, lon, lat, consent_id, consent_version and consent_signed_at."},
	{"不接入室内摄像机；两个摄像机不能相距不足 2 米；点位应在村居所属县（市）内。", "Cameras inside homes are refused; no two may stand within 2 m; the point lies in the county of its village."},
	{"时间为北京时间。", "Times are those of Beijing."},
}

// heading is a column's name in the header of workbooks.
func (c *column) heading() string { return c.zh + "\n" + c.name }

func headings() (heads []string, widths []float64) {
	for _, c := range columns {
		heads, widths = append(heads, c.heading()), append(widths, width(c.name))
	}
	return heads, widths
}

// Template writes an empty list: a header, an example, lists to choose from, and notes.
func Template(to io.Writer) error {
	heads, widths := headings()
	s, err := newSheet(widths...)
	if err != nil {
		return err
	}
	if err := s.freeze(); err != nil {
		return err
	}
	row := make([]string, len(columns))
	for i, c := range columns {
		row[i] = example[c.name]
	}
	if err := s.choose(); err != nil { // before the first row
		return err
	}
	if err := s.row(heads, s.asHead); err != nil {
		return err
	}
	if err := s.row(row, s.asText); err != nil {
		return err
	}
	if err := s.note(); err != nil {
		return err
	}
	return s.write(to)
}

// choose puts a list to choose from into the columns that have one.
func (s *sheetWriter) choose() error {
	for i, c := range columns {
		list := choices[c.name]
		if list == nil {
			continue
		}
		letter, err := excelize.ColumnNumberToName(i + 1)
		if err != nil {
			return err
		}
		v := excelize.NewDataValidation(true)
		v.Sqref = fmt.Sprintf("%s2:%s%d", letter, letter, MaxRows+1)
		v.SetError(excelize.DataValidationErrorStyleWarning, c.zh, strings.Join(list, ", "))
		if err := v.SetDropList(list); err != nil {
			return err
		}
		if err := s.file.AddDataValidation(camerasSheet, v); err != nil {
			return err
		}
	}
	return nil
}

// note adds the sheet of notes.
func (s *sheetWriter) note() error {
	if _, err := s.file.NewSheet(notesSheet); err != nil {
		return err
	}
	for i, n := range notes {
		for col, text := range []string{n.ZH, n.EN} {
			at, err := excelize.CoordinatesToCellName(col+1, i+1)
			if err != nil {
				return err
			}
			if err := s.file.SetCellStr(notesSheet, at, text); err != nil {
				return err
			}
		}
	}
	return s.file.SetColWidth(notesSheet, "A", "B", 80)
}
