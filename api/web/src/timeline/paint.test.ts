import { describe, expect, it } from "vitest";
import { clipped, ink } from "./ink";
import { barHeight } from "./layout";
import { paintOverlay } from "./overlay";
import { paintRows } from "./paint";
import type { Scene } from "./scene";
import { eight, row, scene } from "./testscene";

type Rect = { fill: string; x: number; y: number; w: number; h: number };

/** sheet is a context that notes rectangles and texts. Letters are 10 px wide. */
function sheet() {
  const rects: Rect[] = [];
  const texts: string[] = [];
  const g = {
    ...{ fillStyle: "", strokeStyle: "", font: "", textAlign: "", textBaseline: "", lineWidth: 1 },
    fillRect: (x: number, y: number, w: number, h: number) => rects.push({ fill: g.fillStyle, x, y, w, h }),
    fillText: (text: string) => texts.push(text),
    measureText: (text: string) => ({ width: Array.from(text).length * 10 }),
  };
  const pen = new Proxy(g, { get: (of, name) => (name in of ? of[name as keyof typeof of] : () => {}) });
  return { g: pen as unknown as CanvasRenderingContext2D, rects, texts };
}

function painted(s: Scene) {
  const p = sheet();
  paintRows(p.g, s, { hatch: "hatch", stripes: "stripes" });
  const bars = (fill: string) => p.rects.filter((r) => r.fill === fill && r.h === barHeight && r.x >= 140);
  return { ...p, bars };
}

const minute = 60_000;

describe("paintRows", () => {
  it("draws footage solid and gaps hatched, with their cause", () => {
    const gap = { from: eight + 30 * minute, to: eight + 60 * minute, cause: "camera_offline" };
    const { bars, texts } = painted(scene({ rows: [row("1", [{ from: eight, to: gap.from }], [gap])] }));
    expect(bars(ink.footage)).toMatchObject([{ x: 140, w: 430 }]);
    expect(bars("hatch")).toMatchObject([{ x: 570, w: 430 }]);
    expect(texts).toContain("摄像头离线");
    expect(texts).toContain("坪东村1号");
    expect(texts).toContain("2026-11-24");
  });

  it("shows a gap of a millisecond as two pixels over the footage", () => {
    const gap = { from: eight + 30 * minute, to: eight + 30 * minute + 1, cause: "camera_offline" };
    const footage = [{ from: eight, to: gap.from }, { from: gap.to, to: eight + 60 * minute }];
    const { bars, rects } = painted(scene({ rows: [row("1", footage, [gap])] }));
    const slit = bars(ink.ground);
    expect(slit).toMatchObject([{ x: 570, w: 2 }]);
    expect(rects.indexOf(slit[0]!)).toBeGreaterThan(rects.indexOf(bars(ink.footage)[0]!));
    expect(bars(ink.edge)).toMatchObject([{ x: 570, w: 1 }]);
  });

  it("cuts a name in front, where those of a village are alike", () => {
    const { texts } = painted(scene({ box: { width: 390, height: 134, ratio: 1 }, rows: [{ ...row("1", []), label: "下纳灰村学校路口", number: 1 }] }));
    expect(texts).toContain("…村学校路口");
  });

  it("keeps to device pixels", () => {
    const { bars } = painted(scene({ box: { width: 1000, height: 134, ratio: 2 }, rows: [row("1", [{ from: eight + 1234, to: eight + 61234 }])] }));
    for (const b of bars(ink.footage)) {
      expect(Number.isInteger(b.x * 2)).toBe(true);
      expect(Number.isInteger(b.w * 2)).toBe(true);
    }
  });

  it("draws only the rows in view", () => {
    const rows = Array.from({ length: 50 }, (_, i) => row(String(i), [{ from: eight, to: eight + minute }]));
    const { bars, texts } = painted(scene({ rows, scroll: 240 }));
    expect(bars(ink.footage)).toHaveLength(4);
    expect(texts.filter((t) => t.startsWith("坪东村"))).toEqual(["坪东村10号", "坪东村11号", "坪东村12号", "坪东村13号"]);
  });

  it("writes errors and loading into the row", () => {
    const { texts, bars } = painted(scene({ rows: [{ ...row("1"), error: "没有权限" }, { ...row("2"), loading: true }] }));
    expect(texts).toContain("没有权限");
    expect(texts).toContain("加载中");
    expect(bars("stripes")).toHaveLength(1);
  });

  it("draws neither bar nor hatch where nothing is known", () => {
    const { bars } = painted(scene({ rows: [row("1")] }));
    expect([...bars(ink.footage), ...bars("hatch")]).toEqual([]);
  });
});

describe("paintOverlay", () => {
  it("writes the time at the cursor to the millisecond, and the letters of the flags", () => {
    const p = sheet();
    paintOverlay(p.g, scene({ cursor: eight + 1234, marks: { in: eight, out: eight + minute }, now: eight + 30 * minute }));
    expect(p.texts).toEqual(["现在", "I", "O", "08:00:01.234"]);
    expect(p.rects.find((r) => r.fill === ink.cursor)).toMatchObject({ w: 2 });
    expect(p.rects.find((r) => r.fill === ink.later)).toMatchObject({ x: 570, w: 430 });
  });

  it("draws no cursor out of view", () => {
    const p = sheet();
    paintOverlay(p.g, scene({ cursor: eight - minute }));
    expect(p.rects).toEqual([]);
  });
});

describe("clipped", () => {
  it("cuts with an ellipsis, between letters", () => {
    const { g } = sheet();
    expect(clipped(g, "a", "坪东村一号", 50)).toBe("坪东村一号");
    expect(clipped(g, "a", "坪东村一号院", 50)).toBe("坪东村一…");
    expect(clipped(g, "a", "𠮷𠮷𠮷", 20)).toBe("𠮷…");
    expect(clipped(g, "a", "坪东村", 5)).toBe("…");
    expect(clipped(g, "a", "坪东村一号院", 50, "front")).toBe("…村一号院");
  });
});
