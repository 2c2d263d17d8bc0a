import type MapBrowserEvent from "ol/MapBrowserEvent.js";
import { fromLonLat } from "ol/proj.js";
import { beforeEach, describe, expect, it } from "vitest";
import { Hand } from "./draw";
import { destination, distance } from "./geometry";
import type { ShapeLayer } from "./shape";
import type { Point, Shape } from "./types";

const home: Point = [104.895, 25];
const resolution = 1 / Math.cos((25 * Math.PI) / 180); // a metre per pixel at home

let hand: Hand;
let shown: Shape;
let drawn: Shape[];
let said: (string | null)[];
let press: Event;

const map = {
  getView: () => ({ getResolution: () => resolution }),
  getPixelFromCoordinate: ([x, y]: number[]) => [x! / resolution, -y! / resolution],
};

/** at is the place so many metres east of home. */
const at = (east: number) => destination(home, 90, east);

/** send sends one event; false: the drawing kept it for itself. */
function send(type: string, place: Point, original: Event = press): { on: boolean; click: boolean } {
  const coordinate = fromLonLat(place);
  let click = true;
  const e = {
    type, map, coordinate, pixel: map.getPixelFromCoordinate(coordinate), activePointers: [],
    originalEvent: original, preventDefault: () => (click = false), stopPropagation: () => {},
  };
  const on = hand.handleEvent(e as unknown as MapBrowserEvent);
  return { on, click };
}

function down(place: Point, keys: object = {}): boolean {
  press = Object.assign(new Event("pointerdown"), { button: 0, shiftKey: false, ctrlKey: false, metaKey: false, pointerType: "mouse", ...keys });
  return send("pointerdown", place).on;
}

function click(place: Point) {
  down(place);
  if (send("pointerup", place).click) send("click", place);
}

beforeEach(() => {
  shown = null;
  drawn = [];
  said = [];
  const layer = { show: (s: Shape) => (shown = s), sketch: () => (shown = null) } as unknown as ShapeLayer;
  hand = new Hand(layer, { shape: (s) => drawn.push(s), drawing: (k) => said.push(k) });
});

function radius(s: Shape | undefined): number {
  return s?.kind === "circle" ? s.circle.radius : NaN;
}

describe("a circle by hand", () => {
  it("is drawn by a drag", () => {
    hand.begin("circle");
    expect(down(home)).toBe(false);
    send("pointerdrag", at(250));
    expect(radius(shown)).toBe(250);
    expect(send("pointerup", at(300)).click).toBe(false);
    expect(drawn.map(radius)).toEqual([300]);
    expect(said).toEqual(["circle", null]);
  });
  it("is drawn by two clicks, and the late single click is no pick", () => {
    hand.begin("circle");
    click(home);
    const first = press;
    expect(drawn).toEqual([]);
    send("pointermove", at(90));
    expect(radius(shown)).toBe(90);
    click(at(120));
    expect(drawn.map(radius)).toEqual([120]);
    expect(hand.mine({ originalEvent: first } as unknown as MapBrowserEvent)).toBe(true);
    click(at(4000));
    expect(hand.mine({ originalEvent: press } as unknown as MapBrowserEvent)).toBe(false);
  });
  it("reaches 20 km and no further", () => {
    hand.begin("circle");
    down(home);
    send("pointerdrag", at(50_000));
    send("pointerup", at(50_000));
    expect(drawn.map(radius)).toEqual([20_000]);
  });
  it("is given up by Escape, and what stood stands again", () => {
    const old: Shape = { kind: "circle", circle: { lon: 105, lat: 25, radius: 500 } };
    hand.stand(old);
    hand.begin("circle");
    expect(shown).toBe(null);
    click(home);
    expect(hand.key("x")).toBe(false);
    expect(hand.key("Escape")).toBe(true);
    expect(shown).toEqual(old);
    expect(drawn).toEqual([]);
    expect(hand.key("Escape")).toBe(false);
  });
});

describe("a circle that stands", () => {
  beforeEach(() => hand.stand({ kind: "circle", circle: { lon: home[0], lat: home[1], radius: 500 } }));
  it("is moved by its centre", () => {
    expect(down(home)).toBe(false);
    send("pointerdrag", at(100));
    send("pointerup", at(100));
    const s = drawn[0]!;
    if (s?.kind !== "circle") throw new Error("no circle");
    expect(s.circle.radius).toBe(500);
    expect(distance(home, [s.circle.lon, s.circle.lat])).toBeCloseTo(100, 3);
  });
  it("is resized by its rim", () => {
    down(at(497));
    send("pointerdrag", at(800));
    send("pointerup", at(800));
    expect(drawn.map(radius)).toEqual([800]);
  });
  it("leaves a click, a drag elsewhere and a click that adds to the map", () => {
    down(home);
    expect(send("pointerup", home).click).toBe(true);
    expect(down(at(250))).toBe(true);
    expect(down(home, { shiftKey: true })).toBe(true);
    expect(drawn).toEqual([]);
  });
});

describe("a polygon by hand", () => {
  const corners = [at(0), at(200), destination(at(100), 0, 200)];
  it("is closed at its first corner", () => {
    hand.begin("polygon");
    corners.forEach(click);
    expect(drawn).toEqual([]);
    click(at(3));
    const s = drawn[0]!;
    if (s?.kind !== "polygon") throw new Error("no polygon");
    expect(s.points).toHaveLength(3);
    s.points.forEach((p, i) => expect(distance(p, corners[i]!)).toBeLessThan(0.01));
    expect(said).toEqual(["polygon", null]);
  });
  it("is closed by a double click, which does not zoom", () => {
    hand.begin("polygon");
    corners.forEach(click);
    click(corners[2]!);
    expect(drawn).toHaveLength(1);
    expect(send("dblclick", corners[2]!).on).toBe(false);
  });
  it("has three corners at least", () => {
    hand.begin("polygon");
    click(corners[0]!);
    click(corners[1]!);
    click(corners[1]!);
    expect(hand.key("Enter")).toBe(false);
    expect(drawn).toEqual([]);
    click(corners[2]!);
    expect(hand.key("Backspace")).toBe(true);
    expect(hand.key("Enter")).toBe(false);
    click(corners[2]!);
    expect(hand.key("Enter")).toBe(true);
    expect(drawn).toHaveLength(1);
  });
  it("lets the map be dragged", () => {
    hand.begin("polygon");
    expect(down(home)).toBe(true);
  });
  it("has no more corners than the server reads", () => {
    hand.begin("polygon");
    for (let i = 0; i < 60 && drawn.length === 0; i++) click(at(i * 100));
    const s = drawn[0]!;
    expect(s?.kind === "polygon" && s.points.length).toBe(38);
  });
});
