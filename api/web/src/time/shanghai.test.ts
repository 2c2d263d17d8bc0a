import { describe, expect, it } from "vitest";
import { dateOf, length, moment, startOfDay, timeOf, wall } from "./shanghai";

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
