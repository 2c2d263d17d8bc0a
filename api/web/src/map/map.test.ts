import { describe, expect, it } from "vitest";
import { bearing, boundRadius, circleRing, cornersMost, destination, distance, gripOf, groundResolution, middle, polygonText, wedgeRing } from "./geometry";
import { groupsOf, wider, within } from "./groups";
import { haltsOf, legsOf, letterOf } from "./hops";
import { groundOf, grouped, groupRadius, lengthText, many, plainText, prominent, rankText, signOf, wedgeOf } from "./looks";
import { outlinesOf } from "./outlines";
import type { MapCamera, Point } from "./types";

const xingyi: Point = [104.895, 25.092];
const camera: MapCamera = { id: "c_1", name: "桔山村口", lon: 104.895, lat: 25.092, azimuth: 135, fov: 80, range: 40 };

describe("geodesy", () => {
  it("knows a degree, and Xingyi to Guiyang", () => {
    expect(distance([0, 0], [0, 1])).toBeCloseTo(111_195.08, 1);
    expect(distance([0, 60], [1, 60])).toBeCloseTo(55_597.01, 1);
    const guiyang: Point = [106.63, 26.647];
    expect(distance(xingyi, guiyang) / 1000).toBeCloseTo(245.005, 3);
    expect(bearing(xingyi, guiyang)).toBeCloseTo(44.7373, 3);
  });
  it("tells directions clockwise from north", () => {
    expect(bearing(xingyi, [104.895, 26])).toBeCloseTo(0, 6);
    expect(bearing([0, 0], [1, 0])).toBeCloseTo(90, 6);
    expect(bearing(xingyi, [104.895, 24])).toBeCloseTo(180, 6);
    expect(bearing([0, 0], [-1, 0])).toBeCloseTo(270, 6);
  });
  it("comes to where it measures, in every direction", () => {
    for (const far of [1, 30, 500, 20_000, 300_000]) {
      for (let b = 0; b < 360; b += 15) {
        const to = destination(xingyi, b, far);
        expect(Math.abs(distance(xingyi, to) - far)).toBeLessThan(1e-3);
        expect(Math.abs(((bearing(xingyi, to) - b + 540) % 360) - 180)).toBeLessThan(1e-3);
      }
    }
  });
  it("goes on across the date line", () => {
    expect(destination([179.9, 0], 90, 22_239)[0]).toBeCloseTo(-179.9, 3);
  });
  it("turns map units into metres", () => {
    expect(groundResolution(1, 0)).toBe(1);
    expect(groundResolution(1, 60)).toBeCloseTo(0.5, 9);
  });
});

describe("a circle", () => {
  it("is of true metres at latitude 25, and closed", () => {
    for (const radius of [50, 500, 20_000]) {
      const ring = circleRing({ lon: 104.895, lat: 25, radius });
      expect(ring).toHaveLength(97);
      expect(ring[0]).toEqual(ring[96]);
      for (const p of ring) expect(Math.abs(distance([104.895, 25], p) - radius)).toBeLessThan(radius * 1e-6);
    }
    // In degrees it is wider than high, by 1 / cos 25.
    const ring = circleRing({ lon: 0, lat: 25, radius: 1000 });
    const wide = Math.max(...ring.map((p) => p[0]));
    const high = Math.max(...ring.map((p) => p[1])) - 25;
    expect(wide / high).toBeCloseTo(1 / Math.cos((25 * Math.PI) / 180), 3);
  });
  it("keeps to the server's limits", () => {
    expect(boundRadius(3)).toBe(10);
    expect(boundRadius(123.6)).toBe(124);
    expect(boundRadius(99_999)).toBe(20_000);
  });
  it("is held by its centre or its rim", () => {
    expect(gripOf(4, 500, 1, 10)).toBe("centre");
    expect(gripOf(200, 500, 1, 10)).toBe(null);
    expect(gripOf(492, 500, 1, 10)).toBe("rim");
    expect(gripOf(511, 500, 1, 10)).toBe(null);
    expect(gripOf(511, 500, 2, 10)).toBe("rim");
    // Eight pixels wide: both are still there.
    expect(gripOf(3, 8, 1, 10)).toBe("centre");
    expect(gripOf(6, 8, 1, 10)).toBe("rim");
  });
});

