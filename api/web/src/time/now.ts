import type { Ms } from "./span";

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
