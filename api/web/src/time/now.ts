import { day, hour } from "./shanghai";
import type { Ms, Span } from "./span";

// An office PC's clock may be minutes off. Now is the server's, told by the Date
// of its answers, which counts whole seconds.

let ahead = 0;
let known = false;

/** heard is told of an answer's Date and when it came. */
export function heard(date: string | null, at: Ms = Date.now()) {
  const t = date ? Date.parse(date) : NaN;
  if (Number.isNaN(t)) return;
  const lowest = t - at; // the second may have been nearly over
  if (!known || lowest > ahead || lowest < ahead - 1000) ahead = lowest;
  known = true;
}

/** serverNow is the moment at the server, within about a second. */
export const serverNow = (): Ms => Date.now() + ahead;

/** clockError is how far this computer's clock is from the server's: positive when it is slow. */
export const clockError = (): Ms => (known ? ahead : 0);

const minute: Ms = 60_000;

/** lately is what a timeline shows of live: the last half hour, and room for what comes. */
export const lately = (now: Ms): Span => ({ from: now - hour / 2, to: now + minute });

/** onward is a span for live: half an hour back is in it, and so is what comes for a while. One that came near goes on; else a new one begins. */
export function onward(s: Span, now: Ms): Span {
  const back = now - hour / 2 - minute;
  if (s.from <= back + minute && s.to >= now + minute) return s;
  const near = s.to >= back && now - s.from < day;
  return { from: near ? Math.min(s.from, back) : back, to: now + hour / 2 };
}