describe("a view wedge", () => {
  it("opens along the azimuth, as wide as the angle of view", () => {
    const ring = wedgeRing(xingyi, 135, 80, 40);
    expect(ring[0]).toEqual(xingyi);
    expect(ring[ring.length - 1]).toEqual(xingyi);
    const rim = ring.slice(1, -1);
    for (const p of rim) expect(distance(xingyi, p)).toBeCloseTo(40, 3);
    expect(bearing(xingyi, rim[0]!)).toBeCloseTo(95, 3);
    expect(bearing(xingyi, rim[rim.length - 1]!)).toBeCloseTo(175, 3);
  });
  it("goes through north", () => {
    const rim = wedgeRing(xingyi, 350, 60, 40).slice(1, -1);
    expect(bearing(xingyi, rim[0]!)).toBeCloseTo(320, 3);
    expect(bearing(xingyi, rim[rim.length - 1]!)).toBeCloseTo(20, 3);
  });
  it("is a circle of a camera that sees all around", () => {
    const ring = wedgeRing(xingyi, 0, 360, 40);
    expect(ring).not.toContain(xingyi);
    expect(ring[0]).toEqual(ring[ring.length - 1]);
  });
  it("is as long as the range, but never hidden behind the dot", () => {
    const r = 1 / Math.cos((25.092 * Math.PI) / 180); // a metre per pixel
    expect(wedgeOf(camera, r)).toEqual({ azimuth: 135, fov: 80, length: 40 });
    expect(wedgeOf(camera, r * 5)!.length).toBeCloseTo(130, 6);
    expect(wedgeOf({ ...camera, fov: null, range: null }, r)).toEqual({ azimuth: 135, fov: 90, length: 30 });
    expect(wedgeOf({ ...camera, fov: 0, range: 0 }, r)).toEqual({ azimuth: 135, fov: 90, length: 30 });
  });
  it("is not there where nobody knows where the camera looks", () => {
    expect(wedgeOf({ ...camera, azimuth: null }, 1)).toBe(null);
    expect(wedgeOf({ ...camera, lon: null, lat: null }, 1)).toBe(null);
    expect(wedgeOf({ ...camera, azimuth: null, fov: 360 }, 1)).toMatchObject({ fov: 360, length: 40 });
  });
});

describe("the sign of a camera", () => {
  it("is that of its footage, then that of its state", () => {
    expect(signOf(camera)).toBe("plain");
    expect(signOf({ ...camera, state: "streaming" })).toBe("plain");
    expect(signOf({ ...camera, state: "stalled" })).toBe("off");
    expect(signOf({ ...camera, state: "stalled", coverage: "full" })).toBe("full");
    expect(signOf({ ...camera, coverage: "gaps" })).toBe("gaps");
    expect(signOf({ ...camera, coverage: "none" })).toBe("none");
  });
  it("stands alone for what was found or plays", () => {
    expect(prominent(camera)).toBe(false);
    expect(prominent({ ...camera, found: true })).toBe(true);
    expect(prominent({ ...camera, number: 3 })).toBe(true);
  });
});

describe("groups", () => {
  it("are made of many cameras seen from far", () => {
    expect(grouped(many, 10)).toBe(false);
    expect(grouped(many + 1, 10)).toBe(true);
    expect(grouped(100_000, 14)).toBe(true);
    expect(grouped(100_000, 14.01)).toBe(false);
  });
  it("are the points that share a cell, however one pans", () => {
    const xs = Float64Array.of(10, 20, 90, 110, 350);
    const ys = Float64Array.of(10, 40, 90, 110, 350);
    const all = groupsOf(xs, ys, [0, 0, 400, 400], 100);
    expect(all.map((g) => [g.count, g.first])).toEqual([[3, 0], [1, 3], [1, 4]]);
    expect(all[0]).toMatchObject({ x: 45, y: (140 / 3 + 50) / 2, box: [10, 10, 90, 90] });
    expect(all[1]).toMatchObject({ x: 110, y: 110 });
    // A cell that only touches the box is whole.
    expect(groupsOf(xs, ys, [80, 80, 99, 99], 100)).toEqual([all[0]]);
    expect(groupsOf(xs, ys, [-500, -500, -100, -100], 100)).toEqual([]);
  });
  it("hold every point once, also west and south of zero", () => {
    const n = 5000;
    const xs = Float64Array.from({ length: n }, (_, i) => ((i * 7919) % 2003) - 1000);
    const ys = Float64Array.from({ length: n }, (_, i) => ((i * 104729) % 1999) - 1000);
    const groups = groupsOf(xs, ys, [-1000, -1000, 1003, 1000], 64);
    expect(groups.reduce((sum, g) => sum + g.count, 0)).toBe(n);
    for (const g of groups) {
      expect(g.box[2] - g.box[0]).toBeLessThan(64);
      expect(g.x).toBeGreaterThanOrEqual(Math.floor(g.box[0] / 64) * 64);
      expect(g.x).toBeLessThan((Math.floor(g.box[0] / 64) + 1) * 64);
    }
    expect(within(xs, ys, [-1000, -1000, 1003, 1000])).toHaveLength(n);
    expect(within(xs, ys, [-1000, -1000, -1000, 1000]).every((i) => xs[i] === -1000)).toBe(true);
  });
  it("on one spot cannot be zoomed apart", () => {
    expect(wider([1, 1, 1, 1])).toBe(false);
    expect(wider([1, 1, 1, 2])).toBe(true);
  });
  it("grow slowly", () => {
    expect(groupRadius(2)).toBeGreaterThan(10);
    expect(groupRadius(1000)).toBeGreaterThan(groupRadius(100));
    expect(groupRadius(100_000)).toBeLessThan(35);
  });
});

