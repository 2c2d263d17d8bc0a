package register

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"qianshao/storage/media"
	"qianshao/storage/timeline"
)

// Query says which entries are wanted; empty fields match all.
type Query struct {
	Kind    Kind
	Who     string
	Unit    string
	Case    string
	Viewing string
	Address string
	Act     string
	Camera  media.CameraID
	Written timeline.Span // when the entry was written; empty: at any time
	Limit   int           // at most so many; default 100
	After   string        // Next of the page before
}

// Page is a part of the register, newest first.
type Page struct {
	Items   []Entry
	Next    string // cursor of the next page; empty on the last
	Damaged int    // lines on the way that are no sound entries: see Verify
}

// ErrBadCursor is returned (wrapped) for an After that no page gave.
var ErrBadCursor = errors.New("not a cursor of the register")

// clockSlack is how far the order of times may be off within a chain: the
// server's clock may have been stepped. Entries written under a clock that was
// further off are surely found only without asking when they were written.
const clockSlack = timeline.Day

// List answers a query. It reads the files backward, and of a line only as much
// as tells that it does not match.
func (r *Register) List(ctx context.Context, q Query) (Page, error) {
	if q.Limit <= 0 {
		q.Limit = 100
	}
	before, err := parseCursor(q.After)
	if err != nil {
		return Page{}, err
	}
	page, err := r.list(ctx, q, before)
	if err != nil {
		return Page{}, fmt.Errorf("read the access register: %w", err)
	}
	return page, nil
}

func (r *Register) list(ctx context.Context, q Query, before map[string]uint64) (page Page, err error) {
	chains, err := r.chains()
	if err != nil {
		return page, err
	}
	own, head := r.Head()
	// The newest entry left of each chain.
	type source struct {
		next func() (Entry, bool)
		top  Entry
	}
	var sources []*source
	for _, c := range chains {
		limit, ok := before[c.id]
		if !ok {
			limit = 1 << 62
		}
		if c.id == own {
			limit = min(limit, head.Seq+1) // what is not synced is not there
		}
		next, stop := iter.Pull(c.backward(ctx, q, limit, &page.Damaged, &err))
		defer stop()
		if e, ok := next(); ok {
			sources = append(sources, &source{next, e})
		}
		if err != nil {
			return page, err
		}
	}
	at := maps.Clone(before)
	for len(sources) > 0 {
		s := slices.MaxFunc(sources, func(a, b *source) int {
			return cmp.Or(cmp.Compare(a.top.At, b.top.At), strings.Compare(a.top.Chain, b.top.Chain))
		})
		if len(page.Items) == q.Limit {
			page.Next = cursor(at)
			break
		}
		page.Items = append(page.Items, s.top)
		at[s.top.Chain] = s.top.Seq
		e, ok := s.next()
		if err != nil {
			return page, err
		}
		if s.top = e; !ok {
			sources = slices.DeleteFunc(sources, func(x *source) bool { return x == s })
		}
	}
	return page, nil
}

// chains are all chains of the folder, the own one among them.
func (r *Register) chains() (out []chain, err error) {
	entries, err := r.cfg.FS.ReadDir(r.cfg.Dir)
	for _, e := range entries {
		if e.IsDir() && chainForm.MatchString(e.Name()) {
			out = append(out, chain{fs: r.cfg.FS, dir: path.Join(r.cfg.Dir, e.Name()), id: e.Name()})
		}
	}
	return out, err
}

// backward yields the entries of a chain that match and stand before limit, the
// newest first. It stops at an error, which it leaves in *failed.
func (c chain) backward(ctx context.Context, q Query, limit uint64, damaged *int, failed *error) iter.Seq[Entry] {
	return func(yield func(Entry) bool) {
		names, err := c.files()
		if err != nil {
			*failed = err
			return
		}
		hints := q.hints()
		for i := len(names) - 1; i >= 0; i-- {
			name := names[i]
			newest := timeline.Micros(1 << 62)
			if i+1 < len(names) {
				newest = names[i+1].at
			}
			if name.seq < limit && !q.skips(name.at, newest) {
				if *failed = ctx.Err(); *failed != nil {
					return
				}
				b, err := c.read(name)
				if err != nil {
					*failed = err
					return
				}
				lines, _ := split(b)
				for k := len(lines) - 1; k >= 0; k-- {
					if !contains(lines[k], hints) {
						continue
					}
					e, sound, err := parseLine(lines[k])
					if err != nil || !sound {
						*damaged++
						continue
					}
					if e.Seq < limit && q.matches(&e) && !yield(e) {
						return
					}
				}
			}
			limit = min(limit, name.seq)
		}
	}
}

// hints are texts that every line that matches contains.
func (q *Query) hints() (out [][]byte) {
	for _, text := range []string{string(q.Kind), q.Who, q.Unit, q.Case, q.Viewing, q.Address, q.Act, string(q.Camera)} {
		if text == "" {
			continue
		}
		if b, err := json.Marshal(text); err == nil {
			out = append(out, b)
		}
	}
	return out
}

func contains(line []byte, hints [][]byte) bool {
	for _, h := range hints {
		if !bytes.Contains(line, h) {
			return false
		}
	}
	return true
}

// skips reports whether a file cannot have what is wanted, by when its first
// entry and the next file's were written.
func (q *Query) skips(first, next timeline.Micros) bool {
	if next < first {
		return false // the clock was set back meanwhile
	}
	return !q.Written.Empty() && (first > q.Written.To+clockSlack || next < q.Written.From-clockSlack)
}

func (q *Query) matches(e *Entry) bool {
	for _, x := range [][2]string{
		{string(q.Kind), string(e.Kind)},
		{q.Who, e.Who},
		{q.Unit, e.Unit},
		{q.Case, e.Case},
		{q.Viewing, e.Viewing},
		{q.Address, e.Address},
		{q.Act, e.Act},
	} {
		if x[0] != "" && x[0] != x[1] {
			return false
		}
	}
	return (q.Camera == "" || slices.Contains(e.Cameras, q.Camera)) && (q.Written.Empty() || q.Written.Contains(e.At))
}

// A cursor says of each chain up to where it was given: CHAIN.SEQ, joined by ~.
func cursor(at map[string]uint64) string {
	var parts []string
	for _, id := range slices.Sorted(maps.Keys(at)) {
		parts = append(parts, id+"."+strconv.FormatUint(at[id], 10))
	}
	return strings.Join(parts, "~")
}

func parseCursor(text string) (map[string]uint64, error) {
	at := map[string]uint64{}
	if text == "" {
		return at, nil
	}
	for part := range strings.SplitSeq(text, "~") {
		id, seq, ok := strings.Cut(part, ".")
		n, err := strconv.ParseUint(seq, 10, 53)
		if !ok || err != nil || !chainForm.MatchString(id) {
			return nil, fmt.Errorf("%.40q: %w", text, ErrBadCursor)
		}
		at[id] = n
	}
	return at, nil
}
