import { at, type Coverage, joint, joined, type Ms, next, previous, type Span } from "@/time/span";

/** longest is how much is asked for in one go: its index stays small. */
export const longest: Ms = 3600_000;
/** before is how much of it lies before the moment, so that going back a little needs nothing new. */
const before: Ms = 120_000;
/** least is the shortest footage that is worth an element of its own. */
const least: Ms = 100;

/** What there is at a moment: footage, with the stretch to ask for, or none and why. */
export type Found =
  | { kind: "footage"; ask: Span }
  | { kind: "gap"; span: Span; cause: string; before: Ms | null; after: Ms | null }
  | { kind: "ahead"; before: Ms | null } // not recorded yet
  | { kind: "none"; before: Ms | null; after: Ms | null };

/** find says what a camera has at a moment. Holes shorter than a frame are none. */
export function find(c: Coverage, t: Ms, limits: Span): Found {
  const covered = joined(c.covered);
  const here = at(covered, t) ?? near(covered, t);
  if (here && here.to - Math.max(t, here.from) >= Math.min(least, here.to - here.from)) {
    const from = Math.max(limits.from, t - before, covered[0]!.from);
    const to = Math.min(limits.to, from + longest, c.until, covered[covered.length - 1]!.to);
    return { kind: "footage", ask: { from: Math.min(from, t), to: Math.max(to, Math.min(here.to, t + 1000)) } };
  }
  const past = previous(covered, t)?.to ?? null;
  const after = next(covered, t)?.from ?? null;
  const gap = at(c.gaps, t);
  if (gap) return { kind: "gap", span: gap, cause: gap.cause, before: past, after };
  if (t >= c.until) return { kind: "ahead", before: past };
  return { kind: "none", before: past, after };
}

/** near is footage that begins or ended within a frame of a moment. */
function near(list: readonly Span[], t: Ms): Span | null {
  return list.find((s) => s.from > t && s.from - t <= joint) ?? null;
}
