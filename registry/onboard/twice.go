package onboard

import (
	"fmt"
	"math"
	"net/url"
	"strings"

	"qianshao/registry"
	"qianshao/registry/area"
)

// apart is how far two cameras stand from one another at least, in metres.
const apart = 2

// square is the width of the squares in which cameras are looked for, in degrees: some
// ten metres, so that what stands within apart lies in one of nine.
const square = 1e-4

// crowd knows what no two cameras may have in common.
type crowd struct {
	byURL  map[string][]claim
	byID   map[string][]claim
	bySpot map[[2]int32][]claim
}

// claim is what a camera has, by the row that says so or, 0, the registry.
type claim struct {
	row  int
	mark *registry.Mark
}

func (c *claim) same(m *registry.Mark) bool { return c.mark.Camera == m.Camera }

// tell finds rows that have something in common with an earlier row, or with a camera
// that is there. A camera that a good row changes counts as what the row makes of it.
func tell(rows []judged, marks []registry.Mark) {
	changed := map[string]bool{}
	for i := range rows {
		if rows[i].mark != nil && !rows[i].fresh && len(rows[i].Problems) == 0 {
			changed[string(rows[i].Camera)] = true
		}
	}
	c := crowd{byURL: map[string][]claim{}, byID: map[string][]claim{}, bySpot: map[[2]int32][]claim{}}
	byID := map[string]*registry.Mark{}
	for i := range marks {
		m := &marks[i]
		byID[string(m.Camera)] = m
		if !changed[string(m.Camera)] {
			c.add(claim{mark: m})
		}
	}
	for i := range rows {
		j := &rows[i]
		if j.mark == nil {
			continue
		}
		clean := len(j.Problems) == 0
		c.meet(j)
		if old := byID[string(j.Camera)]; clean && len(j.Problems) > 0 && old != nil {
			c.add(claim{mark: old}) // it stays as it is
		}
		c.add(claim{j.Row, j.mark})
	}
}

func spotOf(m *registry.Mark) [2]int32 {
	return [2]int32{int32(math.Floor(m.Lon / square)), int32(math.Floor(m.Lat / square))}
}

func (c *crowd) add(one claim) {
	for _, u := range one.mark.URLs {
		key := urlKey(u)
		c.byURL[key] = append(c.byURL[key], one)
	}
	if id := one.mark.GBID; id != "" {
		c.byID[id] = append(c.byID[id], one)
	}
	if one.mark.Placed {
		at := spotOf(one.mark)
		c.bySpot[at] = append(c.bySpot[at], one)
	}
}

// meet adds what a row has in common with what was before.
func (c *crowd) meet(j *judged) {
	m := j.mark
	for i, u := range m.URLs {
		field := urlColumn
		if i > 0 {
			field = "sub_rtsp_url"
		}
		for _, other := range c.byURL[urlKey(u)] {
			if !other.same(m) {
				zh, en := other.name(m)
				j.add(problem(field, codeDuplicateURL, zh, en))
			}
		}
	}
	for _, other := range c.byID[m.GBID] {
		if !other.same(m) {
			zh, en := other.name(m)
			j.add(problem("gb_id", registry.CodeTaken, zh, en))
		}
	}
	if !m.Placed {
		return
	}
	at := spotOf(m)
	for x := at[0] - 1; x <= at[0]+1; x++ {
		for y := at[1] - 1; y <= at[1]+1; y++ {
			for _, other := range c.bySpot[[2]int32{x, y}] {
				if !other.same(m) && area.Distance(m.Lon, m.Lat, other.mark.Lon, other.mark.Lat) < apart {
					zh, en := other.name(m)
					j.add(problem("lon", codeDuplicatePoint, zh, en))
				}
			}
		}
	}
}

// name says whose a claim is, as the carrier of m may know it.
func (c *claim) name(m *registry.Mark) (zh, en string) {
	switch {
	case c.row > 0:
		return fmt.Sprintf("第 %d 行", c.row), fmt.Sprintf("row %d", c.row)
	case c.mark.Carrier == m.Carrier || m.Carrier == registry.DefaultCarrier:
		ref := c.mark.Carrier + ":" + c.mark.DeviceID
		return "已有的摄像机 " + ref, "the camera " + ref
	}
	return "其他运营商的摄像机", "a camera of another carrier"
}

// urlKey is the same for URLs that lead to the same stream.
func urlKey(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return text
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"rtsp": "554", "rtsps": "322", "rtsp+http": "80", "rtsps+http": "443"}[u.Scheme]
	}
	return strings.TrimSuffix(u.Scheme, "+http") + "://" + u.Hostname() + ":" + port + "/" + strings.TrimPrefix(u.RequestURI(), "/")
}
