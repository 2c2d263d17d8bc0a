import type { Hop, Point } from "./types";

/** Where a route halts; one that comes back to a camera has several numbers there. */
export interface Halt {
  id: string;
  at: Point;
  label: string;
}

export function haltsOf(hops: readonly Hop[]): Halt[] {
  const halts = new Map<string, Halt>();
  hops.forEach((h, i) => {
    const old = halts.get(h.id);
    if (old) old.label += `·${i + 1}`;
    else halts.set(h.id, { id: h.id, at: [h.lon, h.lat], label: String(i + 1) });
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
