package place

import (
	"index/suffixarray"
	"iter"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"
)

// Entry is a place with its names.
type Entry struct {
	Kind     Kind
	Ref      string   // division code, camera id, or the site's own id
	Name     string   // as it is shown
	Also     []string // other names it is found by
	Division string   // 12 digits; "" where not known
	Point    *Point   // nil: not known
}

// Gazetteer finds places by name, by pinyin and by initials. It is made once and
// never changes; any number of goroutines may ask it.
//
// All names stand one after the other in one text with a suffix array over it: a
// search is a matter of the matches, not of the places.
type Gazetteer struct {
	entries []Entry
	data    []byte   // keys, each followed by a zero
	keys    []key    // by start
	blocks  []uint32 // the key that each block of data begins in
	words   bitset   // positions in data where a match may begin: a syllable, a rune
	array   *suffixarray.Index

	scratch sync.Pool // of *scores, for this many entries
}

type key struct {
	start uint32
	entry uint32
	form  form
}

// form is how a key stands for a name.
type form uint8

const (
	written  form = iota // the name itself
	spelled              // pinyin, without tones and spaces
	initials             // the first letter of each syllable
)

// NewGazetteer makes a gazetteer of places. It keeps the list.
func NewGazetteer(list []Entry) *Gazetteer {
	g := &Gazetteer{entries: list}
	var b builder
	for i := range list {
		b.entry(uint32(i), &list[i])
	}
	g.data, g.keys, g.words = b.data, b.keys, b.words
	for k, i := 0, 0; i < len(g.data); i += blockBytes {
		for k+1 < len(g.keys) && int(g.keys[k+1].start) <= i {
			k++
		}
		g.blocks = append(g.blocks, uint32(k))
	}
	g.array = suffixarray.New(g.data)
	return g
}

// Len is how many places there are.
func (g *Gazetteer) Len() int { return len(g.entries) }

// All visits every place. What it hands out is not to be changed.
func (g *Gazetteer) All() iter.Seq[*Entry] {
	return func(yield func(*Entry) bool) {
		for i := range g.entries {
			if !yield(&g.entries[i]) {
				return
			}
		}
	}
}

type builder struct {
	data  []byte
	keys  []key
	words bitset
	seen  map[string]bool // keys of the entry at hand
}

func (b *builder) entry(i uint32, e *Entry) {
	b.seen = map[string]bool{}
	b.names(i, e.Name)
	for _, also := range e.Also {
		b.names(i, also)
	}
	if e.Kind != Camera && e.Ref != "" {
		b.key(i, written, []string{e.Ref})
	}
}

func (b *builder) names(i uint32, name string) {
	words := split(name)
	b.key(i, written, words)
	for _, reading := range readings(words) {
		b.key(i, spelled, reading)
		first := make([]string, len(reading))
		for k, syllable := range reading {
			_, n := utf8.DecodeRuneInString(syllable)
			first[k] = syllable[:n]
		}
		b.key(i, initials, first)
	}
}

// key adds the parts, joined, each beginning where a match may.
func (b *builder) key(i uint32, f form, parts []string) {
	whole := strings.Join(parts, "")
	if whole == "" || b.seen[whole] {
		return
	}
	b.seen[whole] = true
	b.keys = append(b.keys, key{start: uint32(len(b.data)), entry: i, form: f})
	for _, part := range parts {
		b.words.set(len(b.data))
		b.data = append(b.data, part...)
	}
	b.data = append(b.data, 0)
}

// split cuts a name where a search may begin: at each Chinese character, and at each
// run of letters or of digits. Wide letters become narrow ones, and all of them small;
// spaces and punctuation are left out, but for - . _ within.
func split(name string) []string {
	var parts []string
	var part strings.Builder
	last := other
	flush := func() {
		if part.Len() > 0 {
			parts = append(parts, part.String())
			part.Reset()
		}
	}
	for _, r := range width.Fold.String(name) {
		k := kindOf(r)
		switch {
		case k == other:
			flush()
		case k == han, k != joint && k != last && last != joint:
			flush()
			part.WriteRune(unicode.ToLower(r))
		default:
			part.WriteRune(unicode.ToLower(r))
		}
		last = k
	}
	flush()
	return parts
}

// fold is what remains of a name in one piece.
func fold(name string) string { return strings.Join(split(name), "") }

type runeKind uint8

const (
	other runeKind = iota
	han
	letter
	digit
	joint // - . _
)

func kindOf(r rune) runeKind {
	switch {
	case unicode.Is(unicode.Han, r):
		return han
	case unicode.IsLetter(r), unicode.IsMark(r):
		return letter
	case unicode.IsDigit(r):
		return digit
	case r == '-', r == '.', r == '_':
		return joint
	}
	return other
}

// blockBytes is how far apart keyAt knows a key: some three of them.
const blockBytes = 64

// keyAt is the key that a position of data lies in.
func (g *Gazetteer) keyAt(pos int) key {
	k := g.blocks[pos/blockBytes]
	for int(k)+1 < len(g.keys) && int(g.keys[k+1].start) <= pos {
		k++
	}
	return g.keys[k]
}

// bitset is a set of small numbers.
type bitset []uint64

func (s *bitset) set(i int) {
	for i/64 >= len(*s) {
		*s = append(*s, 0)
	}
	(*s)[i/64] |= 1 << (i % 64)
}

func (s bitset) has(i int) bool { return i/64 < len(s) && s[i/64]&(1<<(i%64)) != 0 }
