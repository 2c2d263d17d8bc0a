import type MapBrowserEvent from "ol/MapBrowserEvent.js";
import Pointer from "ol/interaction/Pointer.js";
import { fromLonLat, toLonLat } from "ol/proj.js";
import { boundRadius, cornersMost, distance, gripOf, groundResolution, type Grip } from "./geometry";
import type { ShapeLayer } from "./shape";
import type { Circle, DrawKind, Point, Shape } from "./types";

type PointerEvt = MapBrowserEvent<PointerEvent>;

export interface HandEvents {
  shape(s: Shape): void;
  drawing(kind: DrawKind | null): void;
}

/** Two clicks this near, in pixels, are at one place. */
const near = (e: PointerEvent) => (e.pointerType === "touch" ? 20 : 9);

/**
 * Hand is drawing by hand. A circle is drawn by a drag, or a click at its centre
 * and one at its rim; a polygon by clicks, the last one at its first corner or
 * twice. A circle that stands is moved by its centre and resized by its rim.
 */
export class Hand extends Pointer {
  private shape: Shape = null;
  private kind: DrawKind | null = null;
  private corners: Point[] = [];
  private circle: Circle | null = null; // being drawn or changed
  private grip: Grip = null;
  private from: number[] = []; // pixel of the press
  private dragged = false;
  private again = false; // the press is the second one of a circle
  private readonly own = new WeakSet<Event>(); // clicks that drew: a single or double one may come after the end

  constructor(
    private readonly layer: ShapeLayer,
    private readonly out: HandEvents,
  ) {
    super();
  }

  get drawing(): DrawKind | null {
    return this.kind;
  }
  get changing(): boolean {
    return this.grip !== null;
  }

  /** stand takes the shape as the page knows it. */
  stand(s: Shape) {
    this.shape = s;
    if (this.kind === null && !this.changing) this.layer.show(s);
  }

  begin(kind: DrawKind | null) {
    const was = this.kind;
    this.kind = kind;
    this.corners = [];
    this.circle = this.grip = null;
    this.layer.show(kind === null ? this.shape : null);
    if (kind !== was) this.out.drawing(kind);
  }

  /** mine is whether a click belongs to the drawing, and not to what lies under it. */
  mine(e: MapBrowserEvent): boolean {
    return this.kind !== null || this.own.has(e.originalEvent);
  }

  /** over is what of the circle lies under the pointer. */
  over(e: PointerEvt): Grip {
    const s = this.shape;
    const resolution = e.map.getView().getResolution();
    if (s?.kind !== "circle" || resolution === undefined) return null;
    const { lon, lat, radius } = s.circle;
    return gripOf(distance([lon, lat], placeOf(e)), radius, groundResolution(resolution, lat), near(e.originalEvent));
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
    const { button, shiftKey, ctrlKey, metaKey } = e.originalEvent;
    // A polygon's clicks leave the map free to be dragged on.
    if (button !== 0 || this.kind === "polygon") return false;
    this.from = e.pixel;
    this.dragged = false;
    const [lon, lat] = placeOf(e);
    if (this.kind === "circle") {
      this.again = this.circle !== null;
      this.circle ??= { lon, lat, radius: 0 };
      return true;
    }
    this.grip = shiftKey || ctrlKey || metaKey ? null : this.over(e);
    if (this.grip && this.shape?.kind === "circle") this.circle = { ...this.shape.circle };
    return this.grip !== null;
  }

  override handleDragEvent(e: PointerEvt) {
    this.dragged ||= apart(e.pixel, this.from) > 4;
    if (this.dragged) this.change(e);
  }

  override handleMoveEvent(e: PointerEvt) {
    if (this.kind === "polygon" && this.corners.length > 0) this.layer.sketch(this.corners, placeOf(e));
    if (this.kind === "circle" && this.circle) this.change(e);
  }

  override handleUpEvent(e: PointerEvt): boolean {
    const circle = this.circle;
    if (this.kind === "circle") {
      if (this.dragged || this.again) {
        this.change(e);
        e.preventDefault(); // no click follows
        this.finish(this.circle && { kind: "circle", circle: this.circle });
      } else if (circle) this.layer.show({ kind: "circle", circle: { ...circle, radius: boundRadius(0) } }, true);
      return false;
    }
    this.grip = this.circle = null;
    if (this.dragged && circle) {
      e.preventDefault();
      this.finish({ kind: "circle", circle });
    }
    return false;
  }

  /** change lets the circle follow the pointer. */
  private change(e: PointerEvt) {
    if (!this.circle) return;
    const [lon, lat] = placeOf(e);
    if (this.grip === "centre") this.circle = { ...this.circle, lon, lat };
    else this.circle = { ...this.circle, radius: boundRadius(distance([this.circle.lon, this.circle.lat], [lon, lat])) };
    this.layer.show({ kind: "circle", circle: this.circle }, true);
  }

  private corner(e: PointerEvt) {
    const at = placeOf(e);
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
    this.shape = s;
    this.begin(null);
    this.out.shape(s);
  }
}

function placeOf(e: PointerEvt): Point {
  const [lon, lat] = toLonLat(e.coordinate);
  return [lon!, lat!];
}

function apart(a: number[], b: number[]): number {
  return Math.hypot(a[0]! - b[0]!, a[1]! - b[1]!);
}
