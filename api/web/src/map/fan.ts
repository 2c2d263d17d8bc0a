import type OlMap from "ol/Map.js";
import { fromLonLat } from "ol/proj.js";
import { pictureOf } from "./glyph";
import { rankText } from "./looks";
import { seatsOf } from "./seats";
import type { MapCamera } from "./types";

export interface FanEvents {
  pick(id: string, e: MouseEvent): void;
  point(id: string | null): void;
  label(n: number): string;
}

const svg = "http://www.w3.org/2000/svg";

/** Fan spreads cameras that stand on one spot: a button each, on a leg to where they are. */
export class Fan {
  private readonly el = document.createElement("div");
  private cameras: readonly MapCamera[] = [];
  private spot: number[] = []; // in the map's plane

  constructor(
    private readonly map: OlMap,
    private readonly on: FanEvents,
  ) {
    this.el.className = "map-fan";
    this.el.setAttribute("role", "group");
    this.el.hidden = true;
    this.el.addEventListener("keydown", (e) => this.key(e));
    map.getOverlayContainerStopEvent()!.append(this.el);
    map.on("postrender", () => this.place());
  }

  /** has is whether a camera is in the fan that is open. */
  has(id: string): boolean {
    return this.cameras.some((c) => c.id === id);
  }

  contains(node: EventTarget | null): boolean {
    return node instanceof Node && this.el.contains(node);
  }

  open(cameras: readonly MapCamera[]) {
    const first = cameras[0];
    if (!first || first.lon === null || first.lat === null) return;
    this.spot = fromLonLat([first.lon, first.lat]);
    this.fill(cameras);
    this.el.querySelector("button")?.focus({ preventScroll: true });
  }

  /** renew shows what became of the cameras; with one left, nothing is to be told apart. */
  renew(get: (id: string) => MapCamera | undefined) {
    if (this.cameras.length === 0) return;
    const still = this.cameras.flatMap((c) => get(c.id) ?? []);
    if (still.length < 2) return void this.close();
    const focus = [...this.el.querySelectorAll("button")].findIndex((b) => b === document.activeElement);
    this.fill(still);
    if (focus >= 0) this.el.querySelectorAll("button")[Math.min(focus, still.length - 1)]!.focus({ preventScroll: true });
  }

  /** close is whether there was one to close. The focus goes back to the map. */
  close(): boolean {
    if (this.cameras.length === 0) return false;
    const focused = this.contains(document.activeElement);
    this.cameras = [];
    this.el.hidden = true;
    this.el.replaceChildren();
    this.on.point(null);
    if (focused) this.map.getTargetElement()?.focus({ preventScroll: true });
    return true;
  }

  private fill(cameras: readonly MapCamera[]) {
    this.cameras = cameras;
    const at = this.map.getPixelFromCoordinate(this.spot);
    const seats = seatsOf(cameras.length, at, this.map.getSize()!);
    const legs = document.createElementNS(svg, "svg");
    for (const s of seats) legs.append(leg(s.x, s.y));
    this.el.replaceChildren(legs, ...cameras.map((c, i) => this.seat(c, seats[i]!)));
    this.el.setAttribute("aria-label", this.on.label(cameras.length));
    this.el.hidden = false;
    this.place();
  }

  private seat(c: MapCamera, { x, y, side }: ReturnType<typeof seatsOf>[number]): HTMLButtonElement {
    const b = document.createElement("button");
    b.type = "button";
    b.className = side;
    b.dataset.camera = c.id;
    b.title = c.name;
    b.style[side === "right" ? "left" : "right"] = `${Math.abs(x) - 13}px`; // the dot's middle is on the leg's end
    b.style.top = `${y}px`;
    const dot = span("dot", "");
    dot.append(pictureOf(c));
    const rank = rankText(c);
    b.append(dot, ...(rank ? [span("rank", rank)] : []), span("name", c.name));
    if (c.number !== undefined) b.append(span("number", String(c.number)));
    b.addEventListener("click", (e) => this.on.pick(c.id, e));
    b.addEventListener("focus", () => this.on.point(c.id));
    b.addEventListener("pointerenter", () => this.on.point(c.id));
    return b;
  }

  /** place keeps the fan at its spot; out of view it closes. */
  private place() {
    if (this.cameras.length === 0) return;
    const at = this.map.getPixelFromCoordinate(this.spot);
    const [w, h] = this.map.getSize() ?? [0, 0];
    if (!at || at[0]! < 0 || at[1]! < 0 || at[0]! > w! || at[1]! > h!) return void this.close();
    this.el.style.left = `${at[0]}px`;
    this.el.style.top = `${at[1]}px`;
  }

  private key(e: KeyboardEvent) {
    const way = e.key === "ArrowDown" ? 1 : e.key === "ArrowUp" ? -1 : 0;
    if (way === 0) return;
    const all = [...this.el.querySelectorAll("button")];
    const now = all.findIndex((b) => b === document.activeElement);
    all[(now + way + all.length) % all.length]?.focus({ preventScroll: true });
    e.preventDefault();
    e.stopPropagation();
  }
}

function span(name: string, text: string): HTMLSpanElement {
  const s = document.createElement("span");
  s.className = name;
  s.textContent = text;
  return s;
}

function leg(x: number, y: number): SVGLineElement {
  const line = document.createElementNS(svg, "line");
  line.setAttribute("x2", String(x));
  line.setAttribute("y2", String(y));
  return line;
}
