import type { Gap, Ms, Span } from "../time/span";
import type { Controls, Row, Scene, Words } from "./scene";

// For the tests only: a scene, hands that note what they are told, numbers that
// come out the same each time.

export const words: Words = {
  cause: (c) => (c === "camera_offline" ? "摄像头离线" : c),
  none: "无记录",
  loading: "加载中",
  now: "现在",
  gap: (cause) => `无录像：${cause}`,
  footage: "有录像",
  label: "时间轴",
};

/** 2026-11-24 08:00 in Shanghai. */
export const eight: Ms = Date.parse("2026-11-24T00:00:00Z");

export const row = (id: string, covered: Span[] = [], gaps: Gap[] = []): Row => ({ id, label: `坪东村${id}号`, covered, gaps, until: Infinity });

/** An hour on 860 px of bars: 1000 px wide, and room for four rows. */
export function scene(over: Partial<Scene> = {}): Scene {
  return {
    ...{ words, box: { width: 1000, height: 134, ratio: 1 }, rows: [], span: { from: eight, to: eight + 3600_000 }, limits: null },
    ...{ cursor: null, marks: { in: null, out: null }, bookmarks: [], current: null, now: null, hover: null, scroll: 0 },
    ...over,
  };
}

/** noting are controls that obey, and note each order. */
export function noting(s: Scene): Controls & { log: unknown[][] } {
  const log: unknown[][] = [];
  return {
    log,
    scene: s,
    show: (span) => {
      s.span = span;
      log.push(["show", span]);
    },
    seek: (t, final) => {
      s.cursor = t;
      log.push(["seek", t, final]);
    },
    pick: (id) => log.push(["pick", id]),
    mark: (which, t) => log.push(["mark", which, t]),
    scroll: (by) => log.push(["scroll", by]),
    hover: () => {},
  };
}

/** random is a sequence of numbers in [0, 1). */
export function random(seed: number): () => number {
  let a = seed >>> 0;
  return () => {
    a = (Math.imul(a, 1664525) + 1013904223) >>> 0;
    return a / 2 ** 32;
  };
}

/** spans are ascending spans that may touch, from 0 on. */
export function spans(rnd: () => number, n: number, long: number, apart: number): Span[] {
  let t = 0;
  return Array.from({ length: n }, () => {
    const from = t + (rnd() < 0.3 ? 0 : Math.floor(rnd() * apart));
    t = from + 1 + Math.floor(rnd() * long);
    return { from, to: t };
  });
}
