package onboard

import (
	"strconv"
	"strings"
	"time"

	"qianshao/registry"
	"qianshao/registry/label"
	"qianshao/registry/place"
	"qianshao/registry/secret"
	"qianshao/storage/timeline"
)

// column is one of the columns of a list.
type column struct {
	name string   // in code and on pages
	zh   string   // as the template has it
	also []string // as carriers have it
	kind columnKind
	put  func(r *Row, text string) *Problem // text is neither empty nor "-"
	// clear is for "-"; nil: it cannot be cleared.
	clear func(r *Row)
	// of is what an export has; nil: nothing, so that it is kept.
	of func(c *registry.Camera) string
}

type columnKind uint8

const (
	isText   columnKind = iota
	isCode              // digits, of which none may be lost
	isNumber            // with a unit or not
	isDate
	isSecret // text that no message repeats
)

// Column is a column's names.
type Column struct{ Name, ZH string }

// Columns lists the columns in the order of the template.
func Columns() []Column {
	out := make([]Column, len(columns))
	for i, c := range columns {
		out[i] = Column{c.name, c.zh}
	}
	return out
}

// columns are all of them.
var columns = []*column{
	{name: "carrier", zh: "运营商", also: []string{"所属运营商", "运营单位", "运营商名称"}, put: putCarrier, of: func(c *registry.Camera) string { return c.Carrier }},
	{
		name: deviceColumn, zh: "设备编号", also: []string{"设备ID", "原设备编码", "设备号", "设备序列号", "摄像机编号", "设备SN", "device_id"}, kind: isCode,
		put: func(r *Row, text string) *Problem { r.Draft.DeviceID = text; return nil },
		of:  func(c *registry.Camera) string { return c.DeviceID },
	},
	dossier("package_account", "套餐账号", isCode, func(d *registry.Dossier) string { return d.PackageAccount }, "宽带账号", "宽带/套餐账号", "业务号码", "业务账号"),
	dossier("package_name", "套餐名称", isText, func(d *registry.Dossier) string { return d.PackageName }, "套餐", "资费套餐"),
	dossier("household_ref", "农户编号", isCode, func(d *registry.Dossier) string { return d.Household }, "户主", "户主姓名", "农户", "户号", "用户编号", "客户编号", "household"),
	{
		name: "phone", zh: "联系电话", also: []string{"电话", "手机", "手机号", "手机号码", "电话号码", "联系方式", "管理员联系电话", "户主电话"}, kind: isCode,
		put:   func(r *Row, text string) *Problem { r.Draft.Phone = registry.Set(secret.New(text)); return nil },
		clear: func(r *Row) { r.Draft.Phone = registry.Clear[secret.Secret]() },
		of:    func(c *registry.Camera) string { return c.Dossier.Phone.Reveal() },
	},
	text("village_code", "村居代码", isCode, func(d *registry.Draft) *registry.Field[string] { return &d.Division },
		func(c *registry.Camera) string { return c.Division }, "行政区划编码", "行政区划代码", "行政区划", "村居编码", "村代码", "区划代码", "统计用区划代码"),
	dossier("address", "安装地址", isText, func(d *registry.Dossier) string { return d.Address }, "地址", "详细地址"),
	text("name", "点位名称", isText, func(d *registry.Draft) *registry.Field[string] { return &d.Name },
		func(c *registry.Camera) string { return c.Name }, "设备名称", "摄像机名称", "监控点名称"),
	text("common_name", "点位俗称", isText, func(d *registry.Draft) *registry.Field[string] { return &d.CommonName },
		func(c *registry.Camera) string { return c.CommonName }, "俗称"),
	text("landmark", "周边标志", isText, func(d *registry.Draft) *registry.Field[string] { return &d.Landmark },
		func(c *registry.Camera) string { return c.Landmark }, "周边标志物", "标志物", "地标"),
	number("lon", "经度", func(d *registry.Draft) *registry.Field[float64] { return &d.Lon },
		func(c *registry.Camera) *float64 { return given(c, func(p place.Point) float64 { return p.Lon }) }, "longitude", "lng"),
	number("lat", "纬度", func(d *registry.Draft) *registry.Field[float64] { return &d.Lat },
		func(c *registry.Camera) *float64 { return given(c, func(p place.Point) float64 { return p.Lat }) }, "latitude"),
	{
		name: "coord_system", zh: "坐标系", also: []string{"坐标系统", "坐标类型", "crs"}, put: putSystem,
		clear: func(r *Row) { r.Draft.System = registry.Clear[place.System]() }, of: systemOf,
	},
	number("azimuth_deg", "监视方位", func(d *registry.Draft) *registry.Field[float64] { return &d.Azimuth },
		looks(func(p *registry.Place) *float64 { return p.Azimuth }), "监控方位", "摄像机监控方位", "方位角", "朝向", "azimuth"),
	number("fov_deg", "水平视场角", func(d *registry.Draft) *registry.Field[float64] { return &d.FOV },
		looks(func(p *registry.Place) *float64 { return p.FOV }), "视场角", "fov"),
	number("range_m", "可视距离", func(d *registry.Draft) *registry.Field[float64] { return &d.Range },
		looks(func(p *registry.Place) *float64 { return p.Range }), "可视距离(米)", "最大可视距离"),
	{name: "valid_from", zh: "位置生效时间", also: []string{"移机时间", "移机日期", "生效日期", "生效时间"}, kind: isDate, put: putValidFrom},
	number("height_m", "安装高度", func(d *registry.Draft) *registry.Field[float64] { return &d.Height },
		func(c *registry.Camera) *float64 { return c.Dossier.HeightM }, "架设高度", "高度"),
	dossier("site_class", "点位类别", isText, func(d *registry.Dossier) string { return string(d.SiteClass) }, "场所类别", "场所类型", "点位类型"),
	text(urlColumn, "主码流地址", isSecret, func(d *registry.Draft) *registry.Field[string] { return &d.URL },
		func(c *registry.Camera) string { return c.Streams[0].URL }, "rtsp地址", "视频流地址", "取流地址", "主码流", "rtsp"),
	text("sub_rtsp_url", "子码流地址", isSecret, func(d *registry.Draft) *registry.Field[string] { return &d.SubURL }, subURL, "子码流", "辅码流地址", "辅码流"),
	text("username", "设备用户名", isSecret, func(d *registry.Draft) *registry.Field[string] { return &d.Username },
		common(func(s *registry.Stream) string { return s.Username }), "用户名", "登录名"),
	{
		name: "password", zh: "设备口令", also: []string{"口令", "密码", "设备密码"}, kind: isSecret,
		put:   func(r *Row, text string) *Problem { r.Draft.Password = registry.Set(secret.New(text)); return nil },
		clear: func(r *Row) { r.Draft.Password = registry.Clear[secret.Secret]() },
	},
	{
		name: "transport", zh: "传输方式", also: []string{"传输协议"},
		put: func(r *Row, text string) *Problem {
			r.Draft.Transport = registry.Set(registry.Transport(strings.ToLower(text)))
			return nil
		},
		clear: func(r *Row) { r.Draft.Transport = registry.Clear[registry.Transport]() },
		of:    common(func(s *registry.Stream) string { return string(s.Transport) }),
	},
	text("tls_sha256", "证书指纹", isText, func(d *registry.Draft) *registry.Field[string] { return &d.TLSSHA256 },
		common(func(s *registry.Stream) string { return s.TLSSHA256 })),
	{
		name: "retention_days", zh: "录像保存天数", also: []string{"保存天数", "存储天数", "录像天数", "录像存储天数"}, kind: isNumber,
		put: putDays, clear: func(r *Row) { r.Draft.RetentionDays = registry.Clear[int]() },
		of: func(c *registry.Camera) string {
			if c.RetentionDays == 0 {
				return ""
			}
			return strconv.Itoa(c.RetentionDays)
		},
	},
	dossier("gb_id", "国标编码", isCode, func(d *registry.Dossier) string { return d.GBID }, "国标编号", "国标ID", "GB28181编码", "国标设备编码", "gb28181_id"),
	dossier("resolution", "分辨率", isText, func(d *registry.Dossier) string { return d.Resolution }, "图像分辨率"),
	dossier("codec", "编码格式", isText, func(d *registry.Dossier) string { return d.Codec }, "视频编码格式", "视频编码"),
	dossier("install_date", "安装日期", isDate, func(d *registry.Dossier) string { return d.InstallDate }, "安装时间", "启用时间", "开通日期", "装机日期"),
	dossier("installer", "安装人员", isText, func(d *registry.Dossier) string { return d.Installer }, "安装人", "安装单位", "施工人员", "装维人员", "承建单位"),
	{name: "consent_id", zh: "授权同意编号", also: []string{"授权书编号", "同意书编号", "授权编号"}, kind: isCode, put: putConsentID},
	{name: "consent_version", zh: "授权文本版本", also: []string{"授权版本", "同意书版本", "授权书版本"}, put: putConsentVersion},
	{name: "consent_signed_at", zh: "授权签署时间", also: []string{"签署时间", "签署日期", "签订日期", "授权签署日期", "同意时间"}, kind: isDate, put: putSignedAt},
	dossier("notice_sign", "提示标识", isText, func(d *registry.Dossier) string { return d.NoticeSign }, "标识牌", "提示牌", "是否张贴提示标识"),
}

