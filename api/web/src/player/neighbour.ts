import type { Ms } from "@/time/span";

/** longest is how far away the next picture may be. */
const longest: Ms = 10_000;

/**
 * neighbour finds the picture after the one of a moment (n = 1), or before it (-1). show puts the picture of a moment on
 * screen and tells whose it is. Pictures mostly come a frame apart; where they do not it looks further, and then for
 * what it may have passed over. null: there is none.
 */
export async function neighbour(show: (t: Ms) => Promise<Ms | null>, from: Ms, n: 1 | -1, frame: Ms): Promise<Ms | null> {
  if (n < 0) {
    // Any moment just before this picture is the other's.
    for (const far of [Math.min(frame / 2, 10), frame / 2, frame * 1.5]) {
      const shown = await show(from - far);
      if (shown !== null && shown < from - 0.5) return shown;
    }
    return null;
  }
  let same = from; // still this picture
  let far = 1.5 * frame;
  let other: Ms | null = null;
  let last: Ms | null = null; // what stands on screen
  for (; far <= longest; far *= 2) {
    const shown = (last = await show(from + far));
    if (shown === null) return null;
    if (shown > from + 0.5) {
      other = shown;
      break;
    }
    same = from + far;
  }
  if (other === null) return null;
  // Between what was still this picture and the other one there may be one more.
  while (same > from && other - same > frame) {
    const mid: Ms = (same + other) / 2;
    const shown = (last = await show(mid));
    if (shown !== null && shown > from + 0.5) other = shown;
    else same = mid;
  }
  return last === other ? other : ((await show(other + Math.min(frame / 4, 5))) ?? other);
}
