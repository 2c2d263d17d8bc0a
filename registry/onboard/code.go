package onboard

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"qianshao/registry"
	"qianshao/registry/label"
)

// Text is a sentence in both languages of the product.
type Text struct {
	ZH string `json:"zh" doc:"in Chinese" example:"本运营商没有此设备：请核对设备编号，或先导入该摄像机"`
	EN string `json:"en" doc:"in English" example:"the carrier has no such camera: correct the device id, or import the camera first"`
}

// Problem is what is wrong with a row, or with one of its cells.
type Problem struct {
	Row     int    `json:"row" doc:"of the file, from 1"`
	Field   string `json:"field,omitempty" doc:"name of the column; empty: the whole row"`
	Code    string `json:"code" doc:"what it is, for programs"`
	Message Text   `json:"message" doc:"what it is and what to do, for people"`
}

// The codes of files.
const (
	codeEmptyFile     = "empty_file"
	codeTooLarge      = "too_large"
	codeTooManyRows   = "too_many_rows"
	codeNoRows        = "no_rows"
	codeNoHeader      = "no_header"
	codeNoDevice      = "no_device_column"
	codeColumnTwice   = "column_twice"
	codeOldWorkbook   = "old_workbook"
	codeBrokenBook    = "broken_workbook"
	codeNotText       = "not_text"
	codeWebPage       = "web_page"
	codeOpenQuote     = "open_quote"
	codeGBK           = "read_as_gbk"
	codeOtherSheets   = "other_sheets"
	codeMerged        = "merged_cells"
	codeUnknownColumn = "unknown_column"
	codeDidYouMean    = "did_you_mean"
	codeMissingColumn = "missing_column"
	codeNoOutline     = "no_outline"
)

// The codes of rows, besides those of registry.
const (
	codeBadCSV          = "bad_csv"
	codeTooManyCells    = "too_many_cells"
	codeRequired        = "required"
	codeOtherCarrier    = "other_carrier"
	codeNotWhole        = "not_whole"
	codeDigitsLost      = "digits_lost"
	codeNoValue         = "formula_without_value"
	codeCellError       = "cell_error"
	codeCannotClear     = "cannot_clear"
	codeBadDate         = "bad_date"
	codeFuture          = "in_the_future"
	codeBadSystem       = "bad_coord_system"
	codeUnknownVillage  = "unknown_village"
	codeNotAVillage     = "not_a_village"
	codeOutsideCounty   = "outside_county"
	codeOutside         = "outside_prefecture"
	codeDuplicateURL    = "duplicate_url"
	codeDuplicatePoint  = "duplicate_point"
	codeBadScheme       = "bad_scheme"
	codeAddress         = "address_not_allowed"
	codeConsentRequired = "consent_required"
	codeBadAddress      = "bad_address"
)

// CodeNoSpace is that of a new camera while the disk is nearly full, which a caller of
// Enter refuses.
const CodeNoSpace = "no_space"

// Codes lists all codes, in alphabetical order; those of problems with a field alone are
// written code/field.
func Codes() []string {
	out := make([]string, 0, len(texts))
	for code := range texts {
		out = append(out, code)
	}
	slices.Sort(out)
	return out
}