// deviceColumn is the one that every list has.
const (
	deviceColumn = "carrier_device_id"
	urlColumn    = "rtsp_url"
)

func text(name, zh string, kind columnKind, at func(d *registry.Draft) *registry.Field[string], of func(c *registry.Camera) string, also ...string) *column {
	return &column{
		name: name, zh: zh, also: also, kind: kind, of: of,
		put:   func(r *Row, text string) *Problem { *at(&r.Draft) = registry.Set(text); return nil },
		clear: func(r *Row) { *at(&r.Draft) = registry.Clear[string]() },
	}
}

func dossier(name, zh string, kind columnKind, of func(d *registry.Dossier) string, also ...string) *column {
	wish := func(r *Row, f registry.Field[string]) {
		if r.Draft.Texts == nil {
			r.Draft.Texts = map[string]registry.Field[string]{}
		}
		r.Draft.Texts[name] = f
	}
	return &column{
		name: name, zh: zh, also: also, kind: kind, of: func(c *registry.Camera) string { return of(&c.Dossier) },
		put:   func(r *Row, text string) *Problem { wish(r, registry.Set(text)); return nil },
		clear: func(r *Row) { wish(r, registry.Clear[string]()) },
	}
}

func number(name, zh string, at func(d *registry.Draft) *registry.Field[float64], of func(c *registry.Camera) *float64, also ...string) *column {
	return &column{
		name: name, zh: zh, also: also, kind: isNumber,
		put: func(r *Row, text string) *Problem {
			v, ok := winds[text]
			if !ok || name != "azimuth_deg" {
				var err error
				if v, err = strconv.ParseFloat(unit(text), 64); err != nil {
					return problem(name, registry.CodeNotANumber) // the cell may be a shifted password
				}
			}
			*at(&r.Draft) = registry.Set(v)
			return nil
		},
		clear: func(r *Row) { *at(&r.Draft) = registry.Clear[float64]() },
		of: func(c *registry.Camera) string {
			if v := of(c); v != nil {
				return strconv.FormatFloat(*v, 'f', -1, 64)
			}
			return ""
		},
	}
}

