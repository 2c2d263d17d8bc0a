package recorder

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"qianshao/storage/media"
)

// structure draws the presentation ticks of a stream in decode order: groups of
// a reference picture and the B-frames shown before it, in any order.
func structure(t *rapid.T, depth int) (ticks []int64, keys []bool) {
	const step = 3600
	shown := int64(0)
	for range rapid.IntRange(8, 40).Draw(t, "groups") {
		b := rapid.IntRange(0, depth).Draw(t, "b")
		key := len(ticks) == 0 || rapid.IntRange(0, 5).Draw(t, "key") == 0
		if key {
			b = 0
		}
		ticks, keys = append(ticks, (shown+int64(b))*step), append(keys, key)
		inner := make([]int64, b)
		for i := range inner {
			inner[i] = (shown + int64(i)) * step
		}
		for _, i := range rapid.Permutation(inner).Draw(t, "order") {
			ticks, keys = append(ticks, i), append(keys, false)
		}
		shown += int64(b) + 1
	}
	return ticks, keys
}

func give(ticks []int64, keys []bool, probe bool) (o *order, out []placed) {
	o = newOrder(probe, 90000)
	for i, tick := range ticks {
		u := media.Unit{Pos: int64(i)}
		if keys[i] {
			u.Sync = media.KeyFrame
		}
		o.push(picture{unit: u, tick: tick}, func(p placed) { out = append(out, p) })
	}
	o.flush(func(p placed) { out = append(out, p) })
	return o, out
}

// TestOrderAgainstOracle: with the whole stream known, the i-th decode time is
// the i-th smallest presentation time.
func TestOrderAgainstOracle(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		depth := rapid.IntRange(0, 4).Draw(t, "depth")
		ticks, keys := structure(t, depth)
		o, out := give(ticks, keys, true)
		if len(out) != len(ticks) {
			t.Fatalf("%d pictures of %d", len(out), len(ticks))
		}
		sorted := slices.Sorted(slices.Values(ticks))
		for i, p := range out {
			if p.unit.Pos != int64(i) {
				t.Fatalf("picture %d came as %d", p.unit.Pos, i)
			}
			if i > 0 && p.dts <= out[i-1].dts {
				t.Errorf("picture %d: decode time %d after %d", i, p.dts, out[i-1].dts)
			}
			if i > 0 && out[i-1].dts+out[i-1].dur != p.dts {
				t.Errorf("picture %d lasts %d, the next comes after %d", i-1, out[i-1].dur, p.dts-out[i-1].dts)
			}
			if p.dts-o.delay > p.tick {
				t.Errorf("picture %d is decoded at %d and shown at %d", i, p.dts-o.delay, p.tick)
			}
			if o.grew {
				continue // deeper than the first pictures showed: the rest is the next segment's
			}
			if p.dts != sorted[i] || p.tick != ticks[i] {
				t.Errorf("picture %d: %d at %d, want %d at %d", i, p.dts, p.tick, sorted[i], ticks[i])
			}
			if clean := i == 0 || slices.Max(ticks[:i]) < slices.Min(ticks[i:]); p.cut && !clean || clean && !p.cut {
				t.Errorf("picture %d: cut %v, want %v", i, p.cut, clean)
			}
		}
	})
}

// TestOrderDeepens: once a deeper structure than expected was met, deepen makes
// room for it.
func TestOrderDeepens(t *testing.T) {
	t.Parallel()
	o := newOrder(false, 90000)
	var out []placed
	feed := func(ticks ...int64) {
		for _, tick := range ticks {
			o.push(picture{tick: tick * 3600}, func(p placed) { out = append(out, p) })
		}
	}
	feed(0, 1, 2, 3)
	for g := range 6 { // a pyramid: 4 8→ decode 4, 2, 1, 3
		b := int64(4 + 4*g)
		feed(b+3, b+1, b, b+2)
		if o.grew {
			o.deepen()
		}
	}
	out = out[:0]
	feed(31, 29, 28, 30, 35, 33, 32, 34, 39, 37, 36, 38)
	if o.grew {
		t.Errorf("still too shallow: depth %d, delay %d", o.depth, o.delay)
	}
	for _, p := range out {
		if p.tick%3600 != 0 || p.dts-o.delay > p.tick {
			t.Errorf("decoded at %d, shown at %d", p.dts-o.delay, p.tick)
		}
	}
}

// TestOrderTakesAnything: whatever the timestamps, decode times grow and no
// picture is lost or shown before it is decoded.
func TestOrderTakesAnything(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		ticks := rapid.SliceOfN(rapid.Int64Range(0, 200_000), 1, 60).Draw(t, "ticks")
		o, out := give(ticks, make([]bool, len(ticks)), rapid.Bool().Draw(t, "probe"))
		if len(out) != len(ticks) {
			t.Fatalf("%d pictures of %d", len(out), len(ticks))
		}
		for i, p := range out {
			if i > 0 && p.dts <= out[i-1].dts || p.dts-o.delay > p.tick || p.dur <= 0 {
				t.Errorf("picture %d: decoded at %d, shown at %d, lasts %d", i, p.dts-o.delay, p.tick, p.dur)
			}
		}
		if o.delay >= 90000 {
			t.Errorf("delay %d", o.delay)
		}
	})
}
