package clip

import (
	"errors"
	"net/url"
	"testing"

	"qianshao/storage"
)

// What is accepted means the same when it is written in the form we print.
func FuzzParseParams(f *testing.F) {
	f.Add("from=2026-11-23T09:00:00%2B08:00&to=2026-11-23T10:00:00+08:00&trim=inner&gaps=join&audio=play&frames=key")
	f.Add("from=2026-11-23T09:00:00Z&to=2026-11-23T09:00:00.000001Z&as_of=12.3")
	f.Add("from=&to=x")
	f.Fuzz(func(t *testing.T, query string) {
		q, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		for _, kind := range []Kind{Clip, Play, Playlist} {
			p, err := ParseParams(kind, q)
			if err != nil {
				var bad *ParamError
				if !errors.As(err, &bad) {
					t.Errorf("%q: %v", query, err)
				}
				continue
			}
			if p.Span.Empty() {
				t.Errorf("%q: an empty window", query)
			}
			q2 := url.Values{"trim": q["trim"], "gaps": q["gaps"], "audio": q["audio"], "frames": q["frames"]}
			q2.Set("from", p.Span.From.String())
			q2.Set("to", p.Span.To.String())
			if q.Get("as_of") != "" {
				q2.Set("as_of", p.AsOf.String())
			}
			if again, err := ParseParams(kind, q2); err != nil || again != p {
				t.Errorf("%q is %+v, as %q it is %+v, %v", query, p, q2.Encode(), again, err)
			}
		}
	})
}

func FuzzParseRange(f *testing.F) {
	for _, s := range []string{"bytes=0-", "bytes=5-9", "bytes=-5", "bytes=9-5", "bytes=0-1,3-4", "items=1", "bytes=99999999999999999999-"} {
		f.Add(s, int64(100))
	}
	f.Fuzz(func(t *testing.T, s string, size int64) {
		if size < 0 || size > 1<<50 {
			return
		}
		off, n, part, err := parseRange(s, size)
		if err != nil || !part { // not satisfiable, or no range that we know: the whole
			return
		}
		if off < 0 || n <= 0 || off+n > size {
			t.Errorf("%q of %d: %d from %d, part %v", s, size, n, off, part)
		}
	})
}

func FuzzParseAsOf(f *testing.F) {
	f.Add("12.3")
	f.Add("-1.0")
	f.Fuzz(func(t *testing.T, s string) {
		a, err := storage.ParseAsOf(s)
		if err != nil {
			return
		}
		if again, err := storage.ParseAsOf(a.String()); err != nil || again != a {
			t.Errorf("%q is %v, and that %v, %v", s, a, again, err)
		}
	})
}