// winds are directions in words, in degrees clockwise from north.
var winds = map[string]float64{"北": 0, "东北": 45, "东": 90, "东南": 135, "南": 180, "西南": 225, "西": 270, "西北": 315}

// unit takes the unit away from a number.
func unit(text string) string {
	for _, u := range []string{"米", "m", "度", "°", "天"} {
		if n, ok := strings.CutSuffix(text, u); ok {
			return strings.TrimSpace(n)
		}
	}
	return text
}

// carriers are the carriers as they write themselves.
var carriers = map[string]string{
	"电信": "telecom", "中国电信": "telecom", "移动": "mobile", "中国移动": "mobile", "联通": "unicom", "中国联通": "unicom", "广电": "broadcast", "中国广电": "broadcast",
}

func putCarrier(r *Row, text string) *Problem {
	if name, ok := carriers[text]; ok {
		text = name
	}
	r.Draft.Carrier = strings.ToLower(text)
	return nil
}

func putSystem(r *Row, text string) *Problem {
	system, err := place.ParseSystem(text)
	if err != nil {
		return problem("coord_system", codeBadSystem, short(text))
	}
	r.Draft.System = registry.Set(system)
	return nil
}

func putDays(r *Row, text string) *Problem {
	v, err := strconv.ParseFloat(unit(text), 64)
	if err != nil || v != float64(int(v)) {
		return problem("retention_days", codeNotWhole)
	}
	r.Draft.RetentionDays = registry.Set(int(v))
	return nil
}

