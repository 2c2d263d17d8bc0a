import { describe, expect, it } from "vitest";
import { dateOf, length, moment, parse, startOfDay, timeOf, wall } from "./shanghai";

// 2026-11-24 10:30:00 in Guizhou.
const now = Date.UTC(2026, 10, 24, 2, 30);

describe("the site's clock", () => {
  it("is eight hours ahead of UTC, whatever the browser's zone", () => {
    expect(wall(now)).toBe("2026-11-24 10:30:00");
    expect(dateOf(Date.UTC(2026, 10, 23, 16))).toBe("2026-11-24");
    expect(timeOf(now + 40.7, true)).toBe("10:30:00.040");
    expect(wall(startOfDay(now))).toBe("2026-11-24 00:00:00");
    expect(wall(startOfDay(now - 11 * 3600_000))).toBe("2026-11-23 00:00:00");
  });
  it("keeps the server's microseconds", () => {
    expect(moment("2026-11-24T02:30:00.000250Z")).toBe(now + 0.25);
    expect(moment("2026-11-24T02:30:00.040000Z")).toBe(now + 40);
  });
  it("writes lengths", () => {
    expect(length(7000)).toBe("0:07");
    expect(length(3909_000)).toBe("1:05:09");
  });
});

describe("what people type", () => {
  for (const [text, want] of [
    ["2026-11-23 09:05", "2026-11-23 09:05:00"],
    ["2026/11/23 09:05:07", "2026-11-23 09:05:07"],
    ["2026-11-23T09:05", "2026-11-23 09:05:00"],
    ["2026年11月23日 9点半", "2026-11-23 09:30:00"],
    ["11-23 9:05", "2026-11-23 09:05:00"],
    ["12-31 9:05", "2025-12-31 09:05:00"],
    ["2026-11-23", "2026-11-23 00:00:00"],
    ["9:05", "2026-11-24 09:05:00"],
    ["9点", "2026-11-24 09:00:00"],
    ["9点20分", "2026-11-24 09:20:00"],
    ["0905", "2026-11-24 09:05:00"],
    ["090507", "2026-11-24 09:05:07"],
    ["21:30", "2026-11-23 21:30:00"],
    ["昨天 21:30", "2026-11-23 21:30:00"],
    ["昨天晚上9点", "2026-11-23 21:00:00"],
    ["前天", "2026-11-22 00:00:00"],
    ["yesterday 9pm", "2026-11-23 21:00:00"],
    ["今天 9：05", "2026-11-24 09:05:00"],
    ["24日9点半", "2026-11-24 09:30:00"],
    ["30号 9:05", "2026-10-30 09:05:00"],
  ] as const) {
    it(text, () => expect(wall(parse(text, now))).toBe(want));
  }
  it("keeps what is below a second", () => expect(parse("2026-11-23 09:05:07.120", now) - parse("2026-11-23 09:05:07", now)).toBe(120));
  for (const text of ["", "32日9点", "25:00", "9:61", "11-31 9:00", "牛", "2026-13-01 9:00"]) {
    it(`is not understood: "${text}"`, () => expect(parse(text, now)).toBeNaN());
  }
});
