import { day, startOfDay } from "@/time/shanghai";
import type { Ms } from "@/time/span";

/** weekdays are the names of a week's days among the words. */
export const weekdays = ["mo", "tu", "we", "th", "fr", "sa", "su"] as const;

/** Week is seven first moments of days, Monday first. */
export type Week = Ms[];

/** monthOf is the weeks that a moment's month touches. */
export function monthOf(t: Ms): Week[] {
  const first = firstOf(t);
  const weekday = (new Date(first + 8 * 3600_000).getUTCDay() + 6) % 7;
  const weeks: Week[] = [];
  for (let d = first - weekday * day; d < nextMonth(first, 1); d += 7 * day) weeks.push([0, 1, 2, 3, 4, 5, 6].map((i) => d + i * day));
  return weeks;
}

/** firstOf is the first moment of a moment's month. */
export function firstOf(t: Ms): Ms {
  const d = new Date(startOfDay(t) + 8 * 3600_000);
  return startOfDay(t) - (d.getUTCDate() - 1) * day;
}

/** nextMonth is the first moment of the month so many months on. */
export function nextMonth(t: Ms, n: number): Ms {
  const d = new Date(firstOf(t) + 8 * 3600_000);
  return Date.UTC(d.getUTCFullYear(), d.getUTCMonth() + n, 1) - 8 * 3600_000;
}
