import { middle } from "./geometry";
import type { Point } from "./types";

export interface Outline {
  /** Of its division, 12 digits. */
  code: string;
  name: string;
  rings: Point[][];
  /** Where the name stands: in the middle of the largest ring. */
  label: Point | null;
}

/** outlinesOf reads a GeoJSON FeatureCollection of lines or polygons; what it cannot read it leaves out. */
export function outlinesOf(json: unknown): Outline[] {
  const features = field(json, "features");
  if (!Array.isArray(features)) return [];
  return features.flatMap((f: unknown) => {
    const rings = ringsOf(field(field(f, "geometry"), "coordinates"));
    if (rings.length === 0) return [];
    const [code, name] = ["code", "name"].map((key) => field(field(f, "properties"), key)).map((v) => (typeof v === "string" ? v : ""));
    return [{ code: code!.padEnd(12, "0"), name: name!, rings, label: middle(largest(rings)) }];
  });
}

/** ringsOf goes down to the lists of points, however deep a geometry nests them. */
function ringsOf(x: unknown): Point[][] {
  if (!Array.isArray(x)) return [];
  if (x.length > 1 && x.every(isPoint)) return [x.map((p): Point => [p[0], p[1]])];
  return x.flatMap(ringsOf);
}

function isPoint(x: unknown): x is Point {
  return Array.isArray(x) && x.length >= 2 && Number.isFinite(x[0]) && Number.isFinite(x[1]);
}

function field(x: unknown, name: string): unknown {
  return typeof x === "object" && x !== null ? (x as Record<string, unknown>)[name] : undefined;
}

function largest(rings: Point[][]): Point[] {
  const size = (r: Point[]) => {
    const lons = r.map((p) => p[0]);
    const lats = r.map((p) => p[1]);
    return (Math.max(...lons) - Math.min(...lons)) * (Math.max(...lats) - Math.min(...lats));
  };
  return rings.reduce((a, b) => (size(b) > size(a) ? b : a));
}
