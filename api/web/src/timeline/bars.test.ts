import { describe, expect, it } from "vitest";
import type { Span } from "../time/span";
import { bars, first } from "./bars";
import { random, spans } from "./testscene";

/** naive marks every pixel that any span touches, one by one. */
function naive(list: readonly Span[], view: Span, pixels: number): boolean[] {
  const on = new Array<boolean>(pixels).fill(false);
  const scale = pixels / (view.to - view.from);
  for (const s of list) {
    if (s.to <= view.from || s.from >= view.to) continue;
    const a = Math.max(0, Math.floor((s.from - view.from) * scale));
    const b = Math.ceil((s.to - view.from) * scale);
    for (let p = a; p < Math.min(b, pixels); p++) on[p] = true;
  }
  return on;
}

function drawn(runs: readonly number[], pixels: number): boolean[] {
  const on = new Array<boolean>(pixels).fill(false);
  for (let i = 0; i < runs.length; i += 2) on.fill(true, runs[i], runs[i + 1]);
  return on;
}

describe("bars", () => {
  it("touches the pixels that the naive way touches, in runs that ascend and are apart", () => {
    const rnd = random(5);
    for (let i = 0; i < 1500; i++) {
      const list = spans(rnd, Math.floor(rnd() * 60), 1 + rnd() * 80, 1 + rnd() * 80);
      const end = (list[list.length - 1]?.to ?? 0) + 50;
      const from = Math.floor(rnd() * end) - 25;
      const view = { from, to: from + 1 + Math.floor(rnd() * end) };
      const pixels = 1 + Math.floor(rnd() * 300);
      const runs = bars(list, view, pixels);
      expect(drawn(runs, pixels)).toEqual(naive(list, view, pixels));
      expect(runs.length % 2).toBe(0);
      for (let k = 1; k < runs.length; k++) expect(runs[k]!).toBeGreaterThan(runs[k - 1]!);
    }
  });

  it("widens short runs to the right, and hides and invents nothing else", () => {
    const rnd = random(7);
    for (let i = 0; i < 500; i++) {
      const list = spans(rnd, Math.floor(rnd() * 60), 1 + rnd() * 20, 1 + rnd() * 200);
      const view = { from: 0, to: (list[list.length - 1]?.to ?? 0) + 50 };
      const pixels = 1 + Math.floor(rnd() * 300);
      const min = 2 + Math.floor(rnd() * 4);
      const runs = bars(list, view, pixels, min);
      const on = drawn(runs, pixels);
      const touched = naive(list, view, pixels);
      let since = Infinity; // pixels since the last that is touched
      for (let p = 0; p < pixels; p++) {
        since = touched[p] ? 0 : since + 1;
        if (touched[p]) expect(on[p]).toBe(true);
        if (on[p]) expect(since).toBeLessThan(min);
      }
      for (let k = 0; k < runs.length; k += 2) expect(runs[k + 1]! - runs[k]!).toBeGreaterThanOrEqual(Math.min(min, pixels - runs[k]!));
      for (let k = 2; k < runs.length; k += 2) expect(runs[k]!).toBeGreaterThan(runs[k - 1]!);
    }
  });

  it("draws what is shorter than a pixel, at least min wide", () => {
    const blink = [{ from: 500_000, to: 500_001 }];
    expect(bars(blink, { from: 0, to: 1000_000 }, 100)).toEqual([50, 51]);
    expect(bars(blink, { from: 0, to: 1000_000 }, 100, 2)).toEqual([50, 52]);
  });

  it("makes one run of minutes that touch", () => {
    const minutes = Array.from({ length: 1440 }, (_, i) => ({ from: i * 60_000, to: (i + 1) * 60_000 }));
    expect(bars(minutes, { from: 0, to: 1440 * 60_000 }, 860)).toEqual([0, 860]);
  });

  it("looks at few spans of many", () => {
    let looked = 0;
    const list = new Proxy(Array.from({ length: 100_000 }, (_, i) => ({ from: i * 10, to: i * 10 + 9 })), {
      get(of, name, self) {
        if (typeof name === "string" && /^\d+$/.test(name)) looked++;
        return Reflect.get(of, name, self) as unknown;
      },
    });
    expect(bars(list, { from: 0, to: 1000_000 }, 100)).toEqual([0, 100]);
    expect(looked).toBeLessThan(100 * 25);
    looked = 0;
    bars(list, { from: 500_000, to: 500_100 }, 100);
    expect(looked).toBeLessThan(100);
  });

  it("has nothing to draw of nothing", () => {
    expect(bars([], { from: 0, to: 1 }, 100)).toEqual([]);
    expect(bars([{ from: 0, to: 10 }], { from: 10, to: 20 }, 100)).toEqual([]);
    expect(bars([{ from: 20, to: 30 }], { from: 10, to: 20 }, 100)).toEqual([]);
  });
});

describe("first", () => {
  it("is what a search from the start finds", () => {
    const rnd = random(6);
    for (let i = 0; i < 500; i++) {
      const list = spans(rnd, Math.floor(rnd() * 20), 10, 10);
      const t = Math.floor(rnd() * 150);
      const found = list.findIndex((s) => s.to > t);
      expect(first(list, t)).toBe(found < 0 ? list.length : found);
    }
  });
});
