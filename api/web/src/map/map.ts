import "ol/ol.css";
import "./map.css";
import OlMap from "ol/Map.js";
import OlView from "ol/View.js";
import type { Extent } from "ol/extent.js";
import { fromLonLat, toLonLat, transformExtent } from "ol/proj.js";
import { Base } from "./base";
import { Cameras } from "./cameras";
import { controlsOf, interactionsOf, nameButtons, stillWanted } from "./controls";
import { Hand } from "./draw";
import { Gestures } from "./gestures";
import { Handles } from "./handles";
import { Hold } from "./hold";
import { zoomMost } from "./looks";
import { Route } from "./route";
import { ShapeLayer } from "./shape";
import type { DrawKind, Hop, Labels, MapCamera, MapEvents, Part, PlaceName, Shape, Source, View } from "./types";

export type * from "./types";

/** Qianxinan, until the page says where to look. */
const start: View = { lon: 105.2, lat: 25.4, zoom: 8 };

/** What fits is not shown closer than this: one camera alone needs its surroundings. */
const closest = 17;

/** CameraMap shows cameras, where is looked for them, and routes, in an element of any size. */
export class CameraMap {
  private readonly still = stillWanted();
  private readonly base = new Base(this.still);
  private readonly cameras = new Cameras();
  private readonly route = new Route();
  private readonly shapes = new ShapeLayer();
  private readonly hold: Hold;
  private readonly hand: Hand;
  private readonly map: OlMap;
  private readonly handles: Handles;
  private readonly gestures: Gestures;
  private told = ""; // the view the page knows
  private gripped: Part | null = null; // as the page knows it
  private waiting: (() => void) | null = null; // a fit, until the element has a size

  constructor(
    private readonly el: HTMLElement,
    private readonly on: MapEvents,
    labels: Labels,
  ) {
    this.hold = new Hold(this.shapes, { shape: (s) => this.on.shape?.(s), grip: (part) => this.grip(part, "pointer") });
    this.hand = new Hand(this.shapes, this.hold, {
      shape: (s) => this.on.shape?.(s),
      drawing: (kind) => {
        this.gestures.fan.close();
        this.gestures.cursor(kind ? "crosshair" : "");
        this.on.drawing?.(kind);
      },
    });
    el.classList.add("camera-map");
    el.tabIndex = 0;
    el.setAttribute("role", "application"); // the arrow keys are the map's
    el.setAttribute("aria-label", labels.map);
    this.map = new OlMap({
      target: el,
      layers: [...this.base.layers, this.shapes.layer, this.route.lines, ...this.cameras.layers, this.route.numbers],
      view: new OlView({ center: fromLonLat([start.lon, start.lat]), zoom: start.zoom, minZoom: 3, maxZoom: zoomMost, enableRotation: false, multiWorld: false }),
      controls: [...controlsOf(labels, this.still), this.base.control],
      interactions: [...interactionsOf(this.still), this.hold, this.hand],
    });
    nameButtons(el);
    this.handles = new Handles(this.map, this.hold, labels, (part) => this.grip(part, "keys"));
    this.gestures = new Gestures(el, this.map, { cameras: this.cameras, hold: this.hold, hand: this.hand }, on, {
      extent: (e) => this.show(e, 60),
      spot: (place) => this.map.getView().animate({ center: place, zoom: closest, duration: this.still ? 0 : 250 }),
      grip: (part) => this.grip(part, "pointer"),
      together: labels.together,
    });
    this.told = JSON.stringify(this.view); // where nobody went is not told
    this.map.on("moveend", () => this.tell());
    this.map.on("change:size", () => {
      if (this.sized) this.waiting?.();
    });
  }

  setCameras(list: MapCamera[]) {
    this.cameras.fill(list);
    this.gestures.fan.renew((id) => this.cameras.get(id));
  }

  setCurrent(id: string | null) {
    this.cameras.setCurrent(id);
  }

  setShape(s: Shape) {
    this.hold.stand(s);
  }

  /** draw begins a drawing; null, or Escape, leaves the shape as it was. */
  draw(kind: DrawKind | null) {
    this.hand.begin(kind);
    if (kind) this.el.focus({ preventScroll: true });
  }

  /** put makes a shape in the middle of the map, and its first part has the keys. */
  put(kind: DrawKind) {
    this.hand.put(kind);
    this.map.renderSync(); // its parts are there now
    this.handles.focus();
  }

  setOutlines(geojson: unknown) {
    this.base.setOutlines(geojson);
  }

  setPlaces(list: readonly PlaceName[]) {
    this.base.setPlaces(list);
  }

  setSources(list: Source[], name: string | null) {
    this.base.setSource(list.find((s) => s.name === name) ?? null);
  }

  setRoute(hops: Hop[], next: MapCamera[] = []) {
    this.route.set(hops);
    this.cameras.setNext(next);
  }

  /**
   * fit shows the whole of something: of cameras, those found if any were. What is not there is not gone to. top is what
   * is kept free above, for what lies over the map there.
   */
  fit(what: "cameras" | "all" | "shape" | "outlines" | [number, number, number, number], padding = 40, top = padding) {
    if (!this.sized) {
      this.waiting = () => this.fit(what, padding, top);
      return;
    }
    this.waiting = null;
    const extent = this.extentOf(what);
    if (extent) this.show(extent, padding, top);
  }

  get view(): View {
    const view = this.map.getView();
    const [lon, lat] = toLonLat(view.getCenter() ?? fromLonLat([start.lon, start.lat]));
    const round = (x: number, n: number) => Number(x.toFixed(n));
    return { lon: round(lon!, 6), lat: round(lat!, 6), zoom: round(view.getZoom() ?? start.zoom, 2) };
  }

  set view(v: View) {
    this.waiting = null;
    const now = this.view;
    if (v.lon === now.lon && v.lat === now.lat && v.zoom === now.zoom) return;
    const view = this.map.getView();
    view.cancelAnimations();
    view.setCenter(fromLonLat([v.lon, v.lat]));
    view.setZoom(v.zoom);
    this.told = JSON.stringify(this.view); // the page knows it already
  }

  resize() {
    this.map.updateSize();
  }

  destroy() {
    this.gestures.destroy();
    this.waiting = null;
    this.map.setTarget(undefined);
    this.map.dispose();
  }

  private get sized(): boolean {
    const [w, h] = this.map.getSize() ?? [0, 0];
    return w! > 0 && h! > 0;
  }

  private extentOf(what: "cameras" | "all" | "shape" | "outlines" | [number, number, number, number]): Extent | null {
    if (what === "cameras") return this.cameras.extent();
    if (what === "all") return this.cameras.extentOfAll();
    if (what === "shape") return this.shapes.extent();
    if (what === "outlines") return this.base.extent();
    return transformExtent(what, "EPSG:4326", "EPSG:3857");
  }

  private show(extent: Extent, padding: number, top = padding) {
    const [w, h] = this.map.getSize()!;
    const edge = Math.min(padding, w! / 4, h! / 4);
    const above = Math.max(edge, Math.min(top, h! / 2.5));
    const view = this.map.getView();
    view.cancelAnimations();
    view.fit(extent, { padding: [above, edge, edge, edge], maxZoom: closest, duration: this.still ? 0 : 250 });
  }

  private grip(part: Part | null, by: "pointer" | "keys") {
    if (part === this.gripped) return;
    this.gripped = part;
    this.on.grip?.(part, by);
  }

  /** tell passes on where the map has come to, once. */
  private tell() {
    const v = this.view;
    const text = JSON.stringify(v);
    if (!this.sized || text === this.told) return;
    this.told = text;
    this.on.moved?.(v);
  }
}
