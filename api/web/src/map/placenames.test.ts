import { fromLonLat } from "ol/proj.js";
import { describe, expect, it } from "vitest";
import { resolutionAt } from "./geometry";
import { Names } from "./names";
import { outlinesOf } from "./outlines";
import { kindOf, nameLooks, namesAt, type Placed } from "./placenames";
import type { PlaceName } from "./types";

const name = (code: string, text: string, lon: number, lat: number, cameras = 1): PlaceName => ({ code, name: text, kind: kindOf(code), lon, lat, cameras });
const placed = (n: PlaceName): Placed => {
  const [x, y] = fromLonLat([n.lon, n.lat]);
  return { name: n, x: x!, y: y! };
};
const county = name("522301000000", "兴义市", 104.9, 25.1, 500);
const town = name("522301003000", "桔山街道", 104.95, 25.15, 40);
const village = name("522301003001", "街心社区", 104.97, 25.17, 9);
const shown = (list: PlaceName[], zoom: number) => namesAt(list.map(placed), zoom).map((p) => p.name.name);

describe("names of places", () => {
  it("are counties from afar, townships and villages further in", () => {
    const all = [village, town, county];
    expect(shown(all, 8)).toEqual(["兴义市"]);
    expect(shown(all, 11)).toEqual(["兴义市", "桔山街道"]);
    expect(shown(all, 14)).toEqual(["桔山街道", "街心社区"]);
    expect(shown(all, 16)).toEqual(["街心社区"]);
    expect(shown(all, 18)).toEqual([]); // the cameras have names there
  });
  it("give way to a larger division, then to one with more cameras", () => {
    const near = name("522301003002", "瑞金社区", 104.9701, 25.1701, 30);
    expect(shown([village, near], 14)).toEqual(["瑞金社区"]);
    expect(shown([village, near, name("522301003000", "桔山街道", 104.97, 25.17)], 14)).toEqual(["桔山街道"]);
  });
  it("never overlap, and 1,300 are sorted out in a moment", () => {
    const many = Array.from({ length: 1300 }, (_, i) => placed(name(String(522301003001 + i), "下纳灰村委会", 104.5 + (i % 36) / 100, 25 + Math.floor(i / 36) / 100)));
    for (const zoom of [12.5, 13, 15]) {
      const out = namesAt(many, zoom);
      const r = resolutionAt(zoom);
      expect(out.length).toBeGreaterThan(zoom === 15 ? 1200 : 100);
      const { size } = nameLooks.village;
      const clash = out.filter((a, i) => out.some((b, k) => k > i && Math.abs(a.x - b.x) < 6 * size * r && Math.abs(a.y - b.y) < size * r));
      expect(clash).toEqual([]);
    }
  });
  it("are the site's, and an outline's own where the site knows no better", () => {
    const ring = [[104, 25], [105, 25], [105, 26], [104, 26], [104, 25]];
    const outline = (code: string, text: string) => ({ properties: { code, name: text }, geometry: { type: "MultiLineString", coordinates: [ring] } });
    const names = new Names();
    names.setOutlines(outlinesOf({ features: [outline("522301", "兴义市"), outline("522399", "别处")] }));
    names.setPlaces([name("522301000000", "兴义市", 104.9, 25.9)]);
    names.loadFeatures([0, 0, 0, 0], resolutionAt(9.2));
    expect(names.getFeatures().map((f) => (f.get("name") as PlaceName).lat.toFixed(1)).sort()).toEqual(["25.5", "25.9"]);
  });
});
