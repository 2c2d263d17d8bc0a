package acts

import (
	"fmt"
	"strconv"
	"strings"

	"qianshao/storage/timeline"
)

// fileName names a local file: {n}-{at_us}.pending, or .shipped once the store
// has confirmed it. n ascends in the order of appending; at_us is the time of
// the first act.
type fileName struct {
	n       uint64
	at      timeline.Micros
	shipped bool
}

func (f fileName) String() string {
	ext := "pending"
	if f.shipped {
		ext = "shipped"
	}
	return fmt.Sprintf("%010d-%016d.%s", f.n, int64(f.at), ext)
}

// parseFileName is the inverse of fileName.String and accepts nothing else.
func parseFileName(s string) (f fileName, ok bool) {
	name, ext, _ := strings.Cut(s, ".")
	n, at, _ := strings.Cut(name, "-")
	num, err1 := strconv.ParseUint(n, 10, 63)
	us, err2 := strconv.ParseInt(at, 10, 64)
	f = fileName{n: num, at: timeline.Micros(us), shipped: ext == "shipped"}
	return f, err1 == nil && err2 == nil && f.String() == s
}
