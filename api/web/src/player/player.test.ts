import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Coverage } from "@/time/span";
import { MasterClock } from "./clock";
import { neighbour } from "./neighbour";
import { due } from "./preview";
import { longest, find } from "./stretch";
import { correct, nudgeMost, p95 } from "./sync";
import type { Tile } from "./tile";
import { Wall } from "./wall";

describe("the master clock", () => {
  it("goes on at its rate, stands when it is paused or held, and never jumps by itself", () => {
    let time = 1000;
    const c = new MasterClock(() => time);
    c.seek(5000);
    time += 500;
    expect(c.now).toBe(5000);
    c.play();
    time += 500;
    expect(c.now).toBe(5500);
    c.setRate(4);
    expect(c.now).toBe(5500);
    time += 100;
    expect(c.now).toBe(5900);
    c.hold(true);
    time += 1000;
    expect(c.now).toBe(5900);
    expect(c.playing).toBe(true);
    expect(c.going).toBe(false);
    c.hold(false);
    time += 10;
    expect(c.now).toBe(5940);
    c.pause();
    time += 10;
    expect(c.now).toBe(5940);
  });
});

describe("a tile that is off", () => {
  it("is left alone, nudged, or moved", () => {
    expect(correct(0.005, 1)).toEqual({ seek: false, rate: 1 });
    expect(correct(0.1, 1)).toEqual({ seek: false, rate: 1.1 });
    expect(correct(-0.1, 1)).toEqual({ seek: false, rate: 0.9 });
    expect(correct(0.3, 1)).toEqual({ seek: false, rate: 1 + nudgeMost });
    expect(correct(0.4, 1)).toEqual({ seek: true });
    expect(correct(-1.5, 4)).toEqual({ seek: true });
    expect(correct(0.9, 4)).toEqual({ seek: false, rate: 4.48 });
    expect(correct(3, 16)).toEqual({ seek: false, rate: 16 });
  });
  it("comes back to the clock", () => {
    for (const rate of [0.5, 1, 2, 4]) {
      let behind = 0.3 * rate;
      for (let i = 0; i < 100; i++) {
        const c = correct(behind, rate);
        if (c.seek) behind = 0;
        else behind -= (c.rate - rate) * 0.1;
      }
      expect(Math.abs(behind)).toBeLessThan(0.05 * Math.max(1, rate));
    }
  });
  it("is measured", () => {
    expect(p95([])).toBe(0);
    expect(p95([...Array(100).keys()])).toBe(95);
  });
});

describe("what there is at a moment", () => {
  const c: Coverage = {
    covered: [
      { from: 1000, to: 60_000 },
      { from: 60_040, to: 100_000 },
      { from: 200_000, to: 9_000_000 },
    ],
    gaps: [{ from: 100_000, to: 150_000, cause: "camera_offline" }],
    until: 9_000_000,
  };
  const limits = { from: 0, to: 20_000_000 };
  it("is footage, asked for with a little before it", () => {
    expect(find(c, 50_000, limits)).toEqual({ kind: "footage", ask: { from: 1000, to: 3601_000 } });
    const late = find(c, 8_000_000, limits);
    expect(late).toEqual({ kind: "footage", ask: { from: 7_880_000, to: 9_000_000 } });
  });
  it("goes over a hole shorter than a frame", () => {
    expect(find(c, 60_020, limits).kind).toBe("footage");
  });
  it("never asks for more than is allowed", () => {
    const f = find(c, 50_000, { from: 40_000, to: 55_000 });
    expect(f).toEqual({ kind: "footage", ask: { from: 40_000, to: 55_000 } });
    for (let t = 0; t < 9_000_000; t += 77_777) {
      const g = find(c, t, limits);
      if (g.kind !== "footage") continue;
      expect(g.ask.to - g.ask.from).toBeLessThanOrEqual(longest);
      expect(t).toBeGreaterThanOrEqual(g.ask.from);
      expect(t).toBeLessThan(g.ask.to);
    }
  });
  it("is a gap with its cause, and what is near", () => {
    expect(find(c, 120_000, limits)).toEqual({ kind: "gap", span: c.gaps[0], cause: "camera_offline", before: 100_000, after: 200_000 });
  });
  it("is nothing, or not there yet", () => {
    expect(find(c, 500, limits)).toEqual({ kind: "none", before: null, after: 1000 });
    expect(find(c, 160_000, limits)).toEqual({ kind: "none", before: 100_000, after: 200_000 });
    expect(find(c, 9_000_001, limits)).toEqual({ kind: "ahead", before: 9_000_000 });
  });
  it("begins a frame early rather than not at all", () => {
    expect(find(c, 199_980, limits).kind).toBe("footage");
  });
});

