import type { Ms } from "./span";

// The wall clock of the site: Asia/Shanghai, +08:00 all year, whatever the
// browser's zone is.

const offset = 8 * 3600_000;
export const hour: Ms = 3600_000;
export const day: Ms = 24 * hour;

const two = (n: number) => String(n).padStart(2, "0");

/** dateOf is the date of a moment: 2026-11-24. */
export function dateOf(t: Ms): string {
  const d = new Date(t + offset);
  return `${d.getUTCFullYear()}-${two(d.getUTCMonth() + 1)}-${two(d.getUTCDate())}`;
}

/** timeOf is the time of day: 09:00:00, with ms 09:00:00.040. */
export function timeOf(t: Ms, ms = false): string {
  const d = new Date(Math.floor(t) + offset);
  const s = `${two(d.getUTCHours())}:${two(d.getUTCMinutes())}:${two(d.getUTCSeconds())}`;
  return ms ? `${s}.${String(d.getUTCMilliseconds()).padStart(3, "0")}` : s;
}

/** wall is date and time as a form holds them: 2026-11-24 09:00:00. */
export const wall = (t: Ms) => `${dateOf(t)} ${timeOf(t)}`;

/** startOfDay is the first moment of the day of a moment. */
export const startOfDay = (t: Ms): Ms => Math.floor((t + offset) / day) * day - offset;

/** iso writes a moment for the server. */
export const iso = (t: Ms) => new Date(Math.round(t)).toISOString();

/** moment reads what the server writes, 2026-11-24T01:00:00.000040Z, with its microseconds. */
export function moment(text: string): Ms {
  const m = /^(.*\.\d{3})(\d{3})(Z|[+-]\d\d:\d\d)$/.exec(text);
  return m ? Date.parse(m[1]! + m[3]!) + Number(m[2]) / 1000 : Date.parse(text);
}

/** midnight begins a date; NaN: there is no such date. */
export function midnight(year: number, month: number, date: number): Ms {
  const t = Date.UTC(year, month - 1, date);
  const d = new Date(t);
  return d.getUTCMonth() === month - 1 && d.getUTCDate() === date ? t - offset : NaN;
}

/** length writes how long something is: 1:05:09, or 0:07. */
export function length(ms: Ms): string {
  const s = Math.round(ms / 1000);
  const tail = two(s % 60);
  return s >= 3600 ? `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}:${tail}` : `${Math.floor(s / 60)}:${tail}`;
}
