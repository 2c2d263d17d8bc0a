import type { Ms } from "../time/span";
import { dateOf, day, hour, startOfDay, timeOf } from "../time/shanghai";
import { type Scale, lengthOf, xOf } from "./scale";

export interface Tick {
  t: Ms;
  x: number;
  text: string;
  /** a day begins here */
  midnight: boolean;
}

const second = 1000;
const minute = 60 * second;
const steps: Ms[] = [
  ...[1, 2, 5, 10, 15, 30].map((n) => n * second),
  ...[1, 2, 5, 10, 15, 30].map((n) => n * minute),
  ...[1, 2, 3, 6, 12].map((n) => n * hour),
  ...[1, 2, 5, 10, 30, 100].map((n) => n * day),
];

/** room is how many pixels a label of this step takes, with air: 09:00:00 or 09:00. */
export const room = (step: Ms) => (step < minute ? 68 : 50);

/** stepOf is the shortest step whose labels do not run into each other. */
export function stepOf(s: Scale): Ms {
  const perPixel = lengthOf(s.span) / Math.max(s.width, 1);
  return steps.find((step) => step >= room(step) * perPixel) ?? steps[steps.length - 1]!;
}

/** ticks are the labelled moments in view. Every step counts from a midnight of the site. */
export function ticks(s: Scale): Tick[] {
  const step = stepOf(s);
  const origin = startOfDay(0);
  const out: Tick[] = [];
  for (let n = Math.ceil((s.span.from - origin) / step); ; n++) {
    const t = origin + n * step;
    if (t > s.span.to) return out;
    const midnight = startOfDay(t) === t;
    const text = midnight ? dateOf(t).slice(5) : timeOf(t).slice(0, step < minute ? 8 : 5);
    out.push({ t, x: xOf(s, t), text, midnight });
  }
}
