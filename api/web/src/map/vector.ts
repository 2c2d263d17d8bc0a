import type { FeatureLike } from "ol/Feature.js";
import MVT from "ol/format/MVT.js";
import type Layer from "ol/layer/Layer.js";
import VectorTileLayer from "ol/layer/VectorTile.js";
import VectorTileSource from "ol/source/VectorTile.js";
import Fill from "ol/style/Fill.js";
import Stroke from "ol/style/Stroke.js";
import Style from "ol/style/Style.js";
import Text from "ol/style/Text.js";
import { font, groundOf, ink, type Ground } from "./looks";
import type { Source } from "./types";

const areas: Partial<Record<Ground, Style>> = {
  land: area("#f4f3ef", 0),
  green: area("#dfe9d8", 1),
  water: area("#c3dced", 2),
  building: area("#dcd7d0", 4),
};
const lines: Partial<Record<Ground, Style>> = {
  water: line("#9fc4de", 1.5, 2),
  road: line("#ffffff", 3, 5),
  border: new Style({ stroke: new Stroke({ color: ink.border, width: 1, lineDash: [4, 3] }), zIndex: 6 }),
};
/** Under the white of a road: on the pale ground it would not be seen. */
const roadSide = line("#b9c1c9", 4.5, 3);

/** vectorTiles draws a base map of vector tiles plainly, by what its layers are called. */
export function vectorTiles(s: Source, url: string): Layer {
  return new VectorTileLayer({
    source: new VectorTileSource({ format: new MVT(), url, minZoom: s.min_zoom, maxZoom: s.max_zoom, wrapX: false }),
    declutter: true,
    style: styleOf,
  });
}

function styleOf(f: FeatureLike): Style | Style[] | undefined {
  const ground = groundOf(String(f.get("layer") ?? ""));
  if (!ground) return undefined;
  switch (f.getGeometry()?.getType()) {
    case "Polygon":
    case "MultiPolygon":
      return areas[ground];
    case "LineString":
    case "MultiLineString":
      return ground === "road" ? [roadSide, lines.road!] : lines[ground];
  }
  const name: unknown = f.get("name:zh") ?? f.get("name");
  return ground === "place" && typeof name === "string" ? label(name) : undefined;
}

function area(color: string, zIndex: number): Style {
  return new Style({ fill: new Fill({ color }), zIndex });
}

function line(color: string, width: number, zIndex: number): Style {
  return new Style({ stroke: new Stroke({ color, width }), zIndex });
}

function label(text: string): Style {
  const fill = new Fill({ color: ink.place });
  const stroke = new Stroke({ color: ink.white, width: 3 });
  return new Style({ text: new Text({ text, font: `12px ${font}`, fill, stroke }), zIndex: 7 });
}
