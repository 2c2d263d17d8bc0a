import { describe, expect, it } from "vitest";
import { addressOf, readAddress } from "./address";

describe("the page's address", () => {
  it("holds the view and gives it back", () => {
    const v = {
      where: { kind: "division", code: "522301103205", label: "某村" } as const, span: { from: 1_790_000_000_000, to: 1_790_001_800_000 },
      tiles: ["c_a", "c_b"], current: "c_b", at: 1_790_000_010_040, live: false, rate: 4, layout: 9,
    };
    expect(readAddress(addressOf(v))).toEqual(v);
    const live = { ...v, at: null, live: true };
    expect(addressOf({ ...v, live: true })).toMatchObject({ live: "1", tile: "c_b" });
    expect(readAddress(addressOf({ ...v, live: true }))).toEqual(live); // it has no moment
  });
  it("forgives nonsense", () => {
    expect(readAddress({ from: "x", to: "2026-01-01T00:00:00Z", rate: "7", layout: "3", tiles: "<b>,,c_a", at: "soon", live: "yes", tile: "c_b", near: ["1", "2"] })).toEqual({
      where: null, span: null, tiles: ["c_a"], current: "c_a", at: null, live: false, rate: 1, layout: 4,
    });
  });
  it("may hold a time alone", () => {
    const v = { where: null, span: { from: 1_790_000_000_000, to: 1_790_001_800_000 }, tiles: [], current: "", live: false, at: null, rate: 1, layout: 4 };
    expect(readAddress(addressOf(v))).toEqual(v);
  });
});
