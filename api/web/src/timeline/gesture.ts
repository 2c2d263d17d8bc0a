import type { Ms } from "../time/span";
import { type Zone, header, hit, mostScroll, scaleOf, timeUnder } from "./layout";
import { type Finger, pan, pinch, timeAt, xOf, zoom } from "./scale";
import type { Controls, Marks } from "./scene";

/** A pointer at a place of the canvas; time in ms, for double clicks. */
export interface Touch {
  id: number;
  x: number;
  y: number;
  finger: boolean;
  time: number;
}

type Drag =
  | { kind: "press"; zone: Zone; x: number; y: number } // a click unless it moves
  | { kind: "seek"; off: number; last: Ms } // off: pixels from the pointer to what it holds
  | { kind: "mark"; which: keyof Marks; off: number }
  | { kind: "time"; held: Ms }
  | { kind: "rows"; y: number }
  | { kind: "pinch"; a: Finger & { id: number }; b: Finger & { id: number } }
  | { kind: "spent" }; // nothing more until all is lifted

const still = 4; // pixels that a click may wander
const twice = 350; // ms between two clicks that are one double click

/** Gesture makes clicks, drags and pinches of what pointers do. It knows no events of the browser. */
export class Gesture {
  private drag: Drag | null = null;
  private readonly down = new Map<number, Touch>();
  private click: Touch | null = null;

  constructor(private readonly on: Controls) {}

  get busy() {
    return this.drag !== null;
  }

  get scrubbing() {
    return this.drag?.kind === "seek";
  }

  press(p: Touch): void {
    this.down.set(p.id, p);
    this.on.hover(null);
    if (this.down.size === 1) this.begin(p);
    else if (this.down.size === 2) this.pinch();
    else this.drag = { kind: "spent" };
  }

  private begin(p: Touch): void {
    const { scene } = this.on;
    const scale = scaleOf(scene);
    const zone = hit(scene, p.x, p.y, p.finger ? 10 : 2);
    if (zone.kind === "header") this.seek(p, 0);
    else if (zone.kind === "cursor") this.seek(p, xOf(scale, scene.cursor ?? 0) - p.x);
    else if (zone.kind === "flag") this.drag = { kind: "mark", which: zone.which, off: xOf(scale, scene.marks[zone.which] ?? 0) - p.x };
    else this.drag = { kind: "press", zone, x: p.x, y: p.y };
  }

  private seek(p: Touch, off: number): void {
    const t = timeUnder(this.on.scene, p.x + off);
    this.drag = { kind: "seek", off, last: t };
    this.on.seek(t, false);
  }

  private pinch(): void {
    this.settle();
    const scale = scaleOf(this.on.scene);
    const [a, b] = [...this.down.values()].map((p) => ({ id: p.id, x: p.x, t: timeAt(scale, p.x) }));
    this.drag = a && b ? { kind: "pinch", a, b } : { kind: "spent" };
  }

  move(p: Touch): void {
    if (!this.down.has(p.id)) return;
    this.down.set(p.id, p);
    if (this.drag?.kind === "press") this.loosen(this.drag, p);
    const d = this.drag;
    const { scene } = this.on;
    switch (d?.kind) {
      case "seek":
        d.last = timeUnder(scene, p.x + d.off);
        this.on.seek(d.last, false);
        break;
      case "mark":
        this.on.mark(d.which, timeUnder(scene, p.x + d.off));
        break;
      case "time":
        this.on.show(pan(scene.span, d.held - timeAt(scaleOf(scene), p.x), scene.limits));
        break;
      case "rows":
        this.on.scroll(d.y - p.y);
        d.y = p.y;
        break;
      case "pinch": {
        const held = [d.a, d.b].find((f) => f.id === p.id);
        if (held) held.x = p.x;
        this.on.show(pinch(scaleOf(scene), d.a, d.b, scene.limits));
      }
    }
  }

  /** loosen makes a drag of a press that has moved: of time, or of the rows when it goes up or down. */
  private loosen(d: Drag & { kind: "press" }, p: Touch): void {
    const [dx, dy] = [Math.abs(p.x - d.x), Math.abs(p.y - d.y)];
    if (dx <= still && dy <= still) return;
    const { scene } = this.on;
    const upright = d.zone.kind === "label" || (dy > dx && mostScroll(scene) > 0);
    if (upright) this.drag = { kind: "rows", y: d.y };
    else if (d.zone.kind === "bars") this.drag = { kind: "time", held: timeAt(scaleOf(scene), d.x) };
    else this.drag = { kind: "spent" };
  }

  lift(p: Touch): void {
    if (!this.down.has(p.id)) return;
    if (this.drag?.kind === "seek") this.drag.last = timeUnder(this.on.scene, p.x + this.drag.off);
    else if (this.drag?.kind === "press") this.clicked(this.drag.zone, p);
    this.release(p.id);
  }

  /** cancel: the browser took the pointer away. */
  cancel(id: number): void {
    if (this.down.has(id)) this.release(id);
  }

  private release(id: number): void {
    this.down.delete(id);
    this.settle();
    this.drag = this.down.size ? { kind: "spent" } : null;
  }

  /** settle ends a scrub with a final seek, so that nobody waits for one. */
  private settle(): void {
    const d = this.drag;
    this.drag = null;
    if (d?.kind === "seek") this.on.seek(d.last, true);
  }

  private clicked(zone: Zone, p: Touch): void {
    const { scene } = this.on;
    if (zone.kind === "bookmark") this.on.seek(zone.at, true);
    if (zone.kind === "label" && zone.row) this.on.pick(zone.row.id);
    if (zone.kind !== "bars") return;
    const t = timeUnder(scene, p.x);
    const c = this.click;
    if (c && p.time - c.time < twice && Math.abs(p.x - c.x) <= still && Math.abs(p.y - c.y) <= still) {
      this.click = null;
      this.on.show(zoom(scene.span, 0.5, t, scene.limits));
      return;
    }
    this.click = p;
    if (zone.row) this.on.pick(zone.row.id);
    this.on.seek(t, true);
  }
}

/** What a wheel says; deltas in pixels. */
export interface Turn {
  x: number;
  y: number;
  dx: number;
  dy: number;
  shift: boolean;
  /** what a pinch on a touchpad arrives as */
  ctrl: boolean;
}

/** wheel zooms at the pointer, sideways pans, over the labels scrolls. False: not ours, the page may scroll. */
export function wheel(on: Controls, w: Turn): boolean {
  const { scene } = on;
  const scale = scaleOf(scene);
  if (w.x < scale.left && !w.ctrl) {
    if (w.y < header || !mostScroll(scene)) return false;
    on.scroll(w.dy);
    return true;
  }
  const by = w.shift ? w.dx || w.dy : Math.abs(w.dx) > Math.abs(w.dy) ? w.dx : 0;
  if (by) on.show(pan(scene.span, timeAt(scale, by) - timeAt(scale, 0), scene.limits));
  else if (w.dy) {
    const much = Math.min(Math.max(w.dy, -240), 240) * (w.ctrl ? 0.01 : 0.0022); // a notch of 100: a quarter
    on.show(zoom(scene.span, Math.exp(much), timeUnder(scene, w.x), scene.limits));
  }
  return true;
}
