import type OlMap from "ol/Map.js";
import { fromLonLat } from "ol/proj.js";
import { type Grip, gripsOf, placeOf } from "./change";
import type { Hold } from "./hold";
import { pointOf } from "./pointer";
import type { Labels, Part, Point, Shape } from "./types";

/** How far an arrow moves a part, in pixels; with Shift one. */
const step = 10;

const arrows: Record<string, [number, number]> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

/**
 * Handles are the parts of a shape that stands as buttons, for the keyboard: arrows
 * move a part, Enter puts a corner behind another, Delete takes one away. They are
 * seen when they have the focus; a pointer goes through them to the shape itself.
 */
export class Handles {
  private readonly el = document.createElement("div");
  private readonly buttons: HTMLButtonElement[] = [];
  private grips: Grip[] = [];

  constructor(
    private readonly map: OlMap,
    private readonly hold: Hold,
    private readonly labels: Labels,
    private readonly focused: (part: Part | null) => void,
  ) {
    map.getOverlayContainerStopEvent()!.append(this.el);
    map.on("postrender", () => this.place());
  }

  focus() {
    this.buttons[0]?.focus({ preventScroll: true });
  }

  /** place brings the buttons to where the parts are. What is out of view waits at the map's edge. */
  private place() {
    const shape = this.hold.standing;
    this.fill(shape);
    const [w, h] = this.map.getSize() ?? [0, 0];
    this.grips.forEach((g, n) => {
      const at = this.map.getPixelFromCoordinate(fromLonLat(placeOf(shape, g)!));
      if (!at) return;
      const { style } = this.buttons[n]!;
      style.left = `${Math.min(Math.max(at[0]!, 12), w! - 12)}px`;
      style.top = `${Math.min(Math.max(at[1]!, 12), h! - 12)}px`;
    });
  }

  private fill(shape: Shape) {
    this.grips = gripsOf(shape);
    while (this.buttons.length > this.grips.length) this.buttons.pop()!.remove();
    while (this.buttons.length < this.grips.length) this.buttons.push(this.button(this.buttons.length));
    this.grips.forEach((g, n) => {
      const text = g.part === "centre" ? this.labels.centre : g.part === "rim" ? this.labels.rim : this.labels.corner(n + 1, this.grips.length);
      if (this.buttons[n]!.ariaLabel !== text) this.buttons[n]!.ariaLabel = text;
    });
  }

  private button(n: number): HTMLButtonElement {
    const b = document.createElement("button");
    b.type = "button";
    b.className = "map-handle";
    b.addEventListener("focus", () => this.come(n));
    b.addEventListener("blur", () => {
      this.hold.settle();
      this.focused(null);
    });
    b.addEventListener("keydown", (e) => this.key(e, n));
    b.addEventListener("keyup", (e) => {
      if (!(e.key in arrows)) return;
      this.hold.settle();
      this.focused(this.grips[n]?.part ?? null); // it still has the focus
    });
    b.addEventListener("click", () => this.add(n));
    this.el.append(b);
    return b;
  }

  /** come shows a part that has the focus. */
  private come(n: number) {
    this.focused(this.grips[n]?.part ?? null);
    const at = this.at(n);
    const [w, h] = this.map.getSize() ?? [0, 0];
    const pixel = at && this.map.getPixelFromCoordinate(fromLonLat(at));
    if (pixel && (pixel[0]! < 0 || pixel[1]! < 0 || pixel[0]! > w! || pixel[1]! > h!)) this.map.getView().setCenter(fromLonLat(at));
  }

  private key(e: KeyboardEvent, n: number) {
    if (e.ctrlKey || e.metaKey || e.altKey) return;
    const arrow = arrows[e.key];
    if (arrow) this.move(n, arrow, e.shiftKey ? 1 : step);
    else if (e.key === "Delete" || e.key === "Backspace") this.remove(n);
    else return;
    e.preventDefault();
    e.stopPropagation(); // to the page an arrow is a step in time
  }

  private move(n: number, [east, north]: [number, number], pixels: number) {
    const grip = this.grips[n];
    const at = this.at(n);
    if (!grip || !at) return;
    const far = pixels * this.map.getView().getResolution()!;
    const [x, y] = fromLonLat(at) as [number, number];
    if (grip.part !== "rim") return this.hold.move(grip, pointOf([x + east * far, y + north * far]));
    // A rim goes out or in, at its east.
    const [middle] = fromLonLat(placeOf(this.hold.standing, { part: "centre" })!);
    this.hold.move(grip, pointOf([Math.max(x + (east + north) * far, middle!), y]));
  }

  private add(n: number) {
    if (this.grips[n]?.part !== "corner") return;
    this.hold.add(n);
    this.place();
    this.buttons[n + 1]?.focus();
  }

  private remove(n: number) {
    if (this.grips[n]?.part !== "corner") return;
    this.hold.remove(n);
    this.place();
    this.buttons[Math.min(n, this.buttons.length - 1)]?.focus();
  }

  private at(n: number): Point | null {
    const grip = this.grips[n];
    return grip ? placeOf(this.hold.standing, grip) : null;
  }
}
