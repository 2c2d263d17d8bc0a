// A pointer over a map of a metre per pixel, for tests of what takes hold of it.
import type MapBrowserEvent from "ol/MapBrowserEvent.js";
import { fromLonLat } from "ol/proj.js";
import { Hand } from "./draw";
import { destination } from "./geometry";
import { Hold } from "./hold";
import type { ShapeLayer } from "./shape";
import type { Part, Point, Shape } from "./types";

export const home: Point = [104.895, 25];
const resolution = 1 / Math.cos((25 * Math.PI) / 180); // a metre per pixel at home

/** at is the place so many metres east of home, and north of that. */
export const at = (east: number, north = 0) => destination(destination(home, 90, east), 0, north);

const map = {
  getView: () => ({ getResolution: () => resolution }),
  getPixelFromCoordinate: ([x, y]: number[]) => [x! / resolution, -y! / resolution],
};

export class TestPointer {
  shown: Shape = null;
  readonly made: Shape[] = [];
  readonly said: (string | null)[] = [];
  readonly parts: (Part | null)[] = [];
  press: Event = new Event("pointerdown");
  readonly hold: Hold;
  readonly hand: Hand;

  constructor() {
    const layer = { show: (s: Shape) => (this.shown = s), sketch: () => (this.shown = null) } as unknown as ShapeLayer;
    this.hold = new Hold(layer, { shape: (s) => this.made.push(s), grip: (p) => this.parts.push(p) });
    this.hand = new Hand(layer, this.hold, { shape: (s) => this.made.push(s), drawing: (k) => this.said.push(k) });
  }

  /** send sends one event; on: the map may have it too, click: a click may follow. */
  send(type: string, place: Point): { on: boolean; click: boolean } {
    const coordinate = fromLonLat(place);
    let click = true;
    const e = {
      type, map, coordinate, pixel: map.getPixelFromCoordinate(coordinate), activePointers: [],
      originalEvent: this.press, preventDefault: () => (click = false), stopPropagation: () => {},
    } as unknown as MapBrowserEvent;
    const on = this.hand.handleEvent(e) && (!this.hold.getActive() || this.hold.handleEvent(e));
    return { on, click };
  }

  down(place: Point, keys: object = {}): boolean {
    this.press = Object.assign(new Event("pointerdown"), { button: 0, shiftKey: false, ctrlKey: false, metaKey: false, pointerType: "mouse", ...keys });
    return this.send("pointerdown", place).on;
  }

  drag(from: Point, to: Point, keys: object = {}) {
    this.down(from, keys);
    this.send("pointerdrag", to);
    return this.send("pointerup", to);
  }

  click(place: Point): boolean {
    this.down(place);
    return this.send("pointerup", place).click && this.send("click", place).on;
  }

  /** pressed is the click as others get it later. */
  get pressed(): MapBrowserEvent {
    return { originalEvent: this.press } as unknown as MapBrowserEvent;
  }
}

export function radius(s: Shape | undefined): number {
  return s?.kind === "circle" ? s.circle.radius : NaN;
}

export function points(s: Shape | undefined): Point[] {
  return s?.kind === "polygon" ? s.points : [];
}
