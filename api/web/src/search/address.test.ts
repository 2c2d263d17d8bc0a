import { describe, expect, it } from "vitest";
import { addressOf, readAddress, readSight, sightText, unmoved } from "./address";

describe("the page's address", () => {
  it("holds the view and gives it back", () => {
    const v = {
      where: { kind: "division", code: "522301103205", label: "某村" } as const, span: { from: 1_790_000_000_000, to: 1_790_001_800_000 },
      tiles: ["c_a", "c_b"], current: "c_b", at: 1_790_000_010_040, live: false, rate: 4, layout: 9,
      map: { lon: 104.895001, lat: -25.09, zoom: 15.25 }, line: { from: 1_790_000_600_000, to: 1_790_000_900_000 }, marks: { in: 1_790_000_700_000, out: 1_790_000_710_000 },
    };
    expect(readAddress(addressOf(v))).toEqual(v);
    const live = { ...v, at: null, live: true };
    expect(addressOf({ ...v, live: true })).toMatchObject({ live: "1", tile: "c_b" });
    expect(readAddress(addressOf({ ...v, live: true }))).toEqual(live); // it has no moment
  });
  it("forgives nonsense", () => {
    expect(readAddress({ from: "x", to: "2026-01-01T00:00:00Z", rate: "7", layout: "3", tiles: "<b>,,c_a", at: "soon", live: "yes", tile: "c_b", near: ["1", "2"] })).toEqual({
      where: null, span: null, tiles: ["c_a"], current: "c_a", at: null, live: false, rate: 1, layout: 4, ...unmoved,
    });
  });
  it("may hold a time alone", () => {
    const v = { where: null, span: { from: 1_790_000_000_000, to: 1_790_001_800_000 }, tiles: [], current: "", live: false, at: null, rate: 1, layout: 4, ...unmoved };
    expect(readAddress(addressOf(v))).toEqual(v);
  });
  it("is short, and says nothing of a map and a timeline that nobody moved", () => {
    expect(sightText(unmoved)).toEqual({});
    expect(sightText({ map: { lon: 104.9, lat: 25, zoom: 17 }, line: { from: 1_790_000_600_000.4, to: 1_790_000_900_000 }, marks: { in: 1_790_000_700_000.25, out: null } })).toEqual({
      map: "104.9,25,17", line: "1790000600000-1790000900000", marks: "1790000700000-",
    });
  });
  it("may hold one mark alone", () => {
    for (const marks of [{ in: 1_790_000_700_000, out: null }, { in: null, out: 1_790_000_700_000 }]) expect(readSight(sightText({ ...unmoved, marks })).marks).toEqual(marks);
  });
  it("ignores a sight that makes no sense", () => {
    for (const q of [
      { map: "104.9,25" }, { map: "190,25,10" }, { map: "104.9,89,10" }, { map: "104.9,25,99" }, { map: "a,b,c" }, { map: "1.2.3,25,10" }, { map: ["104.9,25,10"] },
      { line: "1790000900000-1790000600000" }, { line: "1790000600000-" }, { line: "soon" }, { line: "12-13" },
      { marks: "1790000900000-1790000600000" }, { marks: "-" }, { marks: "" }, { marks: "--" },
    ]) expect(readSight(q), JSON.stringify(q)).toEqual(unmoved);
  });
});
