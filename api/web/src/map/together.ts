import { distance, groundResolution, resolutionAt } from "./geometry";
import { zoomMost, dotWidth } from "./looks";
import type { MapCamera } from "./types";

/**
 * together are the cameras that cannot be told from one at the closest zoom, with
 * itself: those of the result first, in its order, then by name.
 */
export function together(all: Iterable<MapCamera>, c: MapCamera): MapCamera[] {
  if (c.lon === null || c.lat === null) return [c];
  const { lon, lat } = c;
  const metres = dotWidth * groundResolution(resolutionAt(zoomMost), lat);
  const out: MapCamera[] = [];
  for (const o of all) {
    // Most are far away, and not worth the sines.
    if (o.lon === null || o.lat === null || Math.abs(o.lat - lat) > 1e-4) continue;
    if (o.id === c.id || distance([lon, lat], [o.lon, o.lat]) < metres) out.push(o);
  }
  const rank = (o: MapCamera) => o.rank ?? Infinity;
  return out.sort((a, b) => (rank(a) === rank(b) ? a.name.localeCompare(b.name, "zh-CN", { numeric: true }) : rank(a) - rank(b)));
}
