import { beforeEach, describe, expect, it } from "vitest";
import { changed, gripsOf, placeOf, without } from "./change";
import { cornersMost, distance } from "./geometry";
import { at, home, points, radius, TestPointer } from "./testpointer";
import type { Shape } from "./types";

let p: TestPointer;
beforeEach(() => {
  p = new TestPointer();
});
const near = (s: Shape | undefined, n: number, place: [number, number]) => distance(points(s)[n]!, place) < 0.01;

describe("a circle that stands", () => {
  const circle: Shape = { kind: "circle", circle: { lon: home[0], lat: home[1], radius: 500 } };
  beforeEach(() => p.hold.stand(circle));
  it("is moved by its centre", () => {
    expect(p.down(home)).toBe(false);
    p.send("pointerdrag", at(100));
    expect(p.made).toEqual([]); // nothing is told before it is let go
    p.send("pointerup", at(100));
    const s = p.made[0]!;
    if (s?.kind !== "circle") throw new Error("no circle");
    expect(s.circle.radius).toBe(500);
    expect(distance(home, [s.circle.lon, s.circle.lat])).toBeCloseTo(100, 3);
    expect(p.parts).toEqual(["centre", null]);
  });
  it("is resized by its rim", () => {
    p.drag(at(497), at(800));
    expect(p.made.map(radius)).toEqual([800]);
  });
  it("leaves a click, a drag elsewhere and a click that adds to the map", () => {
    p.down(home);
    expect(p.send("pointerup", home).click).toBe(true);
    expect(p.down(at(250))).toBe(true);
    expect(p.down(home, { shiftKey: true })).toBe(true);
    expect(p.made).toEqual([]);
  });
  it("is as it was when a drag is given up", () => {
    p.down(at(500));
    p.send("pointerdrag", at(900));
    expect(radius(p.shown)).toBe(900);
    expect(p.hold.giveUp()).toBe(true);
    expect(p.shown).toEqual(circle);
    p.send("pointerdrag", at(950));
    p.send("pointerup", at(950));
    expect(p.shown).toEqual(circle);
    expect(p.made).toEqual([]);
    expect(p.hold.giveUp()).toBe(false);
  });
  it("is moved by steps, and told when it is let go", () => {
    for (const far of [510, 520, 530]) p.hold.move({ part: "rim" }, at(far));
    expect(radius(p.hold.standing)).toBe(530);
    expect(p.made).toEqual([]);
    p.hold.settle();
    p.hold.settle();
    expect(p.made.map(radius)).toEqual([530]);
  });
  it("rests while another is drawn", () => {
    p.hand.begin("circle");
    expect(p.hold.standing).toBe(null);
    p.hand.begin(null);
    expect(p.hold.standing).toEqual(circle);
  });
});

describe("a polygon that stands", () => {
  const square = [at(0), at(200), at(200, 200), at(0, 200)];
  const polygon: Shape = { kind: "polygon", points: square };
  beforeEach(() => p.hold.stand(polygon));
  it("is changed at a corner", () => {
    p.drag(at(198), at(300, -50));
    expect(p.made).toHaveLength(1);
    expect(near(p.made[0], 1, at(300, -50))).toBe(true);
    expect(points(p.made[0]).filter((_, i) => i !== 1)).toEqual(square.filter((_, i) => i !== 1));
  });
  it("gets a corner where an edge is dragged from, also the last one", () => {
    p.drag(at(203, 90), at(300, 100));
    expect(points(p.made[0])).toHaveLength(5);
    expect(near(p.made[0], 2, at(300, 100))).toBe(true);
    p.drag(at(0, 60), at(-80, 60));
    expect(points(p.made[1])).toHaveLength(6);
    expect(near(p.made[1], 5, at(-80, 60))).toBe(true);
  });
  it("is caught from farther by a finger", () => {
    expect(p.down(at(215))).toBe(true);
    expect(p.down(at(215), { pointerType: "touch" })).toBe(false);
  });
  it("leaves the map inside and outside", () => {
    for (const place of [at(100, 100), at(100, -20), at(-30, 100)]) expect(p.down(place)).toBe(true);
  });
  it("loses a corner by a double click, which does not zoom and picks no ground", () => {
    expect(p.click(at(200))).toBe(true);
    expect(p.hold.mine(p.pressed)).toBe(true);
    expect(p.made).toEqual([]);
    p.click(at(200));
    expect(p.send("dblclick", at(200)).on).toBe(false);
    expect(points(p.made[0])).toEqual([square[0], square[2], square[3]]);
    p.click(at(0));
    expect(p.send("dblclick", at(0)).on).toBe(false); // three stay
    expect(p.made).toHaveLength(1);
    p.click(at(100, 100));
    expect(p.hold.mine(p.pressed)).toBe(false);
    expect(p.send("dblclick", at(100, 100)).on).toBe(true);
  });
  it("gets a corner in the middle of an edge by a key, and loses one", () => {
    p.hold.add(3);
    expect(near(p.made[0], 4, at(0, 100))).toBe(true);
    p.hold.remove(0);
    expect(points(p.made[1])).toHaveLength(4);
  });
  it("has no more corners than the server reads", () => {
    const full: Shape = { kind: "polygon", points: Array.from({ length: cornersMost }, (_, i) => at(i * 100)) };
    expect(changed(full, { part: "edge", n: 3 }, at(0, 50))).toEqual(full);
    p.hold.stand(full);
    expect(p.down(at(50))).toBe(true);
  });
});

describe("the parts of a shape", () => {
  it("are gone to in order, and stand where they are seen", () => {
    const circle: Shape = { kind: "circle", circle: { lon: home[0], lat: home[1], radius: 500 } };
    expect(gripsOf(circle).map((g) => Math.round(distance(home, placeOf(circle, g)!)))).toEqual([0, 500]);
    const triangle: Shape = { kind: "polygon", points: [at(0), at(100), at(0, 100)] };
    expect(gripsOf(triangle).map((g) => placeOf(triangle, g))).toEqual(points(triangle));
    expect(without(triangle, 0)).toBe(triangle);
    expect(gripsOf(null)).toEqual([]);
  });
});
