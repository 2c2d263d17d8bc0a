import type MapBrowserEvent from "ol/MapBrowserEvent.js";
import { toLonLat } from "ol/proj.js";
import type { Point } from "./types";

export type PointerEvt = MapBrowserEvent<PointerEvent>;

/** near is how far, in pixels, a pointer may be from what it means. */
export const near = (e: PointerEvent) => (e.pointerType === "touch" ? 20 : 9);

/** pointed is where a pointer is on the ground. */
export function pointed(e: PointerEvt): Point {
  return pointOf(e.coordinate);
}

/** pointOf is a place of the map's plane on the ground. */
export function pointOf(place: readonly number[]): Point {
  const [lon, lat] = toLonLat([...place]);
  return [lon!, lat!];
}
