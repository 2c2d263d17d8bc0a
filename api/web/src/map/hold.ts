import type MapBrowserEvent from "ol/MapBrowserEvent.js";
import Pointer from "ol/interaction/Pointer.js";
import { apart, changed, type Grip, gripAt, placeOf, without } from "./change";
import { near, type PointerEvt, pointed } from "./pointer";
import type { ShapeLayer } from "./shape";
import type { Part, Point, Shape } from "./types";

export interface HoldEvents {
  shape(s: Shape): void;
  /** A part is held; null: it was let go. */
  grip(part: Part | null): void;
}

/**
 * Hold changes a shape that stands: its corners, its centre, its rim are dragged, an
 * edge gets a corner where it is dragged from, a double click takes a corner away.
 * What became of the shape is told when it is let go.
 */
export class Hold extends Pointer {
  private shape: Shape = null;
  private held: { grip: Grip; of: Shape; now: Shape } | null = null;
  private from: number[] = []; // pixel of the press
  private dragged = false;
  private readonly own = new WeakSet<Event>(); // clicks on corners: no ground is picked there

  constructor(
    private readonly layer: ShapeLayer,
    private readonly out: HoldEvents,
  ) {
    super();
  }

  /** standing is the shape as it is shown; null: there is none, or one is being drawn. */
  get standing(): Shape {
    return this.getActive() ? (this.held?.now ?? this.shape) : null;
  }
  get changing(): boolean {
    return this.held !== null;
  }

  /** stand takes the shape as the page knows it. */
  stand(s: Shape) {
    this.shape = s;
    if (this.getActive() && !this.held) this.layer.show(s);
  }

  /** rest leaves the layer to a drawing, until that is over. */
  rest(on: boolean) {
    this.letGo();
    this.setActive(!on);
    this.layer.show(on ? null : this.shape);
  }

  /** over is what of the shape lies under the pointer. */
  over(e: PointerEvt): Grip | null {
    const resolution = e.map.getView().getResolution();
    return resolution === undefined || !this.getActive() ? null : gripAt(this.shape, pointed(e), resolution, near(e.originalEvent));
  }

  /** mine is whether a click was on a corner, and means nothing to the ground below. */
  mine(e: MapBrowserEvent): boolean {
    return this.own.has(e.originalEvent);
  }

  /** move takes a part to a place, and holds it. */
  move(grip: Grip, to: Point) {
    if (!this.held) {
      this.held = { grip, of: this.shape, now: this.shape };
      this.out.grip(grip.part);
    }
    this.held.now = changed(this.held.of, this.held.grip, to);
    this.layer.show(this.held.now, true);
  }

  /** settle lets go. */
  settle() {
    const held = this.letGo();
    if (held && held.now !== held.of) this.finish(held.now);
  }

  /** giveUp lets go of what is held, where it was; false: nothing is. */
  giveUp(): boolean {
    const held = this.letGo();
    if (held) this.layer.show(this.shape);
    return held !== null;
  }

  /** add puts a corner into the middle of an edge. */
  add(n: number) {
    const edge: Grip = { part: "edge", n };
    const middle = placeOf(this.shape, edge);
    if (middle) this.finish(changed(this.shape, edge, middle));
  }

  remove(n: number) {
    this.letGo();
    const s = without(this.shape, n);
    if (s !== this.shape) this.finish(s);
  }

  override handleEvent(e: MapBrowserEvent): boolean {
    const click = e.type === "click" || e.type === "dblclick";
    const grip = click ? this.over(e as PointerEvt) : null;
    if (grip?.part !== "corner") return super.handleEvent(e as PointerEvt);
    this.own.add(e.originalEvent);
    if (e.type === "click") return true;
    this.remove(grip.n);
    return false; // a double click does not zoom
  }

  override handleDownEvent(e: PointerEvt): boolean {
    const { button, shiftKey, ctrlKey, metaKey } = e.originalEvent;
    const grip = button !== 0 || shiftKey || ctrlKey || metaKey ? null : this.over(e);
    this.settle(); // of what keys held
    this.held = grip && { grip, of: this.shape, now: this.shape };
    this.from = e.pixel;
    this.dragged = false;
    if (grip) this.out.grip(grip.part);
    return grip !== null;
  }

  override handleDragEvent(e: PointerEvt) {
    this.dragged ||= apart(e.pixel, this.from) > 4;
    if (this.dragged && this.held) this.move(this.held.grip, pointed(e));
  }

  override handleUpEvent(e: PointerEvt): boolean {
    if (this.dragged) e.preventDefault(); // no click follows
    this.settle();
    return false;
  }

  private letGo() {
    const held = this.held;
    this.held = null;
    if (held) this.out.grip(null);
    return held;
  }

  private finish(s: Shape) {
    this.shape = s;
    this.layer.show(s);
    this.out.shape(s);
  }
}
