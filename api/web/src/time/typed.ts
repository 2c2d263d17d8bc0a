import { dateOf, day, hour, midnight, startOfDay } from "./shanghai";
import type { Ms } from "./span";

const minute: Ms = 60_000;

// A part of the day: the hours that are said in it, counted on past midnight (晚上1点 is 25), and
// the hour that it begins with. Longer words stand before those that begin like them.
const parts: [RegExp, from: number, to: number, begins: number][] = [
  [/^凌晨/, 0, 7, 0],
  [/^(?:早上|早晨|清晨|清早|早|morning)/, 3, 12, 6],
  [/^晨/, 0, 10, 0],
  [/^am(?![a-z])/, 0, 12, 0],
  [/^上午/, 1, 13, 8],
  [/^(?:中午|正午|noon)/, 11, 15, 12],
  [/^(?:下午|午后|afternoon|pm(?![a-z]))/, 12, 24, 13],
  [/^傍晚/, 16, 21, 17],
  [/^(?:晚上|晚间|晚|evening)/, 17, 29, 18],
  [/^(?:半夜|深夜|午夜|midnight)/, 21, 30, 24],
  [/^(?:夜里|夜间|夜晚|夜|night)/, 18, 30, 20],
];

const shifts: [RegExp, days: number][] = [
  [/^大前[天日]/, -3], [/^前(?:[天日]|(?=晚))/, -2], [/^(?:昨(?:[天日]|(?=[早晨晚夜]))|yesterday(?![a-z])|last (?=night))/, -1],
  [/^(?:今(?:[天日]|(?=[早晨晚夜]))|today(?![a-z])|this (?=morning|afternoon|evening)|to(?=night))/, 0], [/^(?:明(?:[天日]|(?=[早晨晚夜]))|tomorrow(?![a-z]))/, 1], [/^后[天日]/, 2],
];

/**
 * parse reads what people type: "2026-11-24 09:05", "11月24号9点", "24日9点半", "昨晚9点", "9:05", "090507", "半小时前", "yesterday 9pm".
 * Days and how long ago count from now. A time alone is of the day of what is shown; with nothing shown it is today's, or the last one that was.
 * A day, or a part of one, is its beginning. NaN: not understood, and nothing is guessed.
 */
export function parse(text: string, now: Ms, shown?: Ms): Ms {
  let s = plain(text);
  const take = (re: RegExp) => {
    const m = re.exec(s);
    if (m) s = s.slice(m[0].length).replace(/^[\s,]+/, "");
    return m;
  };
  if (take(/^(?:现在|此刻|now)$/)) return now;
  const past = agoOf(s);
  if (past) return now - past;

  let base = NaN;
  const days = take(/^(\d{1,4}) ?(?:天(?:以|之)?前|days? ago(?![a-z]))/);
  if (days && s === "") return now - Number(days[1]) * day;
  if (days) base = startOfDay(now) - Number(days[1]) * day;
  for (const [word, shift] of shifts) if (Number.isNaN(base) && take(word)) base = startOfDay(now) + shift * day;
  const [year, month, today] = dateOf(now).split("-").map(Number) as [number, number, number];
  const date = Number.isNaN(base) && take(/^(?:(\d{4})[-./年] ?)?(\d{1,2})[-./月] ?(\d{1,2})(?:[日号]|t(?=\d)|(?![-./年月日号\d:点时]))/);
  if (date) {
    base = midnight(Number(date[1] ?? year), Number(date[2]), Number(date[3]));
    if (!date[1] && base > now) base = midnight(year - 1, Number(date[2]), Number(date[3]));
    if (Number.isNaN(base)) return NaN;
  }
  const only = Number.isNaN(base) && take(/^(\d{1,2})[日号]/);
  if (only) { // of this month, or of the one before
    const before = Number(only[1]) > today;
    base = midnight(before && month === 1 ? year - 1 : year, before ? (month + 10) % 12 + 1 : month, Number(only[1]));
    if (Number.isNaN(base)) return NaN;
  }

  const dated = !Number.isNaN(base);
  take(/^(?:at|in the)\b/);
  const part = parts.find(([word]) => take(word));
  take(/^at\b/);
  const clock = s === "" ? (part ? part[3] * hour : dated ? 0 : NaN) : clockOf(s, part);
  if (dated) return base + clock;
  if (shown === undefined) {
    let t = startOfDay(now) + clock;
    while (t > now) t -= day;
    return t;
  }
  const night = clock > day && shown - startOfDay(shown) < 6 * hour; // the one that goes on began the day before
  return startOfDay(shown) + clock - (night ? day : 0);
}

