import Feature from "ol/Feature.js";
import type { Extent } from "ol/extent.js";
import LineString from "ol/geom/LineString.js";
import MultiPoint from "ol/geom/MultiPoint.js";
import OlPoint from "ol/geom/Point.js";
import Polygon from "ol/geom/Polygon.js";
import VectorLayer from "ol/layer/Vector.js";
import { fromLonLat } from "ol/proj.js";
import VectorSource from "ol/source/Vector.js";
import CircleStyle from "ol/style/Circle.js";
import Fill from "ol/style/Fill.js";
import RegularShape from "ol/style/RegularShape.js";
import Stroke from "ol/style/Stroke.js";
import Style from "ol/style/Style.js";
import Text from "ol/style/Text.js";
import { apart, placeOf } from "./change";
import { circleRing, cornersMost, destination } from "./geometry";
import { font, ink, lengthText } from "./looks";
import type { Point, Shape } from "./types";

const fill = new Fill({ color: "rgba(213, 94, 0, 0.06)" });
const line = new Stroke({ color: ink.red, width: 2, lineDash: [7, 4] });
const solid = new Stroke({ color: ink.red, width: 2 });
const knob = new CircleStyle({ radius: 5, fill: new Fill({ color: ink.white }), stroke: solid });
const dot = new CircleStyle({ radius: 3, fill: new Fill({ color: ink.white }), stroke: new Stroke({ color: ink.red, width: 1 }) });
const cross = new RegularShape({ points: 4, radius: 7, radius2: 0, stroke: solid });

/** An edge shorter than this, in pixels, has no room for a dot between its corners. */
const edgeLeast = 44;

/** ShapeLayer shows where is looked, or what is being drawn. */
export class ShapeLayer {
  private readonly source = new VectorSource({ wrapX: false });
  readonly layer = new VectorLayer({ source: this.source, style: new Style({ fill, stroke: line }), updateWhileInteracting: true });

  extent(): Extent | null {
    return this.source.isEmpty() ? null : this.source.getExtent();
  }

  /** show draws a whole shape; while it changes, with its radius. */
  show(s: Shape, changing = false) {
    this.source.clear(true);
    if (s?.kind === "polygon") {
      this.source.addFeatures([new Feature(new Polygon([project(s.points)])), edgesOf(s), marked(new MultiPoint(project(s.points)), knob)]);
    }
    if (s?.kind !== "circle") return;
    const { lon, lat, radius } = s.circle;
    const at: Point = [lon, lat];
    const centre = marked(new OlPoint(fromLonLat(at)), cross);
    const rim = marked(new OlPoint(fromLonLat(destination(at, 90, radius))), knob);
    this.source.addFeatures([new Feature(new Polygon([project(circleRing(s.circle))])), centre, rim]);
    if (!changing) return;
    const label = new Feature(new OlPoint(fromLonLat(destination(at, 0, radius))));
    label.setStyle(new Style({
      text: new Text({
        text: lengthText(radius), font: `bold 13px ${font}`, offsetY: -10,
        fill: new Fill({ color: ink.dark }), stroke: new Stroke({ color: ink.white, width: 4 }),
      }),
    }));
    this.source.addFeature(label);
  }

  /** sketch draws a polygon's corners so far; the last one follows the pointer. */
  sketch(corners: readonly Point[], pointer: Point | null) {
    this.source.clear(true);
    const all = project(pointer ? [...corners, pointer] : corners);
    const area = all.length > 2 ? new Polygon([all]) : new LineString(all);
    if (all.length > 1) this.source.addFeature(new Feature(area));
    this.source.addFeature(marked(new MultiPoint(project(corners)), knob));
  }
}

/** edgesOf are dots where edges may get a corner. */
function edgesOf(s: Shape & { kind: "polygon" }): Feature {
  const ends = project(s.points);
  const middles = project(s.points.map((_, n) => placeOf(s, { part: "edge", n })!));
  const f = new Feature(new MultiPoint(middles));
  f.setStyle((_, resolution) => {
    const shown = middles.filter((_m, n) => apart(ends[n]!, ends[(n + 1) % ends.length]!) >= edgeLeast * resolution);
    return ends.length < cornersMost ? new Style({ geometry: new MultiPoint(shown), image: dot }) : undefined;
  });
  return f as Feature;
}

function project(points: readonly Point[]): number[][] {
  return points.map((p) => fromLonLat(p));
}

function marked(geometry: OlPoint | MultiPoint, image: CircleStyle | RegularShape): Feature {
  const f = new Feature<OlPoint | MultiPoint>(geometry);
  f.setStyle(new Style({ image }));
  return f as Feature;
}
