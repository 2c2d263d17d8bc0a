import { describe, expect, it } from "vitest";
import { dateOf } from "@/time/shanghai";
import { firstOf, monthOf, nextMonth } from "./month";

describe("the month of a day", () => {
  const t = Date.UTC(2026, 10, 24, 20); // already the 25th in Guizhou
  it("begins on its first, has whole weeks from Monday on, and every day once", () => {
    expect(dateOf(firstOf(t))).toBe("2026-11-01");
    const weeks = monthOf(t);
    expect(weeks.length).toBe(6);
    expect(dateOf(weeks[0]![0]!)).toBe("2026-10-26");
    expect(dateOf(weeks[5]![6]!)).toBe("2026-12-06");
    expect(new Set(weeks.flat().map(dateOf)).size).toBe(42);
  });
  it("goes over the year", () => {
    expect(dateOf(nextMonth(t, 1))).toBe("2026-12-01");
    expect(dateOf(nextMonth(t, 2))).toBe("2027-01-01");
    expect(dateOf(nextMonth(t, -11))).toBe("2025-12-01");
  });
});
