// Which names of places stand on the map at a zoom, without drawing.
import { resolutionAt } from "./geometry";
import type { PlaceName } from "./types";

export type NameKind = PlaceName["kind"];

/** A name in the map's plane. */
export interface Placed {
  name: PlaceName;
  x: number;
  y: number;
}

export interface NameLook {
  /** Pixels. */
  size: number;
  weight: number;
  /** Up from the place: clear of a camera that stands there, with its ring and number. */
  up: number;
  /** Where it stands: from this zoom until that. */
  from: number;
  to: number;
}

export const nameLooks: Record<NameKind, NameLook> = {
  county: { size: 15, weight: 600, up: 0, from: 0, to: 13 },
  township: { size: 13, weight: 600, up: 30, from: 10, to: 15.5 },
  village: { size: 12, weight: 400, up: 30, from: 12.5, to: 17 },
};

/** kindOf is the kind of division that a code of 12 digits stands for. */
export function kindOf(code: string): NameKind {
  if (code.endsWith("000000")) return "county";
  return code.endsWith("000") ? "township" : "village";
}

const ranks: Record<NameKind, number> = { county: 0, township: 1, village: 2 };

/** Between two names, pixels. */
const apart = 6;

/**
 * namesAt are the names that have room at a zoom, the larger division first, then the one with more cameras. It goes by
 * the whole map, not by what is in view: names do not come and go while one pans.
 */
export function namesAt(list: readonly Placed[], zoom: number): Placed[] {
  const resolution = resolutionAt(zoom);
  const sorted = list.filter(({ name: { kind } }) => zoom >= nameLooks[kind].from && zoom < nameLooks[kind].to)
    .sort((a, b) => ranks[a.name.kind] - ranks[b.name.kind] || b.name.cameras - a.name.cameras || (a.name.code < b.name.code ? -1 : 1));
  const taken: Box[] = [];
  return sorted.filter((p) => {
    const box = boxOf(p, resolution);
    if (taken.some((t) => t.west < box.east && box.west < t.east && t.south < box.north && box.south < t.north)) return false;
    taken.push(box);
    return true;
  });
}

interface Box {
  west: number;
  east: number;
  south: number;
  north: number;
}

function boxOf({ name, x, y }: Placed, resolution: number): Box {
  const look = nameLooks[name.kind];
  const wide = (widthOf(name.name, look.size) / 2 + apart) * resolution;
  const high = (look.size * 0.65 + apart) * resolution;
  const at = y + look.up * resolution;
  return { west: x - wide, east: x + wide, south: at - high, north: at + high };
}

/** widthOf is about how wide a text is: a Chinese character is as wide as high, others about half. */
function widthOf(text: string, size: number): number {
  let n = 0;
  for (const c of text) n += c > "\u2e7f" ? 1 : 0.55;
  return n * size;
}
