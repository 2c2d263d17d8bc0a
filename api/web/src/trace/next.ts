import { bearing, distance } from "@/map/geometry";
import type { Point } from "@/map/types";
import type { Hit } from "@/search/footage";
import { joined, type Ms, type Span } from "@/time/span";

// Where a route may have gone on to.

/** reach is how far the next camera may be, m. */
export const reach = 3000;
/** shown is how many of them are previewed. */
export const shown = 4;

/** speeds are those that people are thought to move at, km/h, as the crow flies. */
export const speeds = { walk: 5, ride: 25, drive: 40 } as const;
export type Pace = keyof typeof speeds;
export const paces = Object.keys(speeds) as Pace[];

/** Next is a camera that may be gone on to. */
export interface Next {
  hit: Hit;
  distance: number; // m, straight
  bearing: number; // degrees, from the camera one is at
  travel: Ms;
  filmed: boolean; // it has footage in the window
}

/** weights are the server's for a search: who looks away counts as four times as far away. */
const weights: Record<string, number> = { facing: 1, unknown: 2, beside: 2.5, away: 4 };
/** least keeps cameras on the same pole comparable, m. */
const least = 20;

/** turn is the angle between two directions, 0 to 180. */
export const turn = (a: number, b: number) => Math.abs(((a - b + 540) % 360) - 180);

/**
 * rank orders the cameras around the one that the route is at: soon reached, seeing the place, and ahead where it has a
 * heading: one behind counts three times. Those without footage come last.
 */
export function rank(hits: readonly Hit[], here: { id: string; at: Point }, heading: number | null, pace: Pace): Next[] {
  const list: (Next & { score: number })[] = [];
  for (const hit of hits) {
    if (hit.id === here.id || hit.lon === null || hit.lat === null) continue;
    const there: Point = [hit.lon, hit.lat];
    const far = distance(here.at, there);
    if (far > reach) continue;
    const to = bearing(here.at, there);
    const travel = (far / (speeds[pace] / 3.6)) * 1000;
    const back = heading === null || far < least ? 0 : turn(heading, to) / 90;
    const score = Math.max(travel, (least / (speeds[pace] / 3.6)) * 1000) * (1 + back) * (weights[hit.view ?? "unknown"] ?? 2);
    list.push({ hit, distance: far, bearing: to, travel, filmed: hit.coverage.covered.length > 0, score });
  }
  return list.sort((a, b) => Number(b.filmed) - Number(a.filmed) || a.score - b.score || a.hit.id.localeCompare(b.hit.id));
}

/** headingOf is the direction in which a route came to where it is; null: it has not moved. */
export function headingOf(stops: readonly { lon: number | null; lat: number | null }[]): number | null {
  const placed = stops.flatMap((s): Point[] => (s.lon === null || s.lat === null ? [] : [[s.lon, s.lat]]));
  const here = placed.pop();
  if (!here) return null;
  for (const before of placed.reverse()) if (distance(before, here) >= least) return bearing(before, here);
  return null;
}

const winds = ["n", "ne", "e", "se", "s", "sw", "w", "nw"] as const;
/** windOf names a direction, in eighths. */
export const windOf = (degrees: number) => winds[Math.round(((degrees % 360) + 360) / 45) % 8]!;

const minute: Ms = 60_000;

/** newest is where a route sets out that says no moment: a minute before footage ends, that it may go on a while. */
export function newest(covered: readonly Span[], now: Ms): Ms {
  const last = joined(covered).pop();
  return Math.ceil(last ? Math.max(last.from, last.to - minute) : now - minute);
}

/** windowOf is the time that is looked at around a moment. It moves in steps: each is a viewing. */
export function windowOf(t: Ms): Span {
  const step = Math.floor(t / (5 * minute)) * 5 * minute;
  return { from: step - 15 * minute, to: step + 20 * minute };
}

/** worn is whether a moment comes near the end of a window. */
export const worn = (w: Span, t: Ms) => t < w.from + minute || t > w.to - 5 * minute;
