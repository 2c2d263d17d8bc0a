import Feature from "ol/Feature.js";
import Control from "ol/control/Control.js";
import type { Extent } from "ol/extent.js";
import MultiLineString from "ol/geom/MultiLineString.js";
import LayerGroup from "ol/layer/Group.js";
import type Layer from "ol/layer/Layer.js";
import TileLayer from "ol/layer/Tile.js";
import VectorLayer from "ol/layer/Vector.js";
import { fromLonLat, transformExtent } from "ol/proj.js";
import VectorSource from "ol/source/Vector.js";
import XYZ from "ol/source/XYZ.js";
import Stroke from "ol/style/Stroke.js";
import Style from "ol/style/Style.js";
import { ink, plainText } from "./looks";
import { nameLayer, Names } from "./names";
import { outlinesOf } from "./outlines";
import type { PlaceName, Source } from "./types";

function tileAddress(s: Source): string {
  return `/tiles/${encodeURIComponent(s.name)}/{z}/{x}/{y}`;
}

/** Base is the base map, if a site has one, who made it, borders, and without a base map the names of places. */
export class Base {
  private wanted = ""; // the source that is shown or on its way
  private readonly credit = document.createElement("div");
  private readonly lines = new VectorSource({ wrapX: false });
  private readonly names = new Names();
  private readonly labels = nameLayer(this.names);
  private readonly tiles = new LayerGroup();

  readonly control: Control;
  readonly layers = [
    this.tiles,
    new VectorLayer({ source: this.lines, style: new Style({ stroke: new Stroke({ color: ink.border, width: 1.5 }) }) }),
    this.labels,
  ];

  constructor(private readonly still: boolean) {
    this.credit.className = "map-credit";
    this.credit.hidden = true;
    this.control = new Control({ element: this.credit });
  }

  setOutlines(geojson: unknown) {
    const list = outlinesOf(geojson);
    this.lines.clear(true);
    this.lines.addFeatures(list.map((o) => new Feature(new MultiLineString(o.rings.map((r) => r.map((p) => fromLonLat(p)))))));
    this.names.setOutlines(list);
  }

  setPlaces(list: readonly PlaceName[]) {
    this.names.setPlaces(list);
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
    this.labels.setVisible(s === null); // a base map has names of its own
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
