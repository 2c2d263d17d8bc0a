import { describe, expect, it } from "vitest";
import { minutesOf, type Sprite } from "./strip";

const sprite = (url: string, times: (number | null)[]): Sprite => ({ url, columns: 10, width: 160, height: 96, times });

describe("pictures of several cameras", () => {
  const a = sprite("a", [60, 120, null, null]);
  const b = sprite("b", [61, null, 181, null]);
  it("stand side by side, by the minute", () => {
    const rows = minutesOf([[a, b]]).map((row) => row.map((c) => c && [c.sprite.url, c.index, c.at]));
    expect(rows).toEqual([[["a", 0, 60], ["b", 0, 61]], [["a", 1, 120], null], [null, ["b", 2, 181]]]);
  });
  it("leave out what nobody recorded, and what is not there yet", () => {
    expect(minutesOf([[a, null], [null, null], [null, b]]).map((row) => row.map((c) => c?.at ?? null))).toEqual([[60, null], [120, null], [null, 61], [null, 181]]);
    expect(minutesOf([])).toEqual([]);
  });
});