describe("a frame on and a frame back", () => {
  /** film shows the last picture at or before a moment. */
  const film = (pictures: number[]) => {
    let asked = 0;
    const show = async (t: number) => {
      asked++;
      return [...pictures].reverse().find((p) => p <= t) ?? null;
    };
    return { show, asked: () => asked };
  };
  it("is the neighbour, in one look where frames come evenly", async () => {
    const even = film([0, 40, 80, 120, 160]);
    expect(await neighbour(even.show, 80, 1, 40)).toBe(120);
    expect(even.asked()).toBe(1);
    expect(await neighbour(even.show, 80, -1, 40)).toBe(40);
    expect(even.asked()).toBe(2);
  });
  it("is the neighbour where they do not, or the rate was wrong", async () => {
    for (let seed = 1; seed < 200; seed++) {
      let x = seed * 7919;
      const rnd = () => (x = (x * 1103515245 + 12345) % 2147483648) / 2147483648;
      const pictures = [0];
      for (let i = 0; i < 30; i++) pictures.push(pictures[i]! + 20 + Math.floor(rnd() * rnd() * 900));
      const { show } = film(pictures);
      const i = 1 + Math.floor(rnd() * 28);
      expect(await neighbour(show, pictures[i]!, 1, 20)).toBe(pictures[i + 1]);
      expect(await neighbour(show, pictures[i]!, -1, 20)).toBe(pictures[i - 1]);
    }
  });
  it("is none at the end", async () => {
    expect(await neighbour(film([0, 40]).show, 40, 1, 40)).toBeNull();
    expect(await neighbour(film([0, 40]).show, 0, -1, 40)).toBeNull();
  });
});

describe("what a preview needs next", () => {
  const done = [{ from: 0, to: 10_000 }, { from: 10_000, to: 20_000 }, { from: 40_000, to: 50_000 }];
  it("is the first moment that did not come yet, soon enough", () => {
    expect(due([], 5000, 60_000)).toBe(5000);
    expect(due(done, 5000, 60_000)).toBe(null); // 15 s are ready
    expect(due(done, 8001, 60_000)).toBe(20_000);
    expect(due(done, 30_000, 60_000)).toBe(30_000);
    expect(due(done, 45_000, 60_000)).toBe(50_000);
    expect(due([...done].reverse(), 8001, 60_000)).toBe(20_000);
  });
  it("is nothing at the end", () => {
    expect(due(done, 45_000, 50_000)).toBe(null);
    expect(due([], 60_000, 60_000)).toBe(null);
  });
});

