// Wall clock of the site: Asia/Shanghai, which is +08:00 all year, whatever the
// browser's zone is. Moments are milliseconds since 1970, UTC.

const offset = 8 * 3600e3;
export const dayLength = 24 * 3600e3;

const two = (n) => String(n).padStart(2, "0");

/** dayOf is the date of a moment: "2026-11-24". */
export function dayOf(t) {
  const d = new Date(t + offset);
  return `${d.getUTCFullYear()}-${two(d.getUTCMonth() + 1)}-${two(d.getUTCDate())}`;
}

/** dayStart is the first moment of a date, NaN for what is no date. */
export function dayStart(day) {
  return /^\d{4}-\d\d-\d\d$/.test(day) ? Date.parse(day + "T00:00:00Z") - offset : NaN;
}

/** hms is the time of day, "09:00:00"; with ms "09:00:00.040". */
export function hms(t, ms = false) {
  const d = new Date(t + offset);
  const s = `${two(d.getUTCHours())}:${two(d.getUTCMinutes())}:${two(d.getUTCSeconds())}`;
  return ms ? `${s}.${String(d.getUTCMilliseconds()).padStart(3, "0")}` : s;
}

/** full is date, time and zone. */
export const full = (t, ms = false) => `${dayOf(t)} ${hms(t, ms)} +08:00`;

/** parseHms reads "9", "9:05", "09:05:07", "09:05:07.040" or "090507" as ms since midnight, else NaN. */
export function parseHms(text) {
  let s = text.trim().replace(/[：]/g, ":");
  if (/^\d{6}$/.test(s)) s = `${s.slice(0, 2)}:${s.slice(2, 4)}:${s.slice(4)}`;
  const m = /^(\d{1,2})(?::(\d{1,2}))?(?::(\d{1,2})(\.\d{1,3})?)?$/.exec(s);
  if (!m || m[1] > 24 || m[2] > 59 || m[3] > 59) return NaN;
  const t = m[1] * 3600e3 + (m[2] || 0) * 60e3 + (m[3] || 0) * 1e3 + Math.round((m[4] || 0) * 1e3);
  return t <= dayLength ? t : NaN;
}

/** iso writes a moment for the server. */
export const iso = (t) => new Date(Math.round(t)).toISOString();

/** local writes a date and time of the site, as it was typed, for the server. */
export function local(text) {
  const m = /^(\d{4}-\d\d-\d\d)[T ](\d{1,2}:\d\d)(:\d\d)?/.exec(text.trim());
  return m ? `${m[1]}T${m[2].padStart(5, "0")}${m[3] || ":00"}+08:00` : text;
}
