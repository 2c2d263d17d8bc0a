import { describe, expect, it } from "vitest";
import { areaOf, caseOf, emptyDraft, lackOf, listOf, placeOf } from "./draft";

const now = Date.UTC(2026, 10, 24, 2, 30);

describe("a case before it is opened", () => {
  it("is of today, and has no area yet", () => {
    const d = emptyDraft(now);
    expect([d.from, d.to]).toEqual([Date.UTC(2026, 10, 23, 16), Date.UTC(2026, 10, 24, 16)]);
    expect(lackOf(d)).toBe("area");
    expect(lackOf({ ...d, cameras: "local:GATE" })).toBeNull();
    expect(lackOf({ ...d, cameras: "local:GATE", to: d.from })).toBe("order");
  });
  it("becomes what the server takes", () => {
    const d = {
      ...emptyDraft(now), number: " A1 ", class: "盗窃", reason: "三头黄牛", cameras: "local:GATE，telecom:X-1", members: "li.na、wang", days: 2,
      places: [{ kind: "division" as const, code: "522301103", label: "桔山" }, { kind: "near" as const, lon: 104.9, lat: 25.1, radius: 500, label: "路口" }],
    };
    expect(caseOf(d, now)).toEqual({
      number: "A1", class: "盗窃", reason: "三头黄牛", from: "2026-11-23T16:00:00.000Z", to: "2026-11-24T16:00:00.000Z", expires: "2026-11-26T02:30:00.000Z", growth: false, members: ["li.na", "wang"],
      area: { divisions: ["522301103"], circles: [{ lon: 104.9, lat: 25.1, radius_m: 500 }], cameras: ["local:GATE", "telecom:X-1"] },
    });
    expect(listOf(" a, b，c;d\n")).toEqual(["a", "b", "c", "d"]);
  });
  it("has a place to search again", () => {
    const division = { kind: "division" as const, code: "522301103", label: "桔山" };
    const circle = { kind: "near" as const, lon: 104.9, lat: 25.1, radius: 500, label: "104.90000,25.10000" };
    const shape = { kind: "polygon" as const, points: [[104.88, 25.08], [104.91, 25.08], [104.9, 25.11]] as [number, number][], label: "手绘" };
    const place = (...places: Parameters<typeof areaOf>[0]) => placeOf(areaOf(places, ["local:GATE"]), () => "桔山", "手绘");
    expect(place(shape, circle, division)).toEqual(division);
    expect(place(shape, circle)).toEqual(circle);
    expect(place(shape)).toEqual(shape);
    expect(place()).toBeNull();
  });
});