// texts are what every code says, with the same verbs in both languages. What the registry
// finds has a text for its field, or one for all.
var texts = map[string]Text{
	codeEmptyFile:     {"文件是空的：请下载模板，按模板填写", "the file is empty: begin with the line carrier_device_id,name,rtsp_url,lon,lat, or take the template"},
	codeTooLarge:      {"文件超过 %d MiB：请拆分后分别导入", "larger than %d MiB: split the file"},
	codeTooManyRows:   {"超过 %d 行：请拆分后分别导入", "more than %d rows: split the file"},
	codeNoRows:        {"表头下没有数据：请在表头下逐行填写摄像机", "no row stands below the header: write a row a camera"},
	codeNoHeader:      {"前 10 行中找不到表头：请下载模板，或写上列名，如 设备编号 (carrier_device_id)", "no header in the first ten rows: name the columns, carrier_device_id among them, or take the template"},
	codeNoDevice:      {"表头中没有 设备编号 (carrier_device_id) 列：请补上该列", "the header has no column carrier_device_id (设备编号): add it"},
	codeColumnTwice:   {"列 %[1]s（%[2]s）出现两次：“%[3]s”和“%[4]s”，请只保留一列", "column %[1]s (%[2]s) stands there twice, as %[3]q and %[4]q: leave one out"},
	codeOldWorkbook:   {"这是旧版 .xls 或加了密码的工作簿：请去掉密码，另存为 .xlsx", "this is a workbook of the old kind (.xls), or one with a password: take the password away and save it as .xlsx"},
	codeBrokenBook:    {"工作簿无法读取（%s）：请用 Excel 或 WPS 打开后重新另存为 .xlsx", "the workbook cannot be read (%s): open it and save it as .xlsx again"},
	codeNotText:       {"第 %d 行既不是 UTF-8 也不是 GBK 文本：请另存为“CSV UTF-8”或 .xlsx", "line %d is neither UTF-8 nor GBK: save the file as CSV UTF-8 or as .xlsx"},
	codeWebPage:       {"这是网页，不是表格：请用 Excel 或 WPS 打开后另存为 .xlsx", "this is a web page, not a table: open it in a spreadsheet and save it as .xlsx"},
	codeOpenQuote:     {"第 %d 行第 %d 列的引号没有成对：请补上引号，单元格内的引号要写两个", "line %d, column %d: a quote is not closed: close it, or double a quote inside one"},
	codeGBK:           {"文件按 GBK 编码读取：请核对中文是否正确", "the file was read as GBK: see whether its Chinese is right"},
	codeOtherSheets:   {"只读取了工作表“%s”，其他工作表未读取：%s", "the sheet %q was read; others were passed over: %s"},
	codeMerged:        {"有 %d 处合并单元格：其中的每一行都取合并单元格的值", "%d merged cells: every row in them has their value"},
	codeUnknownColumn: {"不认识的列“%s”，已忽略", "column %q is not known and was passed over"},
	codeDidYouMean:    {"不认识的列“%s”，已忽略：是不是 %s (%s)？", "column %q is not known and was passed over: did you mean %s (%s)?"},
	codeMissingColumn: {"没有这些列：%s；运营商的新摄像机需要它们", "there is no column %s: new cameras of carriers need it"},
	codeNoOutline:     {"没有 %s 的边界：未检查点位是否在县（市）内", "there is no outline of %s: whether points lie in it was not checked"},

	codeBadCSV:          {"单元格内有未加引号的引号：请给该单元格加引号，内部的引号写两个", "a quote stands inside a cell without quotes: quote the cell and double the quote"},
	codeTooManyCells:    {"本行有 %d 个单元格，表头只有 %d 个：含分隔符的单元格要加引号", "the row has %d cells, the header %d: quote cells that hold the separator"},
	codeRequired:        {"此项必填：请填写", "the cell is empty, and a new camera needs it: fill it in"},
	codeOtherCarrier:    {"不是本运营商的摄像机：运营商应为 %s，请删除本行", "a camera of another carrier: this list is that of %s, leave the row out"},
	codeNotWhole:        {"应为整数天数，如 30", "the cell is not a whole number of days: write it like 30"},
	codeDigitsLost:      {"数字被表格软件改写，末尾的数字已丢失：请把该列设为“文本”格式，重新填入完整号码", "a spreadsheet has turned the code into a number, and digits are lost: format the column as text and enter the whole code again"},
	codeNoValue:         {"公式没有计算结果：请用 Excel 或 WPS 打开并保存，或粘贴为数值", "the formula has no value in the file: open and save it in a spreadsheet, or paste it as a value"},
	codeCellError:       {"单元格是错误值 %s：请改正公式或直接填写", "the cell has the error value %s: correct its formula, or write the value"},
	codeCannotClear:     {"此项不能清除：请填写，或留空保持不变", "this cannot be cleared: fill it in, or leave the cell empty to keep it"},
	codeBadDate:         {"“%s”不是日期：请写成 2026-11-23 或 2026-11-23 09:30", "%q is no date: write it like 2026-11-23 or 2026-11-23 09:30"},
	codeFuture:          {"签署时间 %s 晚于现在：请核对", "%s is in the future: correct when it was signed"},
	codeBadSystem:       {"“%s”不是坐标系：请填 WGS84、GCJ02 或 BD09", "%q is no coordinate system: use WGS84, GCJ02 or BD09"},
	codeUnknownVillage:  {"没有村居代码 %s：最接近的有 %s", "no village has the code %s: the nearest are %s"},
	codeNotAVillage:     {"%s 是 %s 的代码，不是村居：请填 12 位村居代码", "%s is the code of %s, not of a village: use the 12 digits of the village"},
	codeOutsideCounty:   {"点位不在 %s 境内（相距 %d 米）：请核对经纬度、坐标系和村居代码", "the point does not lie in %s (it is %d m away): correct lon and lat, coord_system or village_code"},
	codeOutside:         {"点位不在本州境内：请核对经纬度和坐标系", "the point does not lie in the prefecture: correct lon, lat and coord_system"},
	codeDuplicateURL:    {"地址与%s相同：请核对取流地址", "%[2]s has the same address: correct the URL"},
	codeDuplicatePoint:  {"点位与%[1]s相距不足 2 米：请核对经纬度", "%[2]s stands within 2 m of the point: correct lon and lat"},
	codeBadScheme:       {"地址应以 rtsp:// 或 rtsps:// 开头", "the URL must begin with rtsp:// or rtsps://"},
	codeAddress:         {"地址 %[1]s 不在该运营商允许的网段内：请核对地址，或请管理员登记网段", "%[1]s is not in the networks of this carrier: correct the address, or have the network entered in the settings"},
	codeConsentRequired: {"新摄像机必须有农户的授权同意：请填写编号、文本版本和签署时间", "a new camera needs the consent of its household: give consent_id, consent_version and consent_signed_at"},

	CodeNoSpace: {"服务器磁盘空间不足，暂不接入新摄像机：请联系管理员", "the disk is nearly full, and new cameras must wait: tell the administrator"},

	registry.CodeBadDevice:    {"设备编号只能用 1 至 64 位字母、数字和 . _ -", "use 1 to 64 of A-Z a-z 0-9 . _ - for the device id"},
	registry.CodeBadCarrier:   {"运营商代码只能用 1 至 32 位小写字母、数字和 . _ -，如 telecom", "use 1 to 32 of a-z 0-9 . _ - for the carrier, like telecom"},
	registry.CodeBadName:      {"名称过长或含有控制字符：请在一行内填写，最多 128 个字", "use at most 128 characters on one line"},
	registry.CodeBadURL:       {"地址无法识别：请写成 rtsp://地址:端口/路径，口令中有特殊字符时写在“设备口令”列", "write the URL like rtsp://HOST:PORT/PATH, and passwords with odd characters in the column password"},
	registry.CodeBadTransport: {"传输方式应为 tcp、udp、http 或 auto；RTSP over HTTP 的地址需用 http 或 auto", "use tcp, udp, http or auto"},
	registry.CodeBadPin:       {"证书指纹应为 64 位十六进制的 SHA-256", "give the SHA-256 of the certificate, 64 hex digits"},
	registry.CodeSwapped:      {"经度和纬度似乎填反了：请对调", "lon and lat seem to be swapped: exchange them"},
	registry.CodeHalfPlace:    {"经度和纬度要同时填写；有方位、视场角或可视距离时也需要经纬度", "give lon and lat together; a direction needs them too"},
	registry.CodeNotANumber:   {"不是数字：请写成 104.8951", "the cell is not a number: write it like 104.8951"},
	registry.CodeDuplicate:    {"%s 在第 %d 行已经出现，以该行为准：请删除重复行", "%s stands in row %d already, which counts: leave one out"},
	registry.CodeIndoor:       {"不接入室内摄像机：请改为朝向院坝或巷道，或删除本行", "cameras inside homes are refused: turn it to the yard or the lane, or leave the row out"},
	registry.CodeTaken:        {"国标编码已被%[1]s使用：请改正", "%[2]s has this id already: correct one of them"},
	registry.CodeWithdrawn:    {"农户已退出：请删除本行，或填写退出之后签署的授权同意", "the household has withdrawn this camera: leave the row out, or enter a consent that was signed since"},
	registry.CodeNoConsent:    {"授权同意不完整或签署时间有误：请核对编号、文本版本和签署时间", "a consent needs consent_id, consent_version and consent_signed_at, not in the future"},
	registry.CodeOutOfRange:   {"数值超出范围：请核对", "the number is out of range: correct it"},
	codeBadAddress:            {"“%s”不是 IP 地址：请填写摄像机现在的 IPv4 或 IPv6 地址", "%q is no IP address: give the camera's IPv4 or IPv6 address of now"},

	registry.CodeUnknownDevice:  {"本运营商没有此设备：请核对设备编号，或先导入该摄像机", "the carrier has no such camera: correct the device id, or import the camera first"},
	registry.CodeDecommissioned: {"摄像机已拆除：请去掉此项，或重新导入", "the camera was taken down: leave it out, or import it again"},
	registry.CodeNoAddress:      {"摄像机没有取流地址或自行推流：如需拉流，请导入主码流地址", "the camera has no address, or publishes by itself: import it with rtsp_url to be pulled"},

	registry.CodeBadText: {"内容过长、换行或含有控制字符：请改正", "the text is too long, or has a line break or a control character: correct it"},

	registry.CodeOutOfRange + "/lon":            {"经度应在 -180 至 180 之间", "use -180 to 180"},
	registry.CodeOutOfRange + "/lat":            {"纬度应在 -90 至 90 之间", "use -90 to 90"},
	registry.CodeOutOfRange + "/azimuth_deg":    {"监视方位应在 0 至 360 度之间", "use 0 to 360"},
	registry.CodeOutOfRange + "/fov_deg":        {"视场角应在 0 至 360 度之间", "use 0 to 360"},
	registry.CodeOutOfRange + "/range_m":        {"可视距离应在 0 至 10000 米之间", "use 0 to 10000"},
	registry.CodeOutOfRange + "/height_m":       {"安装高度应在 0 至 200 米之间", "use 0 to 200"},
	registry.CodeOutOfRange + "/retention_days": {"录像保存天数超出范围，或长于调用登记的保存期：请改正，或填 - 用默认值", "use 1 day or more, not more than the access register is kept, or - for the default"},
	registry.CodeOutOfRange + "/valid_from":     {"位置生效时间不能晚于明天，也不能早于现有位置的生效时间：请核对移机日期", "give the day on which the camera was moved: not in the future, and not before it was moved last"},
	registry.CodeOutOfRange + "/port":           {"端口应在 1 至 65535 之间", "use 1 to 65535"},
	registry.CodeBadText + "/village_code":      {"村居代码应为 12 位数字，请按文本填写", "use the 12 digits of the village, written as text"},
	registry.CodeBadText + "/gb_id":             {"国标编码应为 20 位数字（第 11 至 13 位为 131 或 132），请按文本填写", "use the 20 digits of the camera's GB/T 28181 id, written as text"},
	registry.CodeBadText + "/phone":             {"不是电话号码：请按文本填写数字", "the cell is no telephone number: use its digits, written as text"},
	registry.CodeBadText + "/install_date":      {"不是日期：请写成 2026-11-23", "write the date like 2026-11-23"},
	registry.CodeBadText + "/site_class":        {"点位类别应为 院坝 (yard)、巷道 (lane)、路口 (junction) 或 公共 (public)", "use yard, lane, junction or public (院坝, 巷道, 路口, 公共)"},
	registry.CodeBadText + "/notice_sign":       {"请填 是 或 否", "use yes or no (是, 否)"},
	registry.CodeBadText + "/coord_system":      {"坐标系应为 WGS84、GCJ02 或 BD09", "use WGS84, GCJ02 or BD09"},
}

// say is what a code says.
func say(code string, args ...any) Text {
	t := texts[code]
	return Text{ZH: fill(t.ZH, args), EN: fill(t.EN, args)}
}

func fill(format string, args []any) string {
	if len(args) == 0 {
		return format
	}
	text := fmt.Sprintf(format, args...)
	text, _, _ = strings.Cut(text, "%!(EXTRA") // one language may need fewer
	return text
}

func problem(field, code string, args ...any) *Problem {
	return &Problem{Field: field, Code: code, Message: say(code, args...)}
}

// ofField makes a Problem of what the registry says, which says more in English.
func ofField(fe *registry.FieldError) *Problem {
	t, ok := texts[fe.Code+"/"+fe.Field]
	if !ok {
		t = texts[fe.Code]
	}
	if t.EN = fe.Message; t.ZH == "" {
		t.ZH = fe.Message
	}
	return &Problem{Field: fe.Field, Code: fe.Code, Message: t}
}

func checkLine(field, text string, most int) *Problem {
	if label.Check(text, most) != nil {
		return problem(field, registry.CodeBadText)
	}
	return nil
}

// short is the beginning of a text, for a message.
func short(text string) string {
	const most = 40
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	return string([]rune(text)[:most]) + "…"
}
