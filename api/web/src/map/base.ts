import Feature from "ol/Feature.js";
import Control from "ol/control/Control.js";
import type { Extent } from "ol/extent.js";
import MultiLineString from "ol/geom/MultiLineString.js";
import OlPoint from "ol/geom/Point.js";
import LayerGroup from "ol/layer/Group.js";
import type Layer from "ol/layer/Layer.js";
import TileLayer from "ol/layer/Tile.js";
import VectorLayer from "ol/layer/Vector.js";
import { fromLonLat, transformExtent } from "ol/proj.js";
import VectorSource from "ol/source/Vector.js";
import XYZ from "ol/source/XYZ.js";
import Fill from "ol/style/Fill.js";
import Stroke from "ol/style/Stroke.js";
import Style from "ol/style/Style.js";
import Text from "ol/style/Text.js";
import { font, ink, plainText } from "./looks";
import { outlinesOf } from "./outlines";
import type { Source } from "./types";

function tileAddress(s: Source): string {
  return `/tiles/${encodeURIComponent(s.name)}/{z}/{x}/{y}`;
}

/** Base is the base map, if a site has one, who made it, and borders with names. */
export class Base {
  private wanted = ""; // the source that is shown or on its way
  private readonly credit = document.createElement("div");
  private readonly lines = new VectorSource({ wrapX: false });
  private readonly names = new VectorSource({ wrapX: false });
  private readonly tiles = new LayerGroup();

  readonly control: Control;
  readonly layers = [
    this.tiles,
    new VectorLayer({ source: this.lines, style: new Style({ stroke: new Stroke({ color: ink.border, width: 1.5 }) }) }),
    // Deep inside a county its name would stand among the cameras.
    new VectorLayer({ source: this.names, style: (f) => nameStyle(f.get("name") as string), declutter: true, maxZoom: 14 }),
  ];

  constructor(private readonly still: boolean) {
    this.credit.className = "map-credit";
    this.credit.hidden = true;
    this.control = new Control({ element: this.credit });
  }

  setOutlines(geojson: unknown) {
    this.lines.clear(true);
    this.names.clear(true);
    for (const o of outlinesOf(geojson)) {
      this.lines.addFeature(new Feature(new MultiLineString(o.rings.map((r) => r.map((p) => fromLonLat(p))))));
      if (o.name !== "" && o.label) this.names.addFeature(new Feature({ geometry: new OlPoint(fromLonLat(o.label)), name: o.name }));
    }
  }

  extent(): Extent | null {
    return this.lines.isEmpty() ? null : this.lines.getExtent();
  }

  /** setSource shows a base map; null: plain ground. */
  setSource(s: Source | null) {
    const key = s ? JSON.stringify(s) : "";
    if (key === this.wanted) return;
    this.wanted = key;
    this.put(null);
    this.credit.textContent = plainText(s?.attribution ?? "");
    this.credit.hidden = this.credit.textContent === "";
    if (!s) return;
    if (s.format !== "mvt" && s.format !== "pbf") return this.put(this.placed(s, this.pictures(s)));
    // Vector tiles are loaded with their code when a site has them.
    void import("./vector").then(
      ({ vectorTiles }) => this.wanted === key && this.put(this.placed(s, vectorTiles(s, tileAddress(s)))),
      () => this.wanted === key && (this.wanted = ""), // the next call tries again
    );
  }

  private pictures(s: Source): Layer {
    return new TileLayer({
      source: new XYZ({ url: tileAddress(s), minZoom: s.min_zoom, maxZoom: s.max_zoom, wrapX: false, transition: this.still ? 0 : undefined }),
    });
  }

  /** placed keeps a layer to where its tiles reach: far out they would be too many small ones. */
  private placed(s: Source, layer: Layer): Layer {
    if (s.bounds?.length === 4) layer.setExtent(transformExtent(s.bounds, "EPSG:4326", "EPSG:3857"));
    layer.setMinZoom(s.min_zoom - 2);
    return layer;
  }

  private put(layer: Layer | null) {
    this.tiles.getLayers().clear();
    if (layer) this.tiles.getLayers().push(layer);
  }
}

function nameStyle(text: string): Style {
  return new Style({
    text: new Text({ text, font: `14px ${font}`, fill: new Fill({ color: ink.place }), stroke: new Stroke({ color: "rgba(255, 255, 255, 0.85)", width: 3 }) }),
  });
}
