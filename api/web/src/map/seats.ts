/** Where a camera of a fan sits, in pixels from its spot: right and down. */
export interface Seat {
  x: number;
  y: number;
  side: "left" | "right";
}

/** How far a seat is from its spot, and how much farther in the middle of its column. */
const arm = 40;
const bow = 14;
/** What a name needs beside its dot. */
export const nameRoom = 140;
/** A row is this high, and never less than a finger can tell apart. */
const row = 32;
const rowLeast = 26;
/** Nothing sits nearer to the map's upper and lower edge. */
const margin = 20;

/**
 * seatsOf seats so many cameras in two columns beside a spot of a map of some size,
 * or in one where only one side has room. The first column is the right one.
 */
export function seatsOf(n: number, [x, y]: readonly number[], [w, h]: readonly number[]): Seat[] {
  const need = arm + bow + nameRoom;
  const rooms = { right: w! - x!, left: x! };
  const both = rooms.right >= need && rooms.left >= need;
  const first = both || rooms.right >= rooms.left ? "right" : "left";
  const right = both ? Math.ceil(n / 2) : n;
  const pitch = Math.max(rowLeast, Math.min(row, (h! - 2 * margin) / right));
  return [...column(right, first, pitch, y!, h!), ...column(n - right, "left", pitch, y!, h!)];
}

function column(n: number, side: Seat["side"], pitch: number, y: number, h: number): Seat[] {
  const half = ((n - 1) * pitch) / 2;
  // What is higher than the map stays around its spot: the map can be dragged.
  const fits = 2 * half <= h - 2 * margin;
  const shift = fits ? Math.min(Math.max(y, margin + half), h - margin - half) - y : 0;
  return Array.from({ length: n }, (_, i) => {
    const off = i * pitch - half;
    const out = arm + bow * (half === 0 ? 1 : 1 - (off / half) ** 2);
    return { x: side === "right" ? out : -out, y: off + shift, side };
  });
}