describe("a step of the wall", () => {
  afterEach(() => vi.unstubAllGlobals());

  /** still is a tile of pictures 40 ms apart, whose seeks end when they are let. */
  function still() {
    let shows = 0;
    let waiting: (() => void)[] = [];
    const arrives = (t: number) => new Promise<number>((done) => waiting.push(() => done((shows = Math.floor(t / 40) * 40))));
    const tile = {
      pace: 40, shown: { kind: "picture" }, settled: true, behind: 0,
      arrived: async () => shows,
      exact: arrives,
      dispose() {},
      follow: (c: MasterClock) => void (shows = Math.floor(c.now / 40) * 40),
    };
    const arrive = async () => {
      for (let i = 0; i < 20; i++) {
        waiting.splice(0).forEach((f) => f());
        await Promise.resolve();
      }
    };
    return { tile: tile as unknown as Tile, arrive };
  }

  it("goes to the next picture, and does not take back a jump that came meanwhile", async () => {
    vi.stubGlobal("window", globalThis);
    const { tile, arrive } = still();
    const wall = new Wall({ tick() {}, state() {} });
    wall.set([tile]);
    wall.seek(4000, false);
    let over = wall.step(tile, 1, 25);
    await arrive();
    await over;
    expect(wall.clock.now).toBe(4040);

    over = wall.step(tile, 1, 25);
    await Promise.resolve(); // its picture is on its way
    wall.seek(8000);
    void wall.step(tile, 1, 25); // asked for after the jump: counts from there
    await arrive();
    await over;
    expect(wall.clock.now).toBe(8040);

    over = wall.step(tile, 1, 25);
    void wall.step(tile, 1, 25); // asked for before it: gone with it
    await Promise.resolve();
    wall.seek(12_000);
    await arrive();
    await over;
    expect(wall.clock.now).toBe(12_000);
    wall.dispose();
  });
});

describe("the clock of a wall", () => {
  beforeEach(() => {
    vi.useFakeTimers();
    vi.stubGlobal("window", globalThis);
    vi.advanceTimersByTime(1000); // a page's time does not begin with it
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  /** slow is a tile that loads until it is let. */
  function slow() {
    const tile = { settled: false, behind: 0, shown: { kind: "loading" }, picture: null as number | null, follow() {}, watch() {}, tick() {}, dispose() {} };
    return { tile: tile as unknown as Tile, is: (state: Partial<typeof tile>) => Object.assign(tile, state) };
  }
  const there = { settled: true, shown: { kind: "picture" } };

  it("is held while tiles load, and goes on when all have, or one takes too long", async () => {
    const [a, b] = [slow(), slow()];
    const ticks: number[] = [];
    const wall = new Wall({ tick: (t) => ticks.push(t), state() {} });
    wall.set([a.tile, b.tile]);
    wall.seek(5000, true);
    a.is(there);
    await vi.advanceTimersByTimeAsync(1000);
    expect([wall.held, wall.clock.playing, wall.clock.now]).toEqual([true, true, 5000]);
    b.is(there);
    await vi.advanceTimersByTimeAsync(100);
    expect(wall.held).toBe(false);
    await vi.advanceTimersByTimeAsync(1000);
    expect(wall.clock.now).toBe(6000);
    expect(ticks[ticks.length - 1]).toBe(6000);

    b.is({ settled: false });
    wall.seek(9000);
    await vi.advanceTimersByTimeAsync(1500);
    expect([wall.held, wall.clock.now]).toEqual([true, 9000]);
    await vi.advanceTimersByTimeAsync(200);
    expect(wall.held).toBe(false);
    expect(wall.clock.now).toBeGreaterThan(9000);
    wall.dispose();
  });

  it("gives back what all tiles took to get going, once", async () => {
    const a = slow();
    const wall = new Wall({ tick() {}, state() {} });
    a.is({ ...there, behind: 120 });
    wall.set([a.tile]);
    wall.seek(5000, true);
    await vi.advanceTimersByTimeAsync(1100);
    expect(wall.clock.now).toBe(5000 + 1100 - 120); // held for no beat: it had loaded
    await vi.advanceTimersByTimeAsync(1000);
    expect([wall.clock.now, wall.drift]).toEqual([5000 + 2100 - 120, 120]);
    wall.dispose();
  });

  it("is live's oldest picture, and waits for nobody", async () => {
    const [a, b] = [slow(), slow()];
    let now = 0;
    const wall = new Wall({ tick: (t) => (now = t), state() {} });
    wall.set([a.tile, b.tile]);
    wall.watch();
    expect([wall.live, wall.held, wall.clock.going]).toEqual([true, false, false]);
    a.is({ picture: 7000 });
    b.is({ picture: 6500 });
    await vi.advanceTimersByTimeAsync(100);
    expect(now).toBe(6500);
    wall.pause(); // stands at what is on screen
    expect([wall.live, wall.clock.now, wall.clock.playing]).toEqual([false, 6500, false]);
    wall.dispose();
  });
});
