import Feature from "ol/Feature.js";
import type { Extent } from "ol/extent.js";
import OlPoint from "ol/geom/Point.js";
import VectorLayer from "ol/layer/Vector.js";
import { fromLonLat } from "ol/proj.js";
import VectorSource from "ol/source/Vector.js";
import Fill from "ol/style/Fill.js";
import Stroke from "ol/style/Stroke.js";
import Style from "ol/style/Style.js";
import Text from "ol/style/Text.js";
import { resolutionAt } from "./geometry";
import { font, ink } from "./looks";
import type { Outline } from "./outlines";
import { kindOf, namesAt, nameLooks, type Placed } from "./placenames";
import type { PlaceName } from "./types";

/**
 * Names is the source of the names of places, for a map without a base map that has its own. They lie below the cameras
 * and never hide one: what has no room is found out here, for what the map sorts out it draws above all layers.
 */
export class Names extends VectorSource {
  private outlines: readonly Outline[] = [];
  private places: readonly PlaceName[] = [];
  private list: Placed[] = [];
  private level = NaN; // the zoom that there are the names of

  constructor() {
    super({ wrapX: false });
  }

  setOutlines(list: readonly Outline[]) {
    this.outlines = list;
    this.place();
  }

  setPlaces(list: readonly PlaceName[]) {
    this.places = list;
    this.place();
  }

  /** loadFeatures is called by a layer before it draws. It goes by half zooms: within one, names stay. */
  override loadFeatures(_: Extent, resolution: number) {
    const level = Math.floor(2 * Math.log2(resolutionAt(0) / resolution) + 1e-6) / 2;
    if (level === this.level) return;
    this.level = level;
    this.clear(true);
    this.addFeatures(namesAt(this.list, level).map(({ name, x, y }) => new Feature({ geometry: new OlPoint([x, y]), name })));
  }

  /** place puts the names together: an outline's own stands where nothing else is known of its division. */
  private place() {
    const known = new Set(this.places.map((p) => p.code));
    const own = this.outlines.flatMap(({ code, name, label }): PlaceName[] =>
      name === "" || !label || known.has(code) ? [] : [{ code, name, kind: kindOf(code), lon: label[0], lat: label[1], cameras: 0 }]);
    this.list = [...this.places, ...own].map((name) => {
      const [x, y] = fromLonLat([name.lon, name.lat]);
      return { name, x: x!, y: y! };
    });
    this.level = NaN;
    this.clear(true);
    this.changed(); // a layer that shows it loads again
  }
}

export function nameLayer(source: Names): VectorLayer<Names> {
  return new VectorLayer({ source, style: (f) => styleOf(f.get("name") as PlaceName), renderBuffer: 160 });
}

const fill = new Fill({ color: ink.place });
const halo = new Stroke({ color: "rgba(255, 255, 255, 0.85)", width: 3 });

function styleOf({ name, kind }: PlaceName): Style {
  const { size, weight, up } = nameLooks[kind];
  return new Style({ text: new Text({ text: name, font: `${weight} ${size}px ${font}`, offsetY: -up, fill, stroke: halo }) });
}
