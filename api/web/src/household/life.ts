import type { components } from "@/server/schema";
import { moment } from "@/time/shanghai";
import type { Ms } from "@/time/span";

export type Life = components["schemas"]["LifeOutBody"];
export type Pause = components["schemas"]["PauseJSON"];
export type Hours = components["schemas"]["HoursJSON"];

/** holds reports whether a pause holds at a moment, by the site's clock (UTC+8). */
export function holds(p: Pick<Pause, "from" | "to" | "daily">, now: Ms): boolean {
  if (now < moment(p.from) || (p.to && now >= moment(p.to))) return false;
  if (!p.daily) return true;
  const minute = Math.floor(now / 60_000 + 8 * 60) % 1440;
  const { from_minute: from, to_minute: to } = p.daily;
  return from < to ? minute >= from && minute < to : minute >= from || minute < to;
}

/** clock writes a minute of the day, 1320 as 22:00. */
export const clock = (minute: number) => `${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;

/** minute reads what clock writes; null: it is none. */
export function minute(text: string): number | null {
  const m = /^(\d{1,2}):(\d{2})$/.exec(text.trim());
  if (!m || Number(m[1]) > 23 || Number(m[2]) > 59) return null;
  return Number(m[1]) * 60 + Number(m[2]);
}
