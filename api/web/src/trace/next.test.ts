import { describe, expect, it } from "vitest";
import { destination } from "@/map/geometry";
import type { Point } from "@/map/types";
import type { Hit } from "@/search/footage";
import { headingOf, newest, rank, turn, windOf, windowOf, worn } from "./next";

const at: Point = [104.895, 25.092];
const here = { id: "here", at };

function hit(id: string, direction: number, metres: number, more: Partial<Hit> = {}): Hit {
  const [lon, lat] = destination(at, direction, metres);
  return {
    id, name: id, carrier: "demo", device: id, lon, lat, azimuth: null, fov: null, range: null, distance: metres, view: "facing",
    coverage: { covered: [{ from: 0, to: 1 }], gaps: [], until: 1 }, ...more,
  };
}
const dark = { coverage: { covered: [], gaps: [], until: 1 } };
const order = (hits: Hit[], heading: number | null = null) => rank(hits, here, heading, "ride").map((n) => n.hit.id);

describe("the next cameras", () => {
  it("are within reach, placed, and not the one that is watched", () => {
    expect(order([hit("here", 0, 0), hit("far", 0, 3100), hit("near", 0, 2900), hit("lost", 0, 10, { lon: null, lat: null })])).toEqual(["near"]);
  });
  it("come by travel time", () => {
    expect(order([hit("b", 90, 800), hit("a", 200, 300), hit("c", 10, 1500)])).toEqual(["a", "b", "c"]);
  });
  it("come ahead before behind, once there is a heading", () => {
    const both = [hit("behind", 180, 400), hit("ahead", 0, 700), hit("aside", 90, 500)];
    expect(order(both)).toEqual(["behind", "aside", "ahead"]);
    expect(order(both, 0)).toEqual(["ahead", "aside", "behind"]);
  });
  it("see the place before those that look away", () => {
    expect(order([hit("away", 0, 300, { view: "away" }), hit("facing", 0, 900), hit("unknown", 0, 400, { view: undefined })])).toEqual(["unknown", "facing", "away"]);
  });
  it("come last without footage", () => {
    expect(order([hit("dark", 0, 100, dark), hit("filmed", 180, 2800, { view: "away" })], 0)).toEqual(["filmed", "dark"]);
  });
  it("tell way and time", () => {
    const n = rank([hit("a", 90, 1000)], here, null, "walk")[0]!;
    expect(n.distance).toBeCloseTo(1000, 0);
    expect(windOf(n.bearing)).toBe("e");
    expect(n.travel / 60_000).toBeCloseTo(12, 1);
  });
  it("on the same pole have no direction", () => {
    expect(order([hit("pole", 180, 3), hit("ahead", 0, 100)], 0)).toEqual(["pole", "ahead"]);
  });
});

describe("direction", () => {
  it("is that of the last move", () => {
    const [lon, lat] = at;
    const east = destination(at, 90, 500);
    const stop = (p: Point) => ({ lon: p[0], lat: p[1] });
    expect(headingOf([])).toBeNull();
    expect(headingOf([{ lon, lat }])).toBeNull();
    expect(headingOf([{ lon, lat }, stop(east)])).toBeCloseTo(90, 0);
    expect(headingOf([{ lon, lat }, { lon: null, lat: null }, stop(east), stop(east)])).toBeCloseTo(90, 0);
  });
  it("turns by at most half a circle", () => {
    expect(turn(350, 10)).toBe(20);
    expect(turn(10, 350)).toBe(20);
    expect(turn(0, 180)).toBe(180);
  });
  it("has a name", () => {
    expect([0, 22, 23, 90, 180, 270, 337, 338, 359.9].map(windOf)).toEqual(["n", "n", "ne", "e", "s", "w", "nw", "n", "n"]);
  });
});

describe("the window", () => {
  const t = Date.UTC(2026, 10, 24, 2, 33, 20);
  it("holds a quarter of an hour on both sides", () => {
    const w = windowOf(t);
    expect(t - w.from).toBeGreaterThanOrEqual(15 * 60_000);
    expect(w.to - t).toBeGreaterThanOrEqual(15 * 60_000);
    expect(windowOf(t + 60_000)).toEqual(w);
  });
  it("wears out before it ends", () => {
    const w = windowOf(t);
    expect(worn(w, t)).toBe(false);
    expect(worn(w, w.to - 60_000)).toBe(true);
    expect(worn(w, w.from - 1)).toBe(true);
    expect(worn(windowOf(w.to), w.to)).toBe(false);
  });
});

describe("a route that says no moment", () => {
  const now = 1_790_000_000_000;
  it("begins a minute before its camera's footage ends, or with it", () => {
    expect(newest([{ from: now - 1800_000, to: now - 900_000 }, { from: now - 600_000, to: now - 2000.5 }], now)).toBe(now - 62_000);
    expect(newest([{ from: now - 600_000, to: now - 30_010 }, { from: now - 30_000, to: now - 5000 }], now)).toBe(now - 65_000); // no hole: a frame
    expect(newest([{ from: now - 20_000.25, to: now - 5000 }], now)).toBe(now - 20_000);
    expect(newest([], now)).toBe(now - 60_000);
  });
});
