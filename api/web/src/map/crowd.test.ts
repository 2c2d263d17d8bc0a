import { fromLonLat } from "ol/proj.js";
import { describe, expect, it } from "vitest";
import { Cameras } from "./cameras";
import { Crowd } from "./crowd";
import { resolutionAt } from "./geometry";
import { cameraOf, groupOf } from "./styles";
import type { MapCamera } from "./types";

function camera(i: number, more: Partial<MapCamera> = {}): MapCamera {
  // A grid of 100 columns, about 10 m apart.
  return { id: `c${i}`, name: `${i}`, lon: 104.89 + (i % 100) * 1e-4, lat: 25.09 + Math.floor(i / 100) * 1e-4, azimuth: null, fov: null, range: null, ...more };
}

const list = Array.from({ length: 10_000 }, (_, i) => camera(i));
const [west, south] = fromLonLat([104.88, 25.08]) as [number, number];
const [east, north] = fromLonLat([104.91, 25.11]) as [number, number];
const all = [west, south, east, north];

function counts(crowd: Crowd) {
  const features = crowd.getFeatures();
  const groups = features.flatMap((f) => groupOf(f) ?? []);
  return { groups: groups.length, cameras: features.filter(cameraOf).length + groups.reduce((sum, g) => sum + g.count, 0) };
}

describe("a crowd of cameras", () => {
  it("is shown in groups from far, one by one from near", () => {
    const crowd = new Crowd();
    crowd.fill(list);
    crowd.loadFeatures(all, resolutionAt(13));
    expect(counts(crowd).cameras).toBe(10_000);
    expect(counts(crowd).groups).toBeGreaterThan(0);
    expect(crowd.getFeatures().length).toBeLessThan(100);
    crowd.loadFeatures(all, resolutionAt(15));
    expect(counts(crowd)).toEqual({ groups: 0, cameras: 10_000 });
  });
  it("has features of what is in view and half a screen around", () => {
    const crowd = new Crowd();
    crowd.fill(list);
    const [x, y] = fromLonLat([104.895, 25.095]) as [number, number];
    crowd.loadFeatures([x - 50, y - 50, x + 50, y + 50], resolutionAt(18));
    const first = crowd.getFeatures();
    expect(first.length).toBeGreaterThan(50);
    expect(first.length).toBeLessThan(1000);
    crowd.loadFeatures([x - 20, y - 20, x + 80, y + 80], resolutionAt(18.4));
    expect(crowd.getFeatures()).toEqual(first);
    crowd.loadFeatures([x + 200, y, x + 300, y + 100], resolutionAt(18));
    expect(crowd.getFeatures()).not.toEqual(first);
  });
  it("takes in another list, and leaves out cameras without a place", () => {
    const crowd = new Crowd();
    crowd.fill(list);
    crowd.loadFeatures(all, resolutionAt(13));
    crowd.fill([camera(1), camera(2, { lon: null, lat: null })]);
    crowd.loadFeatures(all, resolutionAt(13));
    expect(crowd.getFeatures().map((f) => cameraOf(f)!.id)).toEqual(["c1"]);
    expect(crowd.extent()).toEqual([...fromLonLat([104.8901, 25.09]), ...fromLonLat([104.8901, 25.09])]);
    crowd.fill([]);
    expect(crowd.extent()).toBe(null);
  });
});

describe("what lies under the pointer", () => {
  const place = fromLonLat([104.89, 25.09]);
  const metre = 1 / Math.cos((25 * Math.PI) / 180);
  it("is the nearest camera, one that was found before its neighbour", () => {
    const cameras = new Cameras();
    cameras.fill([camera(0, { id: "near" }), camera(0, { id: "found", lon: 104.89003, found: true })]);
    (cameras.layers[2]!.getSource() as Crowd).loadFeatures(all, metre);
    expect(cameras.at(place, metre, 12)).toMatchObject({ camera: { id: "found" } });
    expect(cameras.at(place, metre / 3, 12)).toMatchObject({ camera: { id: "near" } });
    expect(cameras.at(fromLonLat([104.891, 25.09]), metre, 12)).toBe(null);
  });
  it("is a group, whose box one goes to", () => {
    const cameras = new Cameras();
    cameras.fill(list);
    const crowd = cameras.layers[2]!.getSource() as Crowd;
    crowd.loadFeatures(all, resolutionAt(13));
    const f = crowd.getFeatures().find(groupOf)!;
    expect(cameras.at(f.getGeometry()!.getCoordinates(), resolutionAt(13), 12)).toEqual({ group: groupOf(f)!.box });
  });
  it("is searched in what was found for what to fit", () => {
    const cameras = new Cameras();
    expect(cameras.extent()).toBe(null);
    cameras.fill([...list.slice(0, 5), camera(77, { found: true })]);
    const at = fromLonLat([list[77]!.lon!, list[77]!.lat!]);
    expect(cameras.extent()).toEqual([...at, ...at]);
  });
});