func putConsentID(r *Row, text string) *Problem {
	r.Consent.Ref = text
	return checkLine("consent_id", text, label.Name)
}

func putConsentVersion(r *Row, text string) *Problem {
	r.Consent.Version = text
	return checkLine("consent_version", text, label.Name)
}

func putSignedAt(r *Row, text string) *Problem {
	at, ok := parseMoment(text)
	if !ok {
		return problem("consent_signed_at", codeBadDate, short(text))
	}
	r.Consent.Signed = timeline.FromTime(at)
	return nil
}

func putValidFrom(r *Row, text string) *Problem {
	at, ok := parseMoment(text)
	if !ok {
		return problem("valid_from", codeBadDate, short(text))
	}
	r.Draft.ValidFrom = timeline.FromTime(at)
	return nil
}

// beijing is the time that lists are written in.
var beijing = time.FixedZone("+08:00", 8*60*60)

var momentLayouts = []string{"2006-1-2 15:04:05", "2006-1-2 15:04", "2006/1/2 15:04:05", "2006/1/2 15:04", "2006-01-02T15:04:05", "2006年1月2日 15:04"}

// parseMoment reads a date, or a date and a time, in China.
func parseMoment(text string) (time.Time, bool) {
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at, true
	}
	for _, layout := range momentLayouts {
		if at, err := time.ParseInLocation(layout, text, beijing); err == nil {
			return at, true
		}
	}
	if strings.ContainsAny(text, " :") { // a time that is none is no date
		return time.Time{}, false
	}
	day, err := registry.ParseDate(text)
	return time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 0, 0, beijing), err == nil
}

// given is where a camera stands, as it was given.
func given(c *registry.Camera, of func(place.Point) float64) *float64 {
	if c.Place == nil {
		return nil
	}
	p := place.Point{Lon: c.Place.Lon, Lat: c.Place.Lat}
	if c.Place.Raw != nil {
		p = *c.Place.Raw
	}
	v := of(p)
	return &v
}

func looks(of func(*registry.Place) *float64) func(c *registry.Camera) *float64 {
	return func(c *registry.Camera) *float64 {
		if c.Place == nil {
			return nil
		}
		return of(c.Place)
	}
}

func systemOf(c *registry.Camera) string {
	if c.Place == nil {
		return ""
	}
	if c.Place.System == "" {
		return string(place.WGS84)
	}
	return string(c.Place.System)
}

func subURL(c *registry.Camera) string {
	if len(c.Streams) < 2 {
		return ""
	}
	return c.Streams[1].URL
}
