package place

import (
	"unicode"
	"unicode/utf8"

	"github.com/mozillazg/go-pinyin"
)

// mostReadings bounds the ways a name with characters of several readings is kept.
const mostReadings = 4

// plain asks for syllables without tones, of all readings.
var plain = pinyin.Args{Style: pinyin.Normal, Heteronym: true, Separator: "", Fallback: func(rune, pinyin.Args) []string { return nil }}

// readings spells the parts of a name in syllables: 兴义 is [[xing yi]]. Letters and
// digits stay what they are. A name without Chinese characters has none.
func readings(parts []string) [][]string {
	out := [][]string{nil}
	chinese := false
	for _, part := range parts {
		r, _ := utf8.DecodeRuneInString(part)
		var ways []string
		if unicode.Is(unicode.Han, r) {
			chinese = true
			ways = unique(pinyin.SinglePinyin(r, plain))
		}
		if len(ways) == 0 {
			ways = []string{part}
		}
		out = spread(out, ways)
	}
	if !chinese {
		return nil
	}
	return out
}

// spread continues each list in each way, as far as mostReadings go.
func spread(lists [][]string, ways []string) [][]string {
	if len(lists)*len(ways) > mostReadings {
		ways = ways[:max(1, mostReadings/len(lists))]
	}
	out := make([][]string, 0, len(lists)*len(ways))
	for _, way := range ways {
		for _, list := range lists {
			out = append(out, append(list[:len(list):len(list)], way))
		}
	}
	return out
}

func unique(list []string) []string {
	var out []string
	seen := map[string]bool{}
	for _, s := range list {
		if !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	return out
}
