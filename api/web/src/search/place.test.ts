import { describe, expect, it } from "vitest";
import { type Found, fromAddress, queryOf, toAddress, type Where, whereOf } from "./place";

const found = (kind: Found["kind"], ref: string, lon: number | null = null, lat: number | null = null): Found => ({ kind, ref, name: "某地", also: [], path: [], lon, lat });

describe("a place", () => {
  const all: Where[] = [
    { kind: "near", lon: 104.895, lat: 25.092, radius: 500, label: "老粮站" },
    { kind: "polygon", points: [[104.89, 25.09], [104.9, 25.09], [104.9, 25.1]], label: "手绘" },
    { kind: "division", code: "522301103205", label: "某村" },
    { kind: "group", id: "yilong", label: "义龙新区" },
  ];
  it("survives the page's address", () => {
    for (const w of all) expect(fromAddress(toAddress(w))).toEqual(w);
  });
  it("is asked for as the server takes it", () => {
    expect(all.map(queryOf)).toEqual([
      { near: "104.895,25.092", radius_m: 500 }, { polygon: "104.89,25.09 104.9,25.09 104.9,25.1" }, { division: "522301103205" }, { group: "yilong" },
    ]);
  });
  it("is none when the address makes no sense", () => {
    for (const q of [{}, { near: "x,y" }, { near: "200,25" }, { polygon: "1,2 3,4" }, { division: "52a" }]) expect(fromAddress(q)).toBeNull();
  });
  it("comes of what was found", () => {
    expect(whereOf(found("village", "522301103205"), 500)).toMatchObject({ kind: "division", code: "522301103205" });
    expect(whereOf(found("township", "522301103000"), 500)).toMatchObject({ kind: "division", code: "522301103" });
    expect(whereOf(found("county", "522301000000"), 500)).toMatchObject({ kind: "division", code: "522301" });
    expect(whereOf(found("landmark", "x", 104.9, 25.1), 200)).toMatchObject({ kind: "near", radius: 200 });
    expect(whereOf(found("camera", "c_1"), 200)).toBeNull();
  });
});