describe("words for the server and the eye", () => {
  it("writes a polygon as LON,LAT with spaces", () => {
    expect(polygonText([[104.88, 25.08], [104.91, 25.0800000001], [104.1234567, -0.0000001]])).toBe("104.88,25.08 104.91,25.08 104.123457,0");
    const most = Array.from({ length: cornersMost }, (): Point => [104.123456, 25.123456]);
    expect(polygonText(most).length).toBeLessThanOrEqual(800);
    expect(polygonText([...most, most[0]!]).length).toBeGreaterThan(800);
  });
  it("writes lengths", () => {
    expect([7.6, 350, 1200, 20_000].map(lengthText)).toEqual(["8 m", "350 m", "1.20 km", "20.0 km"]);
  });
  it("takes the markup from an attribution", () => {
    expect(plainText('<a href="https://example.org">&copy; Example</a> &amp; others')).toBe("© Example & others");
  });
  it("reads a vector layer's name", () => {
    const names = ["water", "water_name", "transportation", "roads", "buildings", "landuse", "landcover", "boundary", "earth", "places", "x"];
    expect(names.map(groundOf)).toEqual(["water", "place", "road", "road", "building", "land", "green", "border", "land", "place", null]);
  });
});

describe("a line of the result", () => {
  it("stands beside a camera that plays in no tile", () => {
    expect([{ ...camera, rank: 3 }, { ...camera, rank: 3, number: 1 }, camera].map(rankText)).toEqual(["#3", "", ""]);
  });
});

describe("outlines", () => {
  const square: Point[] = [[104, 25], [105, 25], [105, 26], [104, 26], [104, 25]];
  it("are read from lines and polygons, with the name in the largest part", () => {
    const small: Point[] = [[110, 20], [110.1, 20], [110.1, 20.1], [110, 20]];
    const list = outlinesOf({
      type: "FeatureCollection",
      features: [
        { properties: { name: "兴义市" }, geometry: { type: "MultiLineString", coordinates: [small, square] } },
        { properties: {}, geometry: { type: "MultiPolygon", coordinates: [[square], [small]] } },
      ],
    });
    expect(list.map((o) => [o.name, o.rings.length])).toEqual([["兴义市", 2], ["", 2]]);
    expect(list[0]!.label![0]).toBeCloseTo(104.5, 9);
    expect(list[0]!.label![1]).toBeCloseTo(25.5, 9);
  });
  it("leave out what is none", () => {
    for (const x of [null, 7, {}, { features: 3 }, { features: [null, { geometry: null }, { geometry: { coordinates: [1, 2] } }] }]) expect(outlinesOf(x)).toEqual([]);
  });
  it("have a middle by area, not by corners", () => {
    const m = middle([[0, 0], [1, 0], [2, 0], [2, 2], [0, 2]])!;
    expect(m[0]).toBeCloseTo(1, 9);
    expect(m[1]).toBeCloseTo(1, 9);
    expect(middle([[0, 0], [2, 4]])).toEqual([1, 2]);
    expect(middle([])).toBe(null);
  });
});

describe("a route", () => {
  const hop = (id: string, lon: number) => ({ id, lon, lat: 25, at: 0 });
  it("names its halts by letters, for numbers are those of tiles, several at one camera", () => {
    const hops = [hop("a", 1), hop("b", 2), hop("a", 1), hop("a", 1), hop("c", 3)];
    expect(haltsOf(hops).map((h) => `${h.id}:${h.label}`)).toEqual(["a:A·C·D", "b:B", "c:E"]);
    expect([0, 25, 26, 59].map(letterOf)).toEqual(["A", "Z", "A1", "H2"]);
    expect(legsOf(hops)).toEqual([[[1, 25], [2, 25]], [[2, 25], [1, 25]], [[1, 25], [3, 25]]]);
    expect(legsOf([])).toEqual([]);
  });
});
