import type MapBrowserEvent from "ol/MapBrowserEvent.js";
import Pointer from "ol/interaction/Pointer.js";
import { fromLonLat } from "ol/proj.js";
import { apart } from "./change";
import { boundRadius, cornersMost, distance } from "./geometry";
import type { Hold } from "./hold";
import { near, type PointerEvt, pointed, pointOf } from "./pointer";
import type { ShapeLayer } from "./shape";
import type { Circle, DrawKind, Point, Shape } from "./types";

export interface HandEvents {
  shape(s: Shape): void;
  drawing(kind: DrawKind | null): void;
}

/**
 * Hand is drawing by hand. A circle is drawn by a drag, or a click at its centre
 * and one at its rim; a polygon by clicks, the last one at its first corner or
 * twice. What stood before rests meanwhile.
 */
export class Hand extends Pointer {
  private kind: DrawKind | null = null;
  private corners: Point[] = [];
  private circle: Circle | null = null;
  private from: number[] = []; // pixel of the press
  private dragged = false;
  private again = false; // the press is the second one of a circle
  private readonly own = new WeakSet<Event>(); // clicks that drew: a single or double one may come after the end

  constructor(
    private readonly layer: ShapeLayer,
    private readonly hold: Hold,
    private readonly out: HandEvents,
  ) {
    super();
  }

  get drawing(): DrawKind | null {
    return this.kind;
  }

  begin(kind: DrawKind | null) {
    const was = this.kind;
    this.kind = kind;
    this.corners = [];
    this.circle = null;
    this.hold.rest(kind !== null);
    if (kind !== was) this.out.drawing(kind);
  }

  /** put makes a shape in the middle of what is shown, to be changed from there: for who has no pointer. */
  put(kind: DrawKind) {
    const map = this.getMap();
    const [w, h] = map?.getSize() ?? [0, 0];
    const ground = (x: number, y: number) => pointOf(map!.getCoordinateFromPixel([w! * x, h! * y])!);
    if (!map || !w || !h) return;
    const [lon, lat] = ground(0.5, 0.5);
    const upright = ground(0.5, 0.25);
    if (kind === "circle") this.finish({ kind, circle: { lon, lat, radius: boundRadius(distance([lon, lat], upright)) } });
    else this.finish({ kind, points: [ground(0.25, 0.75), ground(0.75, 0.75), ground(0.75, 0.25), ground(0.25, 0.25)] });
  }

  /** mine is whether a click belongs to the drawing, and not to what lies under it. */
  mine(e: MapBrowserEvent): boolean {
    return this.kind !== null || this.own.has(e.originalEvent);
  }

  /** key does what a key means while something is drawn; false: nothing. */
  key(name: string): boolean {
    if (this.kind === null) return false;
    if (name === "Escape") this.begin(null);
    else if (name === "Enter" && this.corners.length >= 3) this.close();
    else if (name === "Backspace" && this.kind === "polygon") {
      this.corners.pop();
      this.layer.sketch(this.corners, null);
    } else return false;
    return true;
  }

  override handleEvent(e: MapBrowserEvent): boolean {
    const click = e.type === "click" || e.type === "singleclick" || e.type === "dblclick";
    if (!click || !this.mine(e)) return super.handleEvent(e as PointerEvt);
    this.own.add(e.originalEvent);
    if (e.type === "click" && this.kind === "polygon") this.corner(e as PointerEvt);
    return false; // a double click does not zoom
  }

  override handleDownEvent(e: PointerEvt): boolean {
    // A polygon's clicks leave the map free to be dragged on.
    if (e.originalEvent.button !== 0 || this.kind !== "circle") return false;
    this.from = e.pixel;
    this.dragged = false;
    this.again = this.circle !== null;
    const [lon, lat] = pointed(e);
    this.circle ??= { lon, lat, radius: 0 };
    return true;
  }

  override handleDragEvent(e: PointerEvt) {
    this.dragged ||= apart(e.pixel, this.from) > 4;
    if (this.dragged) this.widen(e);
  }

  override handleMoveEvent(e: PointerEvt) {
    if (this.kind === "polygon" && this.corners.length > 0) this.layer.sketch(this.corners, pointed(e));
    if (this.kind === "circle") this.widen(e);
  }

  override handleUpEvent(e: PointerEvt): boolean {
    if (!this.circle) return false; // it was given up
    if (this.dragged || this.again) {
      this.widen(e);
      e.preventDefault(); // no click follows
      this.finish({ kind: "circle", circle: this.circle });
    } else this.layer.show({ kind: "circle", circle: { ...this.circle, radius: boundRadius(0) } }, true);
    return false;
  }

  /** widen lets the circle's rim follow the pointer. */
  private widen(e: PointerEvt) {
    if (!this.circle) return;
    this.circle = { ...this.circle, radius: boundRadius(distance([this.circle.lon, this.circle.lat], pointed(e))) };
    this.layer.show({ kind: "circle", circle: this.circle }, true);
  }

  private corner(e: PointerEvt) {
    const at = pointed(e);
    const onto = (p: Point | undefined) => {
      const pixel = p && e.map.getPixelFromCoordinate(fromLonLat(p));
      return pixel ? apart(pixel, e.pixel) <= near(e.originalEvent) : false;
    };
    const first = this.corners[0];
    const last = this.corners[this.corners.length - 1];
    const full = this.corners.length + 1 >= cornersMost;
    if (onto(last) || (this.corners.length >= 3 && onto(first))) {
      if (this.corners.length < 3) return;
    } else {
      this.corners.push(at);
      if (!full) return this.layer.sketch(this.corners, null);
    }
    this.close();
  }

  private close() {
    this.finish({ kind: "polygon", points: this.corners });
  }

  private finish(s: Shape) {
    this.hold.stand(s);
    this.begin(null);
    this.out.shape(s);
  }
}
