import Feature from "ol/Feature.js";
import LineString from "ol/geom/LineString.js";
import OlPoint from "ol/geom/Point.js";
import VectorLayer from "ol/layer/Vector.js";
import { fromLonLat } from "ol/proj.js";
import VectorSource from "ol/source/Vector.js";
import CircleStyle from "ol/style/Circle.js";
import Fill from "ol/style/Fill.js";
import RegularShape from "ol/style/RegularShape.js";
import Stroke from "ol/style/Stroke.js";
import Style from "ol/style/Style.js";
import Text from "ol/style/Text.js";
import { haltsOf, legsOf } from "./hops";
import { font, ink } from "./looks";
import type { Hop } from "./types";

const dark = new Fill({ color: ink.dark });
const white = new Fill({ color: ink.white });
const casing = new Style({ stroke: new Stroke({ color: ink.white, width: 6 }) });
const way = new Style({ stroke: new Stroke({ color: ink.dark, width: 3 }) });
const rim = new Stroke({ color: ink.white, width: 2 });

/** A leg shorter than this, in pixels, has no room for an arrow between its halts. */
const arrowLeast = 44;

/** Route is a way from camera to camera: an arrow on each leg, letters at the halts. */
export class Route {
  private readonly legs = new VectorSource<Feature<LineString>>({ wrapX: false });
  private readonly halts = new VectorSource<Feature<OlPoint>>({ wrapX: false });

  readonly lines = new VectorLayer({ source: this.legs, style: (f, resolution) => legStyle(f.getGeometry() as LineString, resolution) });
  readonly numbers = new VectorLayer({ source: this.halts, style: (f) => haltStyle(f.get("label") as string) });

  set(hops: readonly Hop[]) {
    this.legs.clear(true);
    this.halts.clear(true);
    this.legs.addFeatures(legsOf(hops).map((leg) => new Feature(new LineString(leg.map((p) => fromLonLat(p))))));
    // A letter stands below its camera, whose sign and ring stay to be seen.
    this.halts.addFeatures(haltsOf(hops).map((h) => new Feature({ geometry: new OlPoint(fromLonLat(h.at)), label: h.label })));
  }
}

function legStyle(leg: LineString, resolution: number): Style[] {
  const [[x1, y1], [x2, y2]] = leg.getCoordinates() as [[number, number], [number, number]];
  if (leg.getLength() / resolution < arrowLeast) return [casing, way];
  const arrow = new Style({
    geometry: new OlPoint(leg.getCoordinateAt(0.5)),
    image: new RegularShape({ points: 3, radius: 9, rotation: Math.atan2(x2 - x1, y2 - y1), fill: dark, stroke: rim }),
  });
  return [casing, way, arrow];
}

function haltStyle(label: string): Style {
  const beside: [number, number] = [-24, 0]; // the name is below, the number above on the right
  // Several letters need a wider plate than a circle is.
  const one = label.length <= 2;
  return new Style({
    image: one ? new CircleStyle({ radius: 10, displacement: beside, fill: dark, stroke: rim }) : undefined,
    text: new Text({
      text: label, font: `bold 12px ${font}`, offsetX: one ? -24 : -18, fill: white,
      ...(one ? {} : { textAlign: "end", backgroundFill: dark, backgroundStroke: rim, padding: [2, 5, 1, 5] }),
    }),
  });
}
