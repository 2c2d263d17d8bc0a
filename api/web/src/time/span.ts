import type { Offset } from "./offset";

/** A moment: milliseconds since 1970, UTC. The server's six decimals of a second are kept as fractions. */
export type Ms = number;

/** Half-open: from is inside, to is not. */
export interface Span {
  from: Ms;
  to: Ms;
}

/** A hole in the footage; cause is a machine word such as camera_offline. */
export interface Gap extends Span {
  cause: string;
}

/** What there is of a camera between two moments. Both lists ascend; the answer holds up to until. */
export interface Coverage {
  covered: Span[];
  gaps: Gap[];
  until: Ms;
  /** offsets say how the camera's clock stood meanwhile, where that was measured. */
  offsets?: Offset[];
}

/** Footage that goes on within so many ms goes on: frames are not that exact. */
export const joint = 50;

/** at finds the span a moment lies in, by bisection. */
export function at<T extends Span>(list: readonly T[], t: Ms): T | null {
  let lo = 0;
  let hi = list.length;
  while (lo < hi) {
    const mid = (lo + hi) >> 1;
    if (list[mid]!.to <= t) lo = mid + 1;
    else hi = mid;
  }
  const x = list[lo];
  return x && x.from <= t ? x : null;
}

/** next is the first span that begins after a moment. */
export function next<T extends Span>(list: readonly T[], t: Ms): T | null {
  return list.find((x) => x.from > t) ?? null;
}

/** previous is the last span that ends at or before a moment. */
export function previous<T extends Span>(list: readonly T[], t: Ms): T | null {
  for (let i = list.length - 1; i >= 0; i--) if (list[i]!.to <= t) return list[i]!;
  return null;
}

/** joined closes holes that are shorter than a frame. */
export function joined(list: readonly Span[]): Span[] {
  const out: Span[] = [];
  for (const s of list) {
    const last = out[out.length - 1];
    if (last && s.from - last.to <= joint) last.to = Math.max(last.to, s.to);
    else out.push({ from: s.from, to: s.to });
  }
  return out;
}
