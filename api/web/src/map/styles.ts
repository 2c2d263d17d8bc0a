import type Feature from "ol/Feature.js";
import type { FeatureLike } from "ol/Feature.js";
import type OlPoint from "ol/geom/Point.js";
import Polygon from "ol/geom/Polygon.js";
import { fromLonLat } from "ol/proj.js";
import CircleStyle from "ol/style/Circle.js";
import Fill from "ol/style/Fill.js";
import Stroke from "ol/style/Stroke.js";
import Style from "ol/style/Style.js";
import Text from "ol/style/Text.js";
import { wedgeRing } from "./geometry";
import { glyphOf } from "./glyph";
import type { Group } from "./groups";
import { font, groupRadius, ink, wedgeOf } from "./looks";
import type { MapCamera } from "./types";

/** A feature on the map: it holds a camera or a group. */
export type Spot = Feature<OlPoint>;
export const cameraOf = (f: FeatureLike) => f.get("camera") as MapCamera | undefined;
export const groupOf = (f: FeatureLike) => f.get("group") as Group | undefined;

export function dotStyle(f: FeatureLike): Style | undefined {
  const camera = cameraOf(f);
  if (camera) return glyphOf(camera);
  const group = groupOf(f);
  return group && groupStyle(group.count);
}

const blue = new Fill({ color: ink.blue });
const dark = new Fill({ color: ink.dark });
const white = new Fill({ color: ink.white });
const rim = new Stroke({ color: ink.white, width: 2 });
const halo = new Stroke({ color: "rgba(255, 255, 255, 0.9)", width: 3 });

const groupStyles = new Map<number, Style>();

function groupStyle(count: number): Style {
  let style = groupStyles.get(count);
  if (!style) {
    style = new Style({
      image: new CircleStyle({ radius: groupRadius(count), fill: blue, stroke: rim }),
      text: new Text({ text: String(count), font: `bold 12px ${font}`, fill: white }),
    });
    groupStyles.set(count, style);
  }
  return style;
}

export function wedgeStyle(opacity: number) {
  const fill = new Fill({ color: `rgba(0, 114, 178, ${opacity})` });
  const stroke = new Stroke({ color: "rgba(0, 114, 178, 0.55)", width: 1 });
  return (f: FeatureLike, resolution: number): Style | undefined => {
    const c = cameraOf(f);
    const w = c && wedgeOf(c, resolution);
    if (!w || c.lon === null || c.lat === null) return undefined;
    const ring = wedgeRing([c.lon, c.lat], w.azimuth, w.fov, w.length).map((p) => fromLonLat(p));
    return new Style({ geometry: new Polygon([ring]), fill, stroke });
  };
}

/** nameOf is a camera's name below its dot. */
export function nameOf(c: MapCamera): Style {
  return new Style({ text: new Text({ text: c.name, font: `13px ${font}`, offsetY: 20, fill: dark, stroke: halo }), zIndex: 2 });
}

export function nameStyle(f: FeatureLike): Style | undefined {
  const c = cameraOf(f);
  return c && nameOf(c);
}
