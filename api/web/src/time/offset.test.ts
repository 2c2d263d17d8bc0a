import { describe, expect, it } from "vitest";
import { type Offset, offsetAt, offsetsOf, offsetText } from "./offset";

const minute = 60_000;
const slow: Offset = { from: 0, to: 10 * minute, ms: -35_000, about: 12 };
const set: Offset = { from: 11 * minute, to: 20 * minute, ms: 250, about: 15 };

describe("the difference of a camera's clock", () => {
  it("is read as the server writes it", () => {
    const said = [{ from: "2026-11-24T02:30:00.000250Z", to: "2026-11-24T02:40:00.000000Z", offset_ms: -1200.5, uncertainty_ms: 10.2 }];
    expect(offsetsOf(said)).toEqual([{ from: Date.UTC(2026, 10, 24, 2, 30) + 0.25, to: Date.UTC(2026, 10, 24, 2, 40), ms: -1200.5, about: 10.2 }]);
    expect(offsetsOf([])).toEqual([]);
    expect(offsetsOf(null)).toEqual([]);
  });
  it("is that of the moment", () => {
    const list = [slow, set];
    expect(offsetAt(list, 5 * minute)).toBe(slow);
    expect(offsetAt(list, 15 * minute)).toBe(set);
    expect(offsetAt(list, 10.4 * minute)).toBe(slow);
    expect(offsetAt(list, 10.6 * minute)).toBe(set);
  });
  it("holds a little longer than it was measured, and no longer", () => {
    expect(offsetAt([set], 22 * minute)).toBe(set);
    expect(offsetAt([set], 9 * minute)).toBe(set);
    expect(offsetAt([set], 24 * minute)).toBeNull();
    expect(offsetAt([set], 7 * minute)).toBeNull();
    expect(offsetAt([], 0)).toBeNull();
    expect(offsetAt(undefined, 0)).toBeNull();
  });
  it("is written with its uncertainty", () => {
    expect(offsetText(-1204, 12)).toBe("−1.20 ± 0.01");
    expect(offsetText(3_600_000, 55)).toBe("+3600.0 ± 0.06");
    expect(offsetText(3, 10)).toBe("0.00 ± 0.01");
    expect(offsetText(-4.9, 10)).toBe("0.00 ± 0.01");
    expect(offsetText(-5.1, 10)).toBe("−0.01 ± 0.01");
    expect(offsetText(1500, null)).toBe("+1.50");
  });
});
