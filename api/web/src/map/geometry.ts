// Geodesy on the sphere the server measures with (registry/area). Points are LON,
// LAT in WGS-84 degrees, lengths metres, directions degrees clockwise from north.
import type { Circle, Point } from "./types";

/** The earth's mean radius; the sphere is wrong by at most 0.6 %. */
export const earth = 6_371_008.8;

/** The server looks no further than 20 km; below 10 m a circle cannot be held with a finger. */
export const radiusLeast = 10;
export const radiusMost = 20_000;

/** cornersMost is how many corners fit into the 800 bytes the server reads. */
export const cornersMost = 38;

const rad = Math.PI / 180;

/** degree is how long one is on a great circle. */
export const degree = earth * rad;

/** distance is the length of the great circle (haversine). */
export function distance([lon1, lat1]: Point, [lon2, lat2]: Point): number {
  const north = Math.sin(((lat2 - lat1) * rad) / 2);
  const east = Math.sin(((lon2 - lon1) * rad) / 2);
  const h = north * north + Math.cos(lat1 * rad) * Math.cos(lat2 * rad) * east * east;
  return 2 * earth * Math.asin(Math.sqrt(Math.min(h, 1)));
}

/** bearing is the direction in which one has the other, 0 <= b < 360. */
export function bearing([lon1, lat1]: Point, [lon2, lat2]: Point): number {
  const d = (lon2 - lon1) * rad;
  const east = Math.sin(d) * Math.cos(lat2 * rad);
  const north = Math.cos(lat1 * rad) * Math.sin(lat2 * rad) - Math.sin(lat1 * rad) * Math.cos(lat2 * rad) * Math.cos(d);
  return (Math.atan2(east, north) / rad + 360) % 360;
}

/** destination is where one comes who goes so far in a direction. */
export function destination([lon, lat]: Point, direction: number, metres: number): Point {
  const far = metres / earth;
  const b = direction * rad;
  const sin = Math.sin(lat * rad) * Math.cos(far) + Math.cos(lat * rad) * Math.sin(far) * Math.cos(b);
  const east = Math.atan2(
    Math.sin(b) * Math.sin(far) * Math.cos(lat * rad),
    Math.cos(far) - Math.sin(lat * rad) * sin,
  );
  return [((lon + east / rad + 540) % 360) - 180, Math.asin(Math.min(1, Math.max(-1, sin))) / rad];
}

/** resolutionAt is how many of the map's units a pixel is at a zoom. */
export function resolutionAt(zoom: number): number {
  return 156_543.03392804097 / 2 ** zoom;
}

/** groundResolution turns the map's units per pixel (web mercator) into metres per pixel. */
export function groundResolution(resolution: number, lat: number): number {
  return resolution * Math.cos(lat * rad);
}

export function boundRadius(metres: number): number {
  return Math.round(Math.min(Math.max(metres, radiusLeast), radiusMost));
}

/** circleRing is a circle of true metres as a closed ring. */
export function circleRing({ lon, lat, radius }: Circle, corners = 96): Point[] {
  return arc([lon, lat], 0, 360, radius, corners);
}

/** wedgeRing is what a camera sees as a closed ring: a sector, or a circle from 360 degrees on. */
export function wedgeRing(at: Point, azimuth: number, fov: number, range: number): Point[] {
  if (fov >= 360) return circleRing({ lon: at[0], lat: at[1], radius: range }, 48);
  // Every 10 degrees a corner: the chord is then off by 0.4 % of the range.
  const rim = arc(at, azimuth - fov / 2, fov, range, Math.max(2, Math.ceil(fov / 10)));
  return [at, ...rim, at];
}

function arc(at: Point, from: number, width: number, radius: number, steps: number): Point[] {
  const out: Point[] = [];
  for (let i = 0; i < steps; i++) out.push(destination(at, from + (width * i) / steps, radius));
  out.push(width === 360 ? out[0]! : destination(at, from + width, radius));
  return out;
}

/** polygonText is a polygon as the server reads it: LON,LAT LON,LAT ... */
export function polygonText(points: readonly Point[]): string {
  return points.map((p) => p.map(degrees).join(",")).join(" ");
}

/** degrees keeps a tenth of a metre. */
function degrees(x: number): string {
  return String(Number(x.toFixed(6)));
}

/**
 * gripOf says which part of a circle lies under the pointer: far metres from its
 * centre, at so many metres per pixel, with a reach in pixels.
 */
export function gripOf(far: number, radius: number, metresPerPixel: number, reach: number): "centre" | "rim" | null {
  const off = Math.abs(far - radius) / metresPerPixel;
  // Of a small circle the inner half moves it, and the rest resizes it.
  if (far / metresPerPixel <= Math.min(reach, radius / metresPerPixel / 2)) return "centre";
  return off <= reach ? "rim" : null;
}

/** middle is the centre of a ring's area, of a ring without area that of its box. */
export function middle(ring: readonly Point[]): Point | null {
  const first = ring[0];
  if (!first) return null;
  let [area, x, y] = [0, 0, 0];
  ring.forEach((p, i) => {
    const q = ring[(i + 1) % ring.length]!;
    // Seen from the first corner, the numbers stay small and exact.
    const [ax, ay, bx, by] = [p[0] - first[0], p[1] - first[1], q[0] - first[0], q[1] - first[1]];
    const cross = ax * by - bx * ay;
    area += cross / 2;
    x += ((ax + bx) * cross) / 6;
    y += ((ay + by) * cross) / 6;
  });
  if (Math.abs(area) > 1e-12) return [first[0] + x / area, first[1] + y / area];
  const lons = ring.map((p) => p[0]);
  const lats = ring.map((p) => p[1]);
  return [(Math.min(...lons) + Math.max(...lons)) / 2, (Math.min(...lats) + Math.max(...lats)) / 2];
}
