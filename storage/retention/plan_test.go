package retention_test

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"qianshao/storage/index"
	"qianshao/storage/internal/textcase"
	"qianshao/storage/media"
	"qianshao/storage/retention"
	"qianshao/storage/segment"
	"qianshao/storage/timeline"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestPlans runs the text cases of testdata over a real index. Commands:
//
//	rows CAMERA FROM COUNT SECONDS BYTES [spooled]   COUNT segments that abut
//	hold ID CAMERA FROM TO                           release ID
//	hide CAMERA FROM TO                              as an earlier pass did
//	plan now=T [days=N] [max_bytes=B] [min_free=B] [free=B] [clock=WHY] [confirmed=T] [most=N] [days.CAMERA=N]
//
// Times are 11-24T16:00 of 2025, UTC; bytes may end in k, M or G. Cameras are
// single letters.
func TestPlans(t *testing.T) {
	t.Parallel()
	textcase.Run(t, "testdata/*.txt", func(t *testing.T) func(*testing.T, textcase.Case) string {
		return (&planCase{db: openIndex(t)}).run
	})
}

type planCase struct {
	db  *index.DB
	seq uint32
}

func openIndex(t *testing.T) *index.DB {
	t.Helper()
	return openIndexAt(t, filepath.Join(t.TempDir(), "index.db"))
}

func openIndexAt(t *testing.T, path string) *index.DB {
	t.Helper()
	db, err := index.Open(t.Context(), index.Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// streamOf turns a letter into the main stream of a camera.
func streamOf(letter string) media.StreamID {
	return media.CameraID("c_" + strings.Repeat(letter, 16)).Stream(0)
}

func letterOf(s media.StreamID) string { return string(s)[2:3] }

func (c *planCase) run(t *testing.T, tc textcase.Case) string {
	t.Helper()
	fail := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("line %d: %v", tc.Line, err)
		}
	}
	a := tc.Args
	switch tc.Cmd {
	case "rows":
		state := index.Stored
		if len(a) > 5 && a[5] == "spooled" {
			state = index.Spooled
		}
		rows := c.makeRows(streamOf(a[0]), readTime(t, a[1]), readBytes(t, a[2]), readBytes(t, a[3]), readBytes(t, a[4]), state)
		_, err := c.db.Add(t.Context(), rows...)
		fail(err)
	case "hold":
		fail(c.db.Hold(t.Context(), index.Hold{
			ID: a[0], Camera: streamOf(a[1]).Camera(),
			Span: timeline.Span{From: readTime(t, a[2]), To: readTime(t, a[3])},
		}))
	case "release":
		fail(c.db.Release(t.Context(), a[0]))
	case "hide":
		rows, err := c.db.Rows(t.Context(), streamOf(a[0]), timeline.Span{From: readTime(t, a[1]), To: readTime(t, a[2])}, 0)
		fail(err)
		var ids []segment.ID
		for _, r := range rows {
			ids = append(ids, r.ID)
		}
		_, err = c.db.Hide(t.Context(), nil, ids...)
		fail(err)
	case "plan":
		policy, facts := readPlan(t, a)
		p, err := retention.MakePlan(t.Context(), c.db, policy, facts)
		fail(err)
		return writePlan(p)
	default:
		t.Fatalf("line %d: no command %q", tc.Line, tc.Cmd)
	}
	return ""
}

func (c *planCase) makeRows(s media.StreamID, from timeline.Micros, count, seconds, bytes int64, state index.State) []index.Row {
	var rows []index.Row
	for range count {
		c.seq++
		to := from + timeline.Micros(seconds)*timeline.Second
		rows = append(rows, index.Row{
			ID:   segment.ID{Stream: s, Epoch: 1, Boot: 1, Seq: c.seq},
			Span: timeline.Span{From: from, To: to}, State: state, Bytes: bytes, SHA256: [32]byte{byte(c.seq), byte(c.seq >> 8)},
		})
		from = to
	}
	return rows
}

func readPlan(t *testing.T, args []string) (p retention.Policy, f retention.Facts) {
	t.Helper()
	f.Free = -1
	own := map[media.StreamID]int{}
	f.Days = func(s media.StreamID) int { return own[s] }
	for _, arg := range args {
		name, value, _ := strings.Cut(arg, "=")
		switch name {
		case "now":
			f.Now = readTime(t, value)
		case "confirmed":
			f.Confirmed = readTime(t, value)
		case "clock":
			f.Clock = value
		case "days":
			p.Days = int(readBytes(t, value))
		case "max_bytes":
			p.MaxBytes = readBytes(t, value)
		case "min_free":
			p.MinFree = readBytes(t, value)
		case "free":
			f.Free = readBytes(t, value)
		case "most":
			f.Most = int(readBytes(t, value))
		default:
			letter, ok := strings.CutPrefix(name, "days.")
			if !ok {
				t.Fatalf("no such argument: %s", arg)
			}
			own[streamOf(letter)] = int(readBytes(t, value))
		}
	}
	return p, f
}

const timeForm = "01-02T15:04"

func readTime(t *testing.T, s string) timeline.Micros {
	t.Helper()
	at, err := time.Parse("2006-"+timeForm, "2025-"+s)
	if err != nil {
		t.Fatal(err)
	}
	return timeline.FromTime(at)
}

func writeTime(m timeline.Micros) string { return m.Time().Format(timeForm) }

var units = []struct {
	suffix string
	n      int64
}{{"G", 1e9}, {"M", 1e6}, {"k", 1e3}}

func readBytes(t *testing.T, s string) int64 {
	t.Helper()
	factor := int64(1)
	for _, u := range units {
		if rest, ok := strings.CutSuffix(s, u.suffix); ok {
			s, factor = rest, u.n
		}
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n * factor
}

func writeBytes(n int64) string {
	for _, u := range units {
		if n != 0 && n%u.n == 0 {
			return strconv.FormatInt(n/u.n, 10) + u.suffix
		}
	}
	return strconv.FormatInt(n, 10)
}

func writePlan(p *retention.Plan) string {
	var b strings.Builder
	for _, r := range p.Runs {
		fmt.Fprintf(&b, "%s %s..%s last %s: %d segments, %s\n", letterOf(r.Stream), writeTime(r.Span.From), writeTime(r.Span.To),
			writeTime(r.LastStart), len(r.IDs), writeBytes(r.Bytes))
	}
	if p.More {
		b.WriteString("more\n")
	}
	if p.Short > 0 {
		fmt.Fprintf(&b, "short of %s\n", writeBytes(p.Short))
	}
	if p.Young != nil {
		fmt.Fprintf(&b, "alarm: %s is younger than its days\n", writeTime(p.Young.From))
	}
	if p.Refused != nil {
		fmt.Fprintf(&b, "refused: %v\n", p.Refused)
	}
	if b.Len() == 0 {
		return "nothing"
	}
	return b.String()
}
