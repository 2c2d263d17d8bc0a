import { describe, expect, it } from "vitest";
import { clock, holds, minute } from "./life";

const at = (text: string) => Date.parse(text);

describe("a pause", () => {
  const always = { from: "2026-11-01T00:00:00+08:00", to: null };
  it("holds from its beginning to its end", () => {
    const p = { from: "2026-11-20T08:00:00+08:00", to: "2026-11-20T09:00:00+08:00" };
    expect([at("2026-11-20T07:59:59+08:00"), at(p.from), at("2026-11-20T08:59:59+08:00"), at(p.to)].map((t) => holds(p, t))).toEqual([false, true, true, false]);
  });
  it("holds in hours of the day, over midnight too", () => {
    const night = { ...always, daily: { from_minute: 1320, to_minute: 360 } };
    const noon = { ...always, daily: { from_minute: 720, to_minute: 840 } };
    const times = ["21:59", "22:00", "00:00", "05:59", "06:00", "12:00", "14:00"].map((t) => at(`2026-11-20T${t}:00+08:00`));
    expect(times.map((t) => holds(night, t))).toEqual([false, true, true, true, false, false, false]);
    expect(times.map((t) => holds(noon, t))).toEqual([false, false, false, false, false, true, false]);
  });
});

describe("a minute of the day", () => {
  it("is written and read", () => {
    for (const m of [0, 1, 59, 60, 754, 1439]) expect(minute(clock(m))).toBe(m);
    for (const text of ["", "24:00", "7", "12:60", "ab:cd"]) expect(minute(text)).toBeNull();
    expect(minute("7:05")).toBe(425);
  });
});
