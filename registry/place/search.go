package place

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"
)

const (
	// MostQuery is how long a query may be, in bytes.
	MostQuery = 200
	// mostMatches bounds the matches looked at, of all keys, for one query.
	mostMatches = 20_000
	mostTokens  = 4
)

// Hit is a place that was found. Hits with more points stand first.
type Hit struct {
	Entry *Entry
	Score int
}

// Search finds places whose names hold all words of a query, best first, at most
// so many. Wanted may turn places down (nil: none). A word is also found in the names of the
// divisions that a place lies in, but not in these alone.
func (g *Gazetteer) Search(query string, limit int, wanted func(*Entry) bool) []Hit {
	words := tokens(query)
	if len(words) == 0 || limit <= 0 || len(g.entries) == 0 {
		return nil
	}
	found := make([]*scores, len(words)) // of each word
	inside := make([][]string, len(words))
	for i, w := range words {
		found[i] = g.matches(w)
		if len(words) > 1 {
			inside[i] = named(w)
		}
	}
	best := make([]Hit, 0, limit+1)
	for w, those := range found {
		for _, i := range those.touched {
			e := &g.entries[i]
			if seenBefore(found[:w], i) {
				continue
			}
			hit := Hit{e, total(i, e, found, inside)}
			if hit.Score <= 0 || len(best) == limit && !hit.before(best[limit-1]) || wanted != nil && !wanted(e) {
				continue
			}
			at, _ := slices.BinarySearchFunc(best, hit, func(a, b Hit) int {
				if a.before(b) {
					return -1
				}
				return 1
			})
			best = slices.Insert(best, at, hit)
			best = best[:min(len(best), limit)]
		}
	}
	for _, those := range found {
		g.giveBack(those)
	}
	return best
}

// before is the order of hits.
func (h Hit) before(o Hit) bool {
	return cmp.Or(cmp.Compare(o.Score, h.Score), cmp.Compare(h.Entry.Name, o.Entry.Name), cmp.Compare(h.Entry.Ref, o.Entry.Ref)) < 0
}

func seenBefore(found []*scores, i uint32) bool {
	return slices.ContainsFunc(found, func(s *scores) bool { return s.of[i] > 0 })
}

// scores are the best matches of one word, by entry.
type scores struct {
	of      []int32
	touched []uint32 // entries with a score
}

func (s *scores) raise(i uint32, score int32) {
	if s.of[i] == 0 {
		s.touched = append(s.touched, i)
	}
	s.of[i] = max(s.of[i], score)
}

func (g *Gazetteer) take() *scores {
	if s, ok := g.scratch.Get().(*scores); ok {
		return s
	}
	return &scores{of: make([]int32, len(g.entries))}
}

func (g *Gazetteer) giveBack(s *scores) {
	for _, i := range s.touched {
		s.of[i] = 0
	}
	s.touched = s.touched[:0]
	g.scratch.Put(s)
}

// tokens are the words of a query, folded.
func tokens(query string) []string {
	if len(query) > MostQuery {
		return nil
	}
	var out []string
	for _, w := range strings.FieldsFunc(query, func(r rune) bool { return r == ' ' || r == ',' || r == '，' || r == '\t' || r == '　' }) {
		if w = fold(w); w != "" && len(out) < mostTokens {
			out = append(out, w)
		}
	}
	return out
}

// Points of a match: of a whole name more than of its beginning, and that more than
// of a part; of what was written more than of how it is spelled.
const (
	wholePoints = 600
	beginPoints = 400
	innerPoints = 200
)

var formPoints = [...]int{written: 100, spelled: 60, initials: 40}

var kindPoints = map[Kind]int{Prefecture: 45, County: 60, Group: 55, Township: 50, Landmark: 45, Village: 40, Camera: 0}

// matches are the entries that a word is found in. They are given back.
func (g *Gazetteer) matches(word string) *scores {
	found := g.take()
	for _, pos := range g.array.Lookup([]byte(word), mostMatches) {
		if !g.words.has(pos) {
			continue
		}
		k := g.keyAt(pos)
		score := innerPoints
		if pos == int(k.start) {
			score = beginPoints
			if g.data[pos+len(word)] == 0 {
				score = wholePoints
			}
		}
		found.raise(k.entry, int32(score+formPoints[k.form]))
	}
	return found
}

// total is how well an entry answers all words, 0 where one is missing.
func total(i uint32, e *Entry, found []*scores, inside [][]string) int {
	sum := 0
	for w, those := range found {
		score := int(those.of[i])
		if score == 0 && !slices.ContainsFunc(inside[w], func(stem string) bool { return strings.HasPrefix(e.Division, stem) }) {
			return 0
		}
		sum = max(sum, score)
	}
	// The shorter name is meant rather than the longer.
	return sum + kindPoints[e.Kind] - min(utf8.RuneCountInString(e.Name), 30)
}

// named are the divisions that have a word in their name, as the digits of their codes
// that count.
func named(w string) []string {
	var stems []string
	g := ofDivisions()
	found := g.matches(w)
	for _, i := range found.touched {
		stems = append(stems, Stem(g.entries[i].Ref))
	}
	g.giveBack(found)
	return stems
}

// ofDivisions finds divisions alone.
var ofDivisions = sync.OnceValue(func() *Gazetteer { return NewGazetteer(DivisionEntries()) })

// DivisionEntries are the divisions known to the program, as places.
func DivisionEntries() []Entry {
	var list []Entry
	for _, d := range Divisions() {
		e := Entry{Kind: d.Kind, Ref: d.Code, Name: d.Short(), Division: d.Code, Point: d.Center}
		if e.Name != d.Name {
			e.Also = []string{d.Name}
		}
		list = append(list, e)
	}
	return list
}

// Merge brings two lists of hits into one, best first, at most so many.
func Merge(a, b []Hit, limit int) []Hit {
	out := append(slices.Clone(a), b...)
	slices.SortFunc(out, func(x, y Hit) int {
		if x.before(y) {
			return -1
		}
		return 1
	})
	return out[:min(len(out), limit)]
}

// Coordinates are the points that a query may mean: one in the system that it names, else one
// in each, WGS-84 first. Name tells the system and what was written, Also[0] the system,
// Point is WGS-84. A query that is no pair of coordinates means none.
func Coordinates(query string) []Entry {
	given, system, ok := ParsePoint(query)
	if !ok {
		return nil
	}
	systems := []System{WGS84, GCJ02, BD09}
	if systemForm.MatchString(strings.TrimSpace(query)) || !chinese(given) {
		systems = []System{system}
	}
	var out []Entry
	for _, s := range systems {
		at := s.ToWGS84(given)
		out = append(out, Entry{Kind: At, Name: fmt.Sprintf("%s %.6f, %.6f", s, given.Lon, given.Lat), Also: []string{string(s)}, Point: &at})
	}
	return out
}
