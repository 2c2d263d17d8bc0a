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

const days: Record<string, number> = { 今天: 0, today: 0, 昨天: -1, yesterday: -1, 前天: -2 };

/**
 * parse reads what people type: "2026-11-24 09:05", "11-24 9:05", "24日9点半", "昨天 21:30", "9:05", "9点", "090507", "2026/11/24 09:05:07".
 * What is missing is taken from now's day; a time alone that lies ahead is yesterday's. NaN: not understood.
 */
export function parse(text: string, now: Ms): Ms {
  let s = text.trim().toLowerCase().replace(/：/g, ":").replace(/[./年月](?=\d)/g, (mark, at: number, all: string) => (all.slice(0, at).includes(":") ? mark : "-")).replace(/日/g, " ").replace(/t(?=\d)/, " ");
  let base = startOfDay(now);
  let dated = false;
  for (const [word, shift] of Object.entries(days)) {
    if (s.startsWith(word)) {
      base += shift * day;
      dated = true;
      s = s.slice(word.length).trim();
    }
  }
  const only = /^(\d{1,2})[日号]\s*/.exec(text.trim());
  if (only) { // of this month, or of the one before
    const today = new Date(now + offset);
    const month = new Date(Date.UTC(today.getUTCFullYear(), today.getUTCMonth() - (Number(only[1]) > today.getUTCDate() ? 1 : 0)));
    base = dayOf(month.getUTCFullYear(), month.getUTCMonth() + 1, Number(only[1]));
    dated = true;
    s = s.replace(/^\d{1,2}[\s号]+/, "");
  }
  const d = /^(?:(\d{4})-)?(\d{1,2})-(\d{1,2})(?:\s+|$)/.exec(s);
  if (d) {
    const year = d[1] ? Number(d[1]) : new Date(now + offset).getUTCFullYear();
    base = dayOf(year, Number(d[2]), Number(d[3]));
    if (!d[1] && base > now) base = dayOf(year - 1, Number(d[2]), Number(d[3]));
    dated = true;
    s = s.slice(d[0].length).trim();
  }
  const clock = clockOf(s, dated);
  if (Number.isNaN(clock)) return NaN;
  const t = base + clock;
  return !dated && t > now ? t - day : t;
}

function dayOf(year: number, month: number, date: number): Ms {
  const t = Date.UTC(year, month - 1, date);
  const d = new Date(t);
  return d.getUTCMonth() === month - 1 && d.getUTCDate() === date ? t - offset : NaN;
}

function clockOf(s: string, optional: boolean): Ms {
  if (s === "") return optional ? 0 : NaN;
  const packed = /^(\d{2})(\d{2})(\d{2})?$/.exec(s);
  if (packed) s = `${packed[1]}:${packed[2]}:${packed[3] ?? "00"}`;
  const m = /^(上午|下午|晚上|凌晨|am|pm)?\s*(\d{1,2})(?:[:点时](\d{1,2}|半)?分?)?(?::(\d{1,2})(?:\.(\d{1,3}))?)?秒?\s*(am|pm)?$/.exec(s);
  if (!m) return NaN;
  let h = Number(m[2]);
  const half = m[1] ?? m[6];
  if ((half === "下午" || half === "晚上" || half === "pm") && h < 12) h += 12;
  const min = m[3] === "半" ? 30 : Number(m[3] ?? 0);
  const sec = Number(m[4] ?? 0);
  if (h > 24 || min > 59 || sec > 59) return NaN;
  return h * hour + min * 60_000 + sec * 1000 + Number((m[5] ?? "0").padEnd(3, "0"));
}

/** length writes how long something is: 1:05:09, or 0:07. */
export function length(ms: Ms): string {
  const s = Math.round(ms / 1000);
  const tail = two(s % 60);
  return s >= 3600 ? `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}:${tail}` : `${Math.floor(s / 60)}:${tail}`;
}
