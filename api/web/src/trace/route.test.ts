import { describe, expect, it } from "vitest";
import { clips, type Hop, hopsText, readHops } from "./route";

const hop = (id: string, at: number): Hop => ({ id, name: id, lon: 104.9, lat: 25.1, at });
const t = 1_790_000_000_000;
const minute = 60_000;

describe("a route", () => {
  it("stands in the address", () => {
    const hops = [hop("c_a", t), hop("c_b", t + minute), hop("c_a", t + 5 * minute)];
    expect(readHops(hopsText(hops))).toEqual(hops.map(({ id, at }) => ({ id, at })));
  });
  it("forgives nonsense there", () => {
    expect(readHops(`c_a@soon,<b>@${t},,c_b@${t}`)).toEqual([{ id: "c_b", at: t }]);
    expect(readHops(undefined)).toEqual([]);
    expect(readHops(["x"])).toEqual([]);
  });
  it("is taken along hop by hop, with a minute on both sides", () => {
    const list = clips([hop("a", t), hop("b", t + 4 * minute)], t + 9 * minute);
    expect(list.map((c) => c.span)).toEqual([
      { from: t - minute, to: t + 5 * minute },
      { from: t + 3 * minute, to: t + 10 * minute },
    ]);
  });
  it("has no clip that ends before it begins", () => {
    const list = clips([hop("a", t), hop("b", t - 30 * minute)], t - 40 * minute);
    for (const c of list) expect(c.span.to).toBeGreaterThan(c.span.from);
  });
});
