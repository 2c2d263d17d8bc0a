import { afterEach, describe, expect, it, vi } from "vitest";
import { clips, type Hop, hopsText, keep, most, readHops, stored } from "./route";

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
  it("whose last hop is taken back stays at the one before until now", () => {
    const hops = [hop("a", t), hop("b", t + 4 * minute), hop("c", t + 6 * minute)];
    expect(clips(hops, t + 9 * minute)[1]!.span.to).toBe(t + 7 * minute);
    hops.pop();
    expect(clips(hops, t + 9 * minute).map((c) => [c.hop.id, c.span.to])).toEqual([["a", t + 5 * minute], ["b", t + 10 * minute]]);
    expect(clips([], t)).toEqual([]);
  });
});

describe("a route in this browser", () => {
  const store = new Map<string, string>();
  vi.stubGlobal("localStorage", { getItem: (k: string) => store.get(k) ?? null, setItem: (k: string, v: string) => store.set(k, v) });
  afterEach(() => store.clear());

  it("is one for each case, as it was left", () => {
    const hops = [hop("a", t), hop("b", t + minute)];
    keep("c_1", hops);
    keep("", [hop("x", t)]);
    expect(stored("c_1")).toEqual(hops);
    keep("c_1", hops.slice(0, -1)); // a hop taken back
    expect(stored("c_1")).toEqual([hops[0]]);
    keep("c_1", []);
    expect(stored("c_1")).toEqual([]);
    expect(stored("").map((h) => h.id)).toEqual(["x"]);
    expect(stored("c_2")).toEqual([]);
  });
  it("is none where something else was left, and never too long", () => {
    store.set("qianshao.route.open", "{");
    expect(stored("")).toEqual([]);
    store.set("qianshao.route.open", JSON.stringify([null, 5, { id: "a" }, { ...hop("b", t), lon: "x" }, { ...hop("c", t), lon: null, lat: null }]));
    expect(stored("").map((h) => h.id)).toEqual(["c"]);
    keep("", Array.from({ length: most + 5 }, (_, i) => hop(`c${i}`, t + i)));
    expect(stored("")).toHaveLength(most);
  });
});
