import type { Ms, Span } from "../time/span";

/** first is the index of the first span that ends after a moment, by bisection. */
export function first(list: readonly Span[], t: Ms, lo = 0): number {
  let hi = list.length;
  while (lo < hi) {
    const mid = (lo + hi) >> 1;
    if (list[mid]!.to <= t) lo = mid + 1;
    else hi = mid;
  }
  return lo;
}

/**
 * bars turns an ascending list into the runs of pixels it touches: a0, b0, a1,
 * b1, … with a <= pixel < b, ascending and apart. What is out of view is never
 * looked at, and what falls into a run that is drawn anyway is skipped by
 * bisection: the cost goes with the pixels, not with the list.
 * min: pixels that a run has at least, so that the short stay visible.
 */
export function bars(list: readonly Span[], view: Span, pixels: number, min = 1): number[] {
  const out: number[] = [];
  const scale = pixels / (view.to - view.from);
  let end = -1;
  let i = first(list, view.from);
  while (i < list.length) {
    const s = list[i]!;
    if (s.from >= view.to) break;
    const a = Math.max(0, Math.floor((s.from - view.from) * scale));
    const b = Math.min(pixels, Math.ceil((s.to - view.from) * scale));
    if (a <= end) {
      end = Math.max(end, b);
      out[out.length - 1] = end;
    } else {
      end = Math.min(pixels, Math.max(b, a + min));
      out.push(a, end);
    }
    i++;
    // A hair less than the run's end: rounding must not swallow a neighbour.
    const drawn = view.from + (end - 1e-6) / scale;
    if (i < list.length && list[i]!.to <= drawn) i = first(list, drawn, i);
  }
  return out;
}
