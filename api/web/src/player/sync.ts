// How a tile is kept at the master clock: small differences are worked off by the
// playback rate, which nobody sees; large ones by a seek.

/** nudgeMost is by what part the rate is changed at most. */
export const nudgeMost = 0.12;
/** fastest is the highest rate that browsers play. */
const fastest = 16;
/** quiet is the difference that is left alone, seconds. */
const quiet = 0.012;

export type Correction = { seek: true } | { seek: false; rate: number };

/** correct says what to do about a tile that is behind by so many seconds (negative: ahead) at a rate. */
export function correct(behind: number, rate: number): Correction {
  if (Math.abs(behind) > Math.max(0.35, 0.25 * rate)) return { seek: true };
  if (Math.abs(behind) <= quiet * Math.max(1, rate)) return { seek: false, rate };
  const nudge = Math.max(-nudgeMost, Math.min(nudgeMost, behind / Math.max(1, rate)));
  // Browsers play a range of rates only; the steps are coarse enough not to change it all the time.
  return { seek: false, rate: Math.min(fastest, Math.round(rate * (1 + nudge) * 200) / 200) };
}

/** p95 is the 95th percentile. */
export function p95(values: readonly number[]): number {
  if (!values.length) return 0;
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * 0.95))]!;
}
