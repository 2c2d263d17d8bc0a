import type { Hop, Point } from "./types";

/** letterOf names the nth hop of a route, from 0: A to Z, then A1. Numbers are those of tiles. */
export const letterOf = (n: number) => String.fromCharCode(65 + (n % 26)) + (n < 26 ? "" : Math.floor(n / 26));

/** Where a route halts; one that comes back to a camera has several letters there. */
export interface Halt {
  id: string;
  at: Point;
  label: string;
}

export function haltsOf(hops: readonly Hop[]): Halt[] {
  const halts = new Map<string, Halt>();
  hops.forEach((h, i) => {
    const old = halts.get(h.id);
    if (old) old.label += `·${letterOf(i)}`;
    else halts.set(h.id, { id: h.id, at: [h.lon, h.lat], label: letterOf(i) });
  });
  return [...halts.values()];
}

/** legsOf are the ways from hop to hop; staying at a camera is none. */
export function legsOf(hops: readonly Hop[]): [Point, Point][] {
  return hops.slice(1).flatMap((to, i): [Point, Point][] => {
    const from = hops[i]!;
    return from.lon === to.lon && from.lat === to.lat ? [] : [[[from.lon, from.lat], [to.lon, to.lat]]];
  });
}
