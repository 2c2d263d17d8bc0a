package place

import (
	_ "embed"
	"encoding/csv"
	"fmt"
	"strconv"
	"strings"
	"sync"
)

// divisionsCSV holds prefecture, counties, townships and villages of 黔西南州 with the
// statistical codes of the National Bureau of Statistics; counties with the middle
// of their outline, WGS-84. README.md says where it is from.
//
//go:embed divisions.csv
var divisionsCSV string

// Kind is what sort of place something is.
type Kind string

// A group is several divisions under a name that has no code (新区, 片区); a landmark
// what people go by; a point a pair of coordinates.
const (
	Prefecture Kind = "prefecture"
	County     Kind = "county"
	Township   Kind = "township"
	Village    Kind = "village"
	Group      Kind = "group"
	Landmark   Kind = "landmark"
	Camera     Kind = "camera"
	At         Kind = "point"
)

// Division is a part of the prefecture.
type Division struct {
	Code   string // 12 digits; county 6, township 9, village 12 of them count
	Name   string // 街心社区居民委员会
	Kind   Kind
	Center *Point // nil: not known
}

// Divisions are all divisions known to the program, by code.
func Divisions() []Division { return divisions().list }

// FindDivision returns the division with a code of 4, 6, 9 or 12 digits.
func FindDivision(code string) (Division, bool) {
	t := divisions()
	if len(code) > 12 {
		return Division{}, false
	}
	i, ok := t.byCode[code+"000000000000"[len(code):]]
	if !ok {
		return Division{}, false
	}
	return t.list[i], true
}

// Path names the divisions that hold a code, the county first, itself included:
// 兴义市, 桔山街道, 街心社区. What is not known is left out.
func Path(code string) []string {
	var names []string
	for _, n := range []int{6, 9, 12} {
		if len(code) < n || n > 6 && strings.Trim(code[n-3:n], "0") == "" {
			break
		}
		if d, ok := FindDivision(code[:n]); ok {
			names = append(names, d.Short())
		}
	}
	return names
}

// FullName is a division as people write it, with what it lies in: 兴义市桔山街道; empty
// where the code is not known.
func FullName(code string) string {
	d, ok := FindDivision(code)
	if !ok {
		return ""
	}
	if d.Kind == Prefecture {
		return d.Name
	}
	return strings.Join(Path(code), "")
}

// Stem is a division's code without the zeros that fill it up: 4, 6, 9 or 12 digits.
// What lies in the division has a code that begins with it.
func Stem(code string) string {
	for _, n := range []int{4, 6, 9} {
		if len(code) > n && strings.Trim(code[n:], "0") == "" {
			return code[:n]
		}
	}
	return code
}

// Short is the name as people say it: 街心社区 for 街心社区居民委员会, 五峰村 for 五峰村委会.
func (d Division) Short() string {
	for _, tail := range []string{"居民委员会", "居委会"} {
		if short, ok := strings.CutSuffix(d.Name, tail); ok && short != "" {
			return short
		}
	}
	for _, tail := range []string{"村民委员会", "村委会"} {
		if short, ok := strings.CutSuffix(d.Name, tail); ok && short != "" {
			return strings.TrimSuffix(short, "村") + "村"
		}
	}
	return d.Name
}

type divisionTable struct {
	list   []Division
	byCode map[string]int
}

var divisions = sync.OnceValue(func() *divisionTable {
	rows, err := csv.NewReader(strings.NewReader(divisionsCSV)).ReadAll()
	if err != nil {
		panic(fmt.Sprintf("divisions.csv: %v", err)) // embedded: a test reads it
	}
	t := &divisionTable{byCode: make(map[string]int, len(rows))}
	for _, r := range rows[1:] {
		d := Division{Code: r[0], Name: r[1], Kind: Kind(r[2])}
		lon, err1 := strconv.ParseFloat(r[3], 64)
		lat, err2 := strconv.ParseFloat(r[4], 64)
		if err1 == nil && err2 == nil {
			d.Center = &Point{lon, lat}
		}
		t.byCode[d.Code] = len(t.list)
		t.list = append(t.list, d)
	}
	return t
})
