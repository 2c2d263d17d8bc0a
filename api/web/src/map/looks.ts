// How things look: choices and colours, without drawing. What a colour says is
// said by a shape too.
import { groundResolution } from "./geometry";
import type { MapCamera } from "./types";

export const ink = {
  ground: "#eef1f3",
  border: "#7d93a8",
  place: "#44586c",
  blue: "#0072B2",
  amber: "#E69F00",
  red: "#D55E00",
  dark: "#10243e",
  white: "#ffffff",
} as const;

export const font = '"Noto Sans CJK SC", "Microsoft YaHei", "PingFang SC", sans-serif';

/**
 * full and plain are filled dots, gaps is half a dot in half an amber ring, none
 * an empty red ring with a cross, off an empty blue ring.
 */
export type Sign = "plain" | "full" | "gaps" | "none" | "off";

const off = new Set(["stalled", "waiting", "paused", "unassigned", "suspended", "withdrawn", "decommissioned"]);

/** signOf goes by the footage where that is known, else by the stream's state. */
export function signOf(c: MapCamera): Sign {
  return c.coverage ?? (c.state !== undefined && off.has(c.state) ? "off" : "plain");
}

/** rankText is a camera's line in the result, as the list has it; "" where it has none, or a tile whose number says more. */
export function rankText(c: MapCamera): string {
  return c.rank === undefined || c.number !== undefined ? "" : `#${c.rank}`;
}

/** Beyond this line of the result a camera on the map has no number: many of them would be a blot. */
export const rankMost = 20;

/** prominent cameras are always drawn one by one. */
export function prominent(c: MapCamera): boolean {
  return c.found === true || c.number !== undefined;
}

/** The map goes no closer than this. Cameras nearer to each other than a dot is wide stay together there. */
export const zoomMost = 20;
export const dotWidth = 15;

/** Below zoom 14 more cameras than this would be a blot; they are drawn in groups. */
export const many = 400;
export const groupZoom = 14;

export function grouped(count: number, zoom: number): boolean {
  return count > many && zoom <= groupZoom;
}

/** groupCell is how wide a group's cell is, pixels at a whole zoom: 0.7 to 1.4 times as wide in between. */
export const groupCell = 84;

/** groupRadius is a group's size in pixels: ten times as many are a little bigger. */
export function groupRadius(count: number): number {
  return Math.round(10 + 4.5 * Math.log10(Math.max(count, 1)));
}

/** Cameras that were not found show their wedges from this zoom on. */
export const wedgeZoom = 15;
/** Names stand beside cameras from here on. */
export const nameZoom = 17;

/** A wedge shorter than this, in pixels, would hide behind its dot. */
const wedgeLeast = 26;
const usualRange = 30;
const usualFOV = 90;

export interface Wedge {
  azimuth: number;
  fov: number;
  /** Metres on the ground. */
  length: number;
}

/** wedgeOf is what is drawn of a camera's view; null: where it looks is not known. */
export function wedgeOf(c: MapCamera, resolution: number): Wedge | null {
  const fov = c.fov !== null && c.fov > 0 ? c.fov : usualFOV;
  if (c.lat === null || (c.azimuth === null && fov < 360)) return null;
  const range = c.range !== null && c.range > 0 ? c.range : usualRange;
  const length = Math.max(range, wedgeLeast * groundResolution(resolution, c.lat));
  return { azimuth: c.azimuth ?? 0, fov, length };
}

/** lengthText is a length for a label. */
export function lengthText(metres: number): string {
  return metres < 1000 ? `${Math.round(metres)} m` : `${(metres / 1000).toFixed(metres < 10_000 ? 2 : 1)} km`;
}

export type Ground = "land" | "green" | "water" | "road" | "building" | "border" | "place";

const grounds: [RegExp, Ground][] = [
  [/name|label|poi|place|address/, "place"],
  [/water|river|ocean|lake|sea/, "water"],
  [/road|transport|street|highway|rail|transit/, "road"],
  [/building/, "building"],
  [/bound|border|admin/, "border"],
  [/landcover|wood|forest|grass|park|natural|green/, "green"],
  [/land|earth/, "land"],
];

/** groundOf reads what a vector tile's layer is from its name; the usual schemas agree on that much. */
export function groundOf(layer: string): Ground | null {
  return grounds.find(([name]) => name.test(layer.toLowerCase()))?.[1] ?? null;
}

/** plainText is a base map's attribution without its markup. */
export function plainText(s: string): string {
  return s.replace(/<[^>]*>/g, "").replace(/&copy;/g, "©").replace(/&amp;/g, "&").trim();
}
