import { describe, expect, it } from "vitest";
import { destination } from "./geometry";
import { nameRoom, seatsOf } from "./seats";
import { together } from "./together";
import type { MapCamera, Point } from "./types";

const pole: Point = [104.895, 25.092];

function camera(id: string, away = 0, more: Partial<MapCamera> = {}): MapCamera {
  const [lon, lat] = destination(pole, 90, away);
  return { id, name: id, lon, lat, azimuth: null, fov: null, range: null, ...more };
}

describe("cameras on one spot", () => {
  const all = [camera("路口10"), camera("路口2"), camera("near", 1.5), camera("apart", 3), camera("far", 5000), camera("nowhere", 0, { lon: null, lat: null })];
  it("are those that no zoom tells apart", () => {
    expect(together(all, all[0]!).map((c) => c.id).sort()).toEqual(["near", "路口10", "路口2"]);
    expect(together(all, all[3]!).map((c) => c.id)).toEqual(["near", "apart"].sort());
    expect(together(all, all[4]!).map((c) => c.id)).toEqual(["far"]);
    expect(together(all, all[5]!).map((c) => c.id)).toEqual(["nowhere"]);
  });
  it("stand in the order of the result, then by name, numbers as numbers", () => {
    const list = [camera("路口10"), camera("路口2"), camera("b", 0, { rank: 2 }), camera("a", 1, { rank: 1 })];
    expect(together(list, list[0]!).map((c) => c.id)).toEqual(["a", "b", "路口2", "路口10"]);
  });
});

describe("the seats of a fan", () => {
  it("are in two columns around the spot, rows apart", () => {
    const seats = seatsOf(7, [400, 300], [800, 600]);
    expect(seats.map((s) => s.side)).toEqual(["right", "right", "right", "right", "left", "left", "left"]);
    for (const side of ["right", "left"]) {
      const ys = seats.filter((s) => s.side === side).map((s) => s.y);
      expect(ys.reduce((a, b) => a + b, 0)).toBeCloseTo(0, 9);
      ys.slice(1).forEach((y, i) => expect(y - ys[i]!).toBeGreaterThanOrEqual(26));
    }
    for (const s of seats) expect(Math.sign(s.x)).toBe(s.side === "right" ? 1 : -1);
  });
  it("keep to the side that has room for names", () => {
    expect(new Set(seatsOf(4, [350, 150], [390, 300]).map((s) => s.side))).toEqual(new Set(["left"]));
    expect(new Set(seatsOf(4, [20, 150], [390, 300]).map((s) => s.side))).toEqual(new Set(["right"]));
    for (const s of seatsOf(4, [20, 150], [390, 300])) expect(20 + s.x + nameRoom).toBeLessThan(390);
  });
  it("stay within the map's height while they fit", () => {
    for (const y of [5, 100, 255]) for (const s of seatsOf(6, [200, y], [390, 260])) {
      expect(y + s.y).toBeGreaterThanOrEqual(20);
      expect(y + s.y).toBeLessThanOrEqual(240);
    }
    const many = seatsOf(40, [400, 130], [800, 260]).filter((s) => s.side === "right");
    expect(many[0]!.y).toBeCloseTo(-many[many.length - 1]!.y, 9);
  });
});
