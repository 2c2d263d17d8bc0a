import { type Ms, at } from "../time/span";
import { dateOf, timeOf, wall } from "../time/shanghai";
import { lengthOf } from "./scale";
import { scaleOf } from "./layout";
import type { Row, Scene, Words } from "./scene";

/** stateOf says what a row has at a moment, in words. */
export function stateOf(row: Row, t: Ms, words: Words): string {
  const gap = at(row.gaps, t);
  if (gap) return words.gap(words.cause(gap.cause));
  if (at(row.covered, t)) return words.footage;
  if (row.error) return row.error;
  return row.loading ? words.loading : words.none;
}

/** describe writes a moment in full, and what a row has then. */
export function describe(s: Scene, row: Row | null, t: Ms): string {
  const scale = scaleOf(s);
  const fine = lengthOf(scale.span) / scale.width < 100; // ms a pixel
  const when = fine ? `${dateOf(t)} ${timeOf(t, true)}` : wall(t);
  return row ? `${when} ${row.label} ${stateOf(row, t, s.words)}` : when;
}

/** The slider as a screen reader hears it. Values are whole seconds since 1970. */
export interface Spoken {
  min: number;
  max: number;
  now: number;
  text: string;
}

export function spoken(s: Scene): Spoken {
  const all = s.limits ?? s.span;
  const row = s.rows.find((r) => r.id === s.current) ?? null;
  const min = Math.floor(all.from / 1000);
  const max = Math.ceil(all.to / 1000);
  if (s.cursor === null) return { min, max, now: min, text: `${wall(s.span.from)} – ${wall(s.span.to)}` };
  const t = s.cursor;
  const now = Math.min(Math.max(Math.floor(t / 1000), min), max);
  const state = row ? ` ${row.label} ${stateOf(row, t, s.words)}` : "";
  return { min, max, now, text: wall(t) + state };
}
