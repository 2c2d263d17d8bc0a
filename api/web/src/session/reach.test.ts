import { describe, expect, it } from "vitest";
import { destination } from "@/map/geometry";
import type { Point } from "@/map/types";
import type { Camera } from "@/search/cameras";
import type { Case } from "@/session/cases";
import { iso } from "@/time/shanghai";
import { agreed, allowedAt, begun, grown, spansFor, within } from "./reach";

const at: Point = [104.895, 25.092];
const t = Date.UTC(2026, 10, 24, 2);
const minute = 60_000;
const hour = 60 * minute;

const camera = (id: string, p: Point | null, division = "522301103205"): Camera =>
  ({ id, carrier: "demo", carrier_device_id: id, division, lon: p?.[0] ?? null, lat: p?.[1] ?? null }) as Camera;
const file = (area: Case["area"], hops: { camera: string; at: number }[] = []): Case =>
  ({ id: "k", area, from: iso(t), to: iso(t + hour), hops: hops.map((h) => ({ camera: h.camera, at: iso(h.at), by: "li", added: iso(t) })) }) as Case;
const nowhere = () => null;

describe("what a case reaches", () => {
  it("lies in its area", () => {
    const whole = [{ from: t, to: t + hour }];
    const off = camera("c", destination(at, 0, 900));
    expect(spansFor(file({ divisions: ["522301000000"] }), off, nowhere)).toEqual(whole);
    expect(spansFor(file({ divisions: ["522300000000"] }), off, nowhere)).toEqual(whole);
    expect(spansFor(file({ divisions: ["522301104"] }), off, nowhere)).toEqual([]);
    expect(spansFor(file({ cameras: ["demo:c"] }), camera("c", null), nowhere)).toEqual(whole);
    const circle = (radius_m: number) => file({ circles: [{ lon: at[0], lat: at[1], radius_m }] });
    expect(spansFor(circle(1000), off, nowhere)).toEqual(whole);
    expect(spansFor(circle(800), off, nowhere)).toEqual([]);
    const ring = [[104.88, 25.08], [104.91, 25.08], [104.9, 25.11]];
    expect(spansFor(file({ polygons: [ring] }), camera("d", at), nowhere)).toEqual(whole);
    expect(spansFor(file({ polygons: [ring] }), camera("d", [104.88, 25.1]), nowhere)).toEqual([]);
  });
  it("lies around its hops", () => {
    const c = file({ cameras: ["a"] }, [{ camera: "a", at: t + 50 * minute }]);
    const places = (id: string) => (id === "a" ? at : null);
    expect(spansFor(c, camera("a", at), places)).toEqual([{ from: t, to: t + 80 * minute }]);
    expect(spansFor(c, camera("b", destination(at, 90, 1900)), places)).toEqual([{ from: t + 20 * minute, to: t + 80 * minute }]);
    expect(spansFor(c, camera("b", destination(at, 90, 2100)), places)).toEqual([]);
  });
  it("is cut to what is looked at", () => {
    const spans = [{ from: t, to: t + hour }];
    expect(allowedAt(spans, { from: t - minute, to: t + minute }, t)).toEqual({ from: t, to: t + minute });
    expect(allowedAt(spans, { from: t - minute, to: t + minute }, t - 1)).toBeNull();
  });
  it("is cut to it on the inside: the server counts finer", () => {
    const s = { from: t, to: t + hour };
    expect(within(s, { from: t + 0.25, to: t + hour - 0.25 })).toEqual({ from: t + 1, to: t + hour - 1 });
    expect(within(s, { from: t - minute, to: t + minute })).toEqual({ from: t, to: t + minute });
    expect(within(s, { from: t + hour, to: t + 2 * hour })).toBeNull();
    expect(within(s, { from: t - hour, to: t })).toBeNull();
  });
  it("is searched where most of it may be seen together", () => {
    const span = { from: t, to: t + 2 * hour };
    const file = { from: t + 20 * minute, to: t + 40 * minute };
    const hop = { from: t + 10 * minute, to: t + 70 * minute };
    const late = { from: t + 90 * minute, to: t + 3 * hour };
    expect(agreed([{ id: "a", spans: [file] }, { id: "b", spans: [hop] }, { id: "c", spans: [late] }, { id: "d", spans: [] }], span)).toEqual({ part: file, allowed: file, ids: ["a", "b"] });
    expect(agreed([{ id: "b", spans: [hop] }, { id: "c", spans: [late] }], span)).toEqual({ part: hop, allowed: hop, ids: ["b"] }); // the longest
    expect(agreed([{ id: "c", spans: [file, late] }], { from: t + hour, to: t + 2 * hour })).toEqual({ part: { from: late.from, to: t + 2 * hour }, allowed: late, ids: ["c"] });
    expect(agreed([{ id: "a", spans: [file] }], { from: t + hour, to: t + 2 * hour })).toBeNull();
    expect(agreed([], span)).toBeNull();
  });
  it("is looked at first where it is past", () => {
    const c = file({ cameras: ["a"] });
    expect(begun(c, t + 5 * hour)).toEqual({ from: t, to: t + hour });
    expect(begun(c, t + 20 * minute + 400)).toEqual({ from: t, to: t + 20 * minute });
    expect(begun(c, t - hour)).toEqual({ from: t, to: t + hour / 2 });
    expect(begun({ ...c, from: iso(t - 30 * 24 * hour) }, t + 5 * hour)).toEqual({ from: t + hour - 7 * 24 * hour, to: t + hour });
    const emergency = { ...c, emergency: true, from: iso(t - 72 * hour), to: iso(t + 24 * hour) };
    expect(begun(emergency, t)).toEqual({ from: t - hour / 2, to: t });
    expect(begun({ ...emergency, to: iso(t - hour) }, t)).toEqual({ from: t - 1.5 * hour, to: t - hour });
    expect(begun({ ...emergency, adopted: { by: "li", at: iso(t) } }, t)).toEqual({ from: t - 72 * hour, to: t });
  });
  it("has the time of its hops", () => {
    const g = grown(file({ cameras: ["a"] }, [{ camera: "a", at: t + 50 * minute }]))!;
    expect([g.from, g.to]).toEqual([iso(t), iso(t + 80 * minute)]);
    expect(grown(null)).toBeNull();
  });
});
