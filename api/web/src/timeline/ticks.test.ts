import { describe, expect, it } from "vitest";
import { day } from "../time/shanghai";
import { eight, random } from "./testscene";
import { room, stepOf, ticks } from "./ticks";

const over = (from: number, length: number, width = 860) => ({ span: { from, to: from + length }, left: 140, width });

describe("ticks", () => {
  it("writes the time of Shanghai", () => {
    const list = ticks(over(eight, 4 * 3600_000, 260));
    expect(list.map((t) => t.text)).toEqual(["08:00", "09:00", "10:00", "11:00", "12:00"]);
    expect(list[0]).toMatchObject({ t: eight, x: 140, midnight: false });
  });

  it("writes seconds when it is near", () => {
    const list = ticks(over(eight, 10_000));
    expect(stepOf(over(eight, 10_000))).toBe(1000);
    expect(list.map((t) => t.text).slice(0, 3)).toEqual(["08:00:00", "08:00:01", "08:00:02"]);
  });

  it("writes the date at midnight, at any zoom", () => {
    const midnight = eight + 16 * 3600_000;
    for (const length of [4000, 600_000, 3600_000, day, 3 * day, 20 * day]) {
      const list = ticks(over(midnight - length / 2, length));
      expect(list.find((t) => t.t === midnight), String(length)).toMatchObject({ text: "11-25", midnight: true });
    }
    const days = ticks(over(eight, 5 * day)).filter((t) => t.midnight);
    expect(days.map((t) => t.text)).toEqual(["11-25", "11-26", "11-27", "11-28", "11-29"]);
  });

  it("never lets labels run into each other, nor leaves the view without any", () => {
    const rnd = random(4);
    for (let i = 0; i < 1000; i++) {
      const length = 2000 * Math.exp(rnd() * Math.log((400 * day) / 2000));
      const s = over(eight + Math.floor(rnd() * day), length, 140 + rnd() * 1800);
      const list = ticks(s);
      const step = stepOf(s);
      for (let k = 1; k < list.length; k++) {
        expect(list[k]!.x - list[k - 1]!.x).toBeGreaterThanOrEqual(room(step) - 1e-6);
        expect(list[k]!.t - list[k - 1]!.t).toBe(step);
      }
      for (const t of list) {
        expect(t.t).toBeGreaterThanOrEqual(s.span.from);
        expect(t.t).toBeLessThanOrEqual(s.span.to);
        expect(t.text.length * 7).toBeLessThanOrEqual(room(step));
      }
      if (s.width > 600 && length < 31 * day) expect(list.length).toBeGreaterThan(1);
    }
  });
});