/** plain has one way of writing for each: half-width, lower case, digits for numerals. */
function plain(text: string): string {
  return text.normalize("NFKC").trim().toLowerCase().replace(/\s+/g, " ").replace(/\b([ap])\.m\.?/g, "$1m")
    .replace(/[零〇一二两三四五六七八九十]+/g, numeral).replace(/(?<=[\u4e00-\u9fff]) | (?=[\u4e00-\u9fff])/g, "");
}

function numeral(word: string): string {
  const digit = (c: string) => "零一二三四五六七八九".indexOf(c.replace("〇", "零").replace("两", "二"));
  if (!word.includes("十")) return [...word].map(digit).join("");
  const m = /^([一二三四五六七八九])?十([一二三四五六七八九])?$/.exec(word);
  return m ? String((m[1] ? digit(m[1]) : 1) * 10 + (m[2] ? digit(m[2]) : 0)) : word;
}

/** agoOf reads "30分钟前", "1个半小时前", "2 hours ago": how long ago; 0: none of that. */
function agoOf(s: string): Ms {
  const whole = /^(.+?) ?(?:(?:以|之)?前|ago)$/.exec(s);
  if (!whole) return 0;
  const amount = /(\d+(?:\.\d+)?|半|half(?: an?)?|an?)(?: ?个)?(半)? ?(秒钟?|分钟?|刻钟|小时|钟头|(?:s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?)(?![a-z]))(半)?(?: and)? ?/y;
  let sum = 0;
  while (amount.lastIndex < whole[1]!.length) {
    const m = amount.exec(whole[1]!);
    if (!m) return 0;
    const n = /^(?:半|half)/.test(m[1]!) ? 0.5 : m[1]!.startsWith("a") ? 1 : Number(m[1]);
    const unit = /^[秒s]/.test(m[3]!) ? 1000 : /^[分m]/.test(m[3]!) ? minute : m[3] === "刻钟" ? 15 * minute : hour;
    sum += (n + (m[2] || m[4] ? 0.5 : 0)) * unit;
  }
  return sum;
}

/** clockOf reads a time of day: how long after its midnight. */
function clockOf(s: string, part?: readonly [unknown, number, number, number]): Ms {
  const m = /^(\d{2})(\d{2})(\d{2})?$/.exec(s)?.slice(1)
    ?? /^(\d{1,2})(?:(?:[点时]|:(?=\d))(?:(?:(\d{1,2})(?:分|[:分](\d{1,2}(?:\.\d{1,3})?)秒?)?|(半)|([13])刻)?(?:整|钟)?)?)? ?(am|pm)?$/.exec(s)?.slice(1);
  if (!m) return NaN;
  const [h, min, sec] = [Number(m[0]), m[3] ? 30 : m[4] ? Number(m[4]) * 15 : Number(m[1] ?? 0), Number(m[2] ?? 0)];
  if (h > 24 || min > 59 || sec >= 60 || (h === 24 && (min || sec))) return NaN;
  const half = parts.find(([word]) => m[5] && word.test(m[5]));
  let at = part ?? half ? hourOf(h, (part ?? half)!) : h;
  if (part && half && (at % 24 < half[1] || at % 24 >= half[2])) at = NaN;
  return at * hour + min * minute + Math.round(sec * 1000);
}

/** hourOf is the hour that a number means in a part of the day; NaN: it does not lie in it. */
function hourOf(h: number, [, from, to]: readonly [unknown, number, number, number]): number {
  const may = h === 0 ? [0, 24] : h > 12 ? [h] : [h % 12, (h % 12) + 12, (h % 12) + 24];
  return may.find((x) => x >= from && x < to) ?? NaN;
}
