import { describe, expect, it } from "vitest";
import { day } from "../time/shanghai";
import { type Scale, clamp, follow, lengthOf, longest, pan, pinch, shortest, timeAt, xOf, zoom } from "./scale";
import { eight, random } from "./testscene";

const hours = (n: number) => n * 3600_000;
const view = { from: eight, to: eight + hours(1) };
const scale = (span = view): Scale => ({ span, left: 140, width: 860 });

describe("scale", () => {
  it("lays the ends of the span on the ends of the pixels, and back", () => {
    expect(xOf(scale(), view.from)).toBe(140);
    expect(xOf(scale(), view.to)).toBe(1000);
    expect(timeAt(scale(), 570)).toBe(eight + hours(0.5));
    const rnd = random(1);
    for (let i = 0; i < 200; i++) {
      const x = rnd() * 1000;
      expect(xOf(scale(), timeAt(scale(), x))).toBeCloseTo(x, 6);
    }
  });

  it("keeps the moment under the pointer when it zooms", () => {
    const rnd = random(2);
    for (let i = 0; i < 500; i++) {
      const s = scale({ from: eight, to: eight + 3000 + rnd() * day });
      const x = 140 + rnd() * 860;
      const t = timeAt(s, x);
      const zoomed = zoom(s.span, 0.2 + rnd() * 4, t, null);
      expect(xOf({ ...s, span: zoomed }, t)).toBeCloseTo(x, 3);
    }
  });

  it("zooms no further than two seconds, 31 days, or the limits", () => {
    expect(lengthOf(zoom(view, 1e-9, eight, null))).toBe(shortest);
    expect(lengthOf(zoom(view, 1e9, eight, null))).toBe(longest);
    const limits = { from: eight - hours(2), to: eight + hours(2) };
    expect(zoom(view, 1e9, eight, limits)).toEqual(limits);
  });

  it("stays inside the limits", () => {
    const limits = { from: eight - hours(2), to: eight + hours(2) };
    expect(pan(view, hours(9), limits)).toEqual({ from: eight + hours(1), to: eight + hours(2) });
    expect(pan(view, -hours(9), limits)).toEqual({ from: eight - hours(2), to: eight - hours(1) });
    const rnd = random(3);
    for (let i = 0; i < 500; i++) {
      const from = eight + (rnd() - 0.5) * day;
      const s = clamp({ from, to: from + rnd() * day }, limits);
      expect(s.from).toBeGreaterThanOrEqual(limits.from);
      expect(s.to).toBeLessThanOrEqual(limits.to);
      expect(lengthOf(s)).toBeGreaterThanOrEqual(shortest);
    }
  });

  it("clamps about the middle, and leaves alone what fits", () => {
    expect(clamp(view, null)).toEqual(view);
    expect(clamp({ from: 10_000, to: 10_000 }, null)).toEqual({ from: 9000, to: 11_000 });
    expect(clamp(view, { from: eight, to: eight })).toEqual({ from: eight, to: eight + shortest });
  });

  it("keeps both moments under the fingers of a pinch", () => {
    const s = scale();
    const a = { t: timeAt(s, 300), x: 250 };
    const b = { t: timeAt(s, 600), x: 900 };
    const pinched = { ...s, span: pinch(s, a, b, null) };
    expect(xOf(pinched, a.t)).toBeCloseTo(250, 3);
    expect(xOf(pinched, b.t)).toBeCloseTo(900, 3);
    expect(pinch(s, b, a, null)).toEqual(pinched.span);
    expect(lengthOf(pinch(s, { ...a, x: 900 }, { ...b, x: 250 }, null))).toBeGreaterThan(0);
  });
});

describe("follow", () => {
  it("does nothing while the cursor is in view", () => {
    expect(follow(view, eight, eight + 40, null)).toBe(view);
    expect(follow(view, null, view.to, null)).toBe(view);
  });

  it("turns the page when the cursor leaves, forwards and backwards", () => {
    const on = follow(view, view.to - 40, view.to + 40, null);
    expect(lengthOf(on)).toBe(lengthOf(view));
    expect(view.to + 40 - on.from).toBeCloseTo(lengthOf(view) * 0.1, 3);
    const back = follow(view, view.from + 40, view.from - 40, null);
    expect(view.from - 40 - back.from).toBeCloseTo(lengthOf(view) * 0.9, 3);
  });

  it("leaves a view alone that was panned away from the cursor", () => {
    expect(follow(view, view.to + hours(1), view.to + hours(1) + 40, null)).toBe(view);
    expect(follow(view, null, view.to + hours(1), null)).toBe(view);
  });

  it("turns no page beyond the limits", () => {
    const limits = { from: eight, to: eight + hours(1.5) };
    expect(follow(view, view.to, view.to + 40, limits)).toEqual({ from: eight + hours(0.5), to: limits.to });
    expect(follow({ from: eight + hours(0.5), to: limits.to }, limits.to, limits.to + 40, limits)).toEqual({ from: eight + hours(0.5), to: limits.to });
  });

  it("shows every moment of a long playback", () => {
    let s = view;
    let turns = 0;
    for (let t = eight; t < eight + hours(5); t += 1600) {
      const to = follow(s, t - 1600, t, null);
      if (to !== s) turns++;
      s = to;
      expect(t).toBeGreaterThanOrEqual(s.from);
      expect(t).toBeLessThanOrEqual(s.to);
    }
    expect(turns).toBe(5);
  });
});
