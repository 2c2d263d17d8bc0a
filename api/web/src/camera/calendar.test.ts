import { describe, expect, it } from "vitest";
import { dateOf, day, iso } from "@/time/shanghai";
import { days, monthOf, percent, squaresOf, weekday } from "./calendar";

// 2026-11-24 10:30:00 in Guizhou, a Tuesday.
const now = Date.UTC(2026, 10, 24, 2, 30);
const month = monthOf(now);

describe("the calendar", () => {
  it("is of whole days there, today the last", () => {
    expect((month.to - month.from) / day).toBe(days);
    expect(dateOf(month.from)).toBe("2026-10-25");
    expect(dateOf(month.to - 1)).toBe("2026-11-24");
    expect(weekday(month.to - day)).toBe(2);
    expect(weekday(month.from)).toBe(7);
  });
  it("tells nothing, none, some and all apart", () => {
    const buckets = [0, 0, 0, 0.42, 1].map((covered, i) => ({ from: iso(month.from + i * day), covered }));
    const list = squaresOf(month, buckets, now, month.from + 1.5 * day);
    expect(list.length).toBe(days);
    expect(list.slice(0, 5).map((s) => s.kind)).toEqual(["nodata", "zero", "zero", "part", "full"]);
  });
  it("says nothing of days that are still to come", () => {
    const list = squaresOf(month, [], month.from + 2 * day, 0);
    expect(list.map((s) => s.kind).slice(0, 3)).toEqual(["zero", "zero", "nodata"]);
  });
  it("counts footage from before it was enrolled", () => {
    expect(squaresOf(month, [{ from: iso(month.from), covered: 0.5 }], now, month.to)[0]!.kind).toBe("part");
  });
  it("counts the first day from when the camera came", () => {
    const noon = month.from + day / 2;
    const list = squaresOf(month, [{ from: iso(month.from), covered: 0.25 }, { from: iso(month.from + day), covered: 0.25 }], now, noon);
    expect(list.slice(0, 2).map((s) => s.share)).toEqual([0.5, 0.25]);
    const today = month.to - day;
    expect(squaresOf(month, [{ from: iso(today), covered: 0.5 }], today + day / 4, today + day / 8)[days - 1]!.kind).toBe("full");
  });
  it("does not round to all or nothing", () => {
    expect([0, 0.001, 0.01, 0.998, 0.9996, 1].map(percent)).toEqual(["0", "<1", "1", "99", "100", "100"]);
  });
});
