import { day, iso, moment, startOfDay } from "@/time/shanghai";
import type { Ms, Span } from "@/time/span";

/** days is how many the calendar shows, today's among them. */
export const days = 31;

/** Square is a day of the calendar. nodata: the camera was not enrolled, or nothing is known yet. */
export interface Square {
  day: Ms;
  kind: "nodata" | "zero" | "part" | "full";
  share: number; // of the day since the camera was enrolled; of today up to now
}

export const monthOf = (now: Ms): Span => ({ from: startOfDay(now) - (days - 1) * day, to: startOfDay(now) + day });
export const dayOf = (t: Ms): Span => ({ from: startOfDay(t), to: startOfDay(t) + day });

export const askOf = (s: Span) => ({ from: iso(s.from), to: iso(s.to) });

/** squaresOf reads the server's buckets of a day each. */
export function squaresOf(month: Span, buckets: readonly { from: string; covered: number }[], until: Ms, enrolled: Ms): Square[] {
  const shares = new Map(buckets.map((b) => [moment(b.from), b.covered]));
  const out: Square[] = [];
  for (let d = month.from; d < month.to; d += day) {
    const share = since(shares.get(d) ?? 0, d, Math.min(d + day, until), enrolled);
    const unknown = share === 0 && (d + day <= enrolled || d >= until);
    out.push({ day: d, share, kind: unknown ? "nodata" : share === 0 ? "zero" : share >= 0.9995 ? "full" : "part" });
  }
  return out;
}

/** since counts the day on which a camera was enrolled from then on. */
function since(share: number, from: Ms, to: Ms, enrolled: Ms): number {
  if (enrolled <= from || enrolled >= to) return share;
  return Math.min(1, (share * (to - from)) / (to - enrolled));
}

/** percent never rounds up to all, nor down to nothing. */
export const percent = (share: number) => (share > 0 && share < 0.01 ? "<1" : String(share >= 0.9995 ? 100 : Math.floor(share * 100)));

/** weekday is the column of a day, Monday 1. */
export const weekday = (d: Ms) => ((new Date(d + 8 * 3600_000).getUTCDay() + 6) % 7) + 1;
