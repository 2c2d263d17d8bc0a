import type { Ms } from "../time/span";
import { type Scale, timeAt, xOf } from "./scale";
import type { Mark, Marks, Row, Scene } from "./scene";

// Where things are, in CSS pixels of the canvas.
//
//   corner | header   clock of the ticks above, below it the lane of flags and handles
//   labels | bars     a row a camera

export const header = 38;
export const lane = 20; // of the header, from here down: flags, handles, bookmarks
export const rowHeight = 24;
export const barHeight = 14;
export const flag = 15; // width of the flags I and O

export const leftOf = (width: number) => (width < 500 ? 96 : 140);

export function scaleOf(s: Scene): Scale {
  const left = leftOf(s.box.width);
  return { span: s.span, left, width: Math.max(s.box.width - left, 1) };
}

/** wanted is the height at which no row needs scrolling. */
export const wanted = (rows: number) => header + rows * rowHeight;

export const mostScroll = (s: Scene) => Math.max(0, wanted(s.rows.length) - s.box.height);

export const topOf = (s: Scene, index: number) => header + index * rowHeight - s.scroll;

export function rowAt(s: Scene, y: number): Row | null {
  if (y < header || y >= s.box.height) return null;
  return s.rows[Math.floor((y - header + s.scroll) / rowHeight)] ?? null;
}

/** seen is the range of rows in view, the second excluded. */
export function seen(s: Scene): [number, number] {
  const a = Math.max(0, Math.floor(s.scroll / rowHeight));
  const b = Math.ceil((s.scroll + s.box.height - header) / rowHeight);
  return [a, Math.max(a, Math.min(s.rows.length, b))];
}

/** scrolledTo is the scroll that brings a row wholly into view with the least motion. */
export function scrolledTo(s: Scene, index: number): number {
  const low = (index + 1) * rowHeight - (s.box.height - header);
  return Math.max(0, Math.min(Math.max(s.scroll, low), index * rowHeight, mostScroll(s)));
}

/** What lies under the pointer. */
export type Zone =
  | { kind: "corner" }
  | { kind: "label"; row: Row | null }
  | { kind: "bars"; row: Row | null }
  | { kind: "header" }
  | { kind: "cursor" }
  | { kind: "bookmark"; at: Ms }
  | { kind: "flag"; which: keyof Marks };

/** hit finds it. slop: pixels by which the small things are made larger, more for a finger than for a mouse. */
export function hit(s: Scene, x: number, y: number, slop = 2): Zone {
  const scale = scaleOf(s);
  if (x < scale.left) return y < header ? { kind: "corner" } : { kind: "label", row: rowAt(s, y) };
  if (y >= header) return { kind: "bars", row: rowAt(s, y) };
  if (y >= lane - slop) {
    // The flags stand outside of the piece they bound: two that touch are still two.
    const from = s.marks.in === null ? NaN : x - xOf(scale, s.marks.in);
    const to = s.marks.out === null ? NaN : x - xOf(scale, s.marks.out);
    if (from >= -flag - slop && from <= 0) return { kind: "flag", which: "in" };
    if (to >= 0 && to <= flag + slop) return { kind: "flag", which: "out" };
  }
  if (s.cursor !== null && Math.abs(x - xOf(scale, s.cursor)) <= 6 + slop) return { kind: "cursor" };
  const mark = y >= lane ? bookmarkAt(s, x, 5 + slop) : null;
  return mark ? { kind: "bookmark", at: mark.at } : { kind: "header" };
}

/** bookmarkAt is the nearest bookmark within so many pixels. */
export function bookmarkAt(s: Scene, x: number, within = 7): Mark | null {
  const scale = scaleOf(s);
  let best: Mark | null = null;
  let least = within;
  for (const m of s.bookmarks) {
    const far = Math.abs(xOf(scale, m.at) - x);
    if (far <= least) [best, least] = [m, far];
  }
  return best;
}

/** timeUnder is the moment at a pixel, kept inside the view. */
export function timeUnder(s: Scene, x: number): Ms {
  const t = timeAt(scaleOf(s), x);
  return Math.min(Math.max(t, s.span.from), s.span.to);
}
