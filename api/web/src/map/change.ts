// What of a shape can be taken hold of, and what becomes of it: without drawing.
import { fromLonLat } from "ol/proj.js";
import { boundRadius, cornersMost, destination, distance, gripOf, groundResolution } from "./geometry";
import type { Point, Shape } from "./types";

/** Grip is what of a shape is held. Corners count from 0; edge n goes from corner n to the next. */
export type Grip = { part: "centre" | "rim" } | { part: "corner" | "edge"; n: number };

/** An edge is caught from less far than a corner: beside it the map is dragged. */
const edgeReach = 0.6;

/** gripAt says what of a shape lies under a pointer, at so many of the map's units per pixel, with a reach in pixels. */
export function gripAt(s: Shape, at: Point, resolution: number, reach: number): Grip | null {
  if (s?.kind === "circle") {
    const { lon, lat, radius } = s.circle;
    const part = gripOf(distance([lon, lat], at), radius, groundResolution(resolution, lat), reach);
    return part && { part };
  }
  if (s?.kind !== "polygon") return null;
  const pixels = s.points.map((p) => pixelOf(p, resolution));
  const pointer = pixelOf(at, resolution);
  const corner = nearest(pixels.map((p) => apart(p, pointer)), reach);
  if (corner !== null) return { part: "corner", n: corner };
  if (s.points.length >= cornersMost) return null;
  const edge = nearest(pixels.map((p, n) => fromEdge(pointer, p, pixels[(n + 1) % pixels.length]!)), reach * edgeReach);
  return edge === null ? null : { part: "edge", n: edge };
}

/** changed is a shape of which one part was taken elsewhere. An edge gets a corner there. */
export function changed(s: Shape, g: Grip, to: Point): Shape {
  if (s?.kind === "circle") {
    const { lon, lat } = s.circle;
    if (g.part === "centre") return { kind: "circle", circle: { ...s.circle, lon: to[0], lat: to[1] } };
    return { kind: "circle", circle: { ...s.circle, radius: boundRadius(distance([lon, lat], to)) } };
  }
  if (s?.kind !== "polygon" || !("n" in g)) return s;
  const points = [...s.points];
  if (g.part === "corner") points.splice(g.n, 1, to);
  else if (points.length < cornersMost) points.splice(g.n + 1, 0, to);
  return { kind: "polygon", points };
}

/** without is a polygon that lost a corner; three stay. */
export function without(s: Shape, n: number): Shape {
  if (s?.kind !== "polygon" || s.points.length <= 3) return s;
  return { kind: "polygon", points: s.points.filter((_, i) => i !== n) };
}

/** placeOf is where a part of a shape stands; of a rim that is its east, of an edge its middle. */
export function placeOf(s: Shape, g: Grip): Point | null {
  if (s?.kind === "circle") {
    const { lon, lat, radius } = s.circle;
    return g.part === "rim" ? destination([lon, lat], 90, radius) : [lon, lat];
  }
  if (s?.kind !== "polygon" || !("n" in g)) return null;
  const p = s.points[g.n];
  const q = s.points[(g.n + 1) % s.points.length];
  if (!p || !q) return null;
  return g.part === "edge" ? [(p[0] + q[0]) / 2, (p[1] + q[1]) / 2] : p;
}

/** gripsOf are the parts that can be gone to one after the other. */
export function gripsOf(s: Shape): Grip[] {
  if (s?.kind === "circle") return [{ part: "centre" }, { part: "rim" }];
  return s?.kind === "polygon" ? s.points.map((_, n) => ({ part: "corner", n })) : [];
}

export function apart(a: readonly number[], b: readonly number[]): number {
  return Math.hypot(a[0]! - b[0]!, a[1]! - b[1]!);
}

function pixelOf(p: Point, resolution: number): number[] {
  return fromLonLat(p).map((v) => v / resolution);
}

function nearest(far: number[], reach: number): number | null {
  const least = Math.min(...far);
  return least <= reach ? far.indexOf(least) : null;
}

/** fromEdge is how far a point is from the line between two others. */
function fromEdge(p: number[], a: number[], b: number[]): number {
  const along = [b[0]! - a[0]!, b[1]! - a[1]!];
  const square = along[0]! ** 2 + along[1]! ** 2;
  const t = square === 0 ? 0 : ((p[0]! - a[0]!) * along[0]! + (p[1]! - a[1]!) * along[1]!) / square;
  const at = Math.min(Math.max(t, 0), 1);
  return apart(p, [a[0]! + at * along[0]!, a[1]! + at * along[1]!]);
}
