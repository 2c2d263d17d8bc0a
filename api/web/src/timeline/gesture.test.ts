import { describe, expect, it } from "vitest";
import { Gesture, wheel } from "./gesture";
import { header, lane, rowHeight, scaleOf } from "./layout";
import { lengthOf, timeAt, xOf } from "./scale";
import type { Scene } from "./scene";
import { eight, noting, row, scene } from "./testscene";

const rows = ["1", "2", "3"].map((id) => row(id));
const bars = header + 5;

function hands(over: Partial<Scene> = {}) {
  const on = noting(scene({ rows, ...over }));
  const gesture = new Gesture(on);
  const p = (x: number, y: number, id = 1, time = 0) => ({ x, y, id, time, finger: false });
  return { on, gesture, p, t: (x: number) => timeAt(scaleOf(on.scene), x) };
}

describe("gesture", () => {
  it("seeks and picks the row on a click on a bar that hardly moves", () => {
    const { on, gesture, p, t } = hands();
    gesture.press(p(500, bars));
    gesture.move(p(503, bars));
    gesture.lift(p(503, bars));
    expect(on.log).toEqual([["pick", "1"], ["seek", t(503), true]]);
    expect(gesture.busy).toBe(false);
  });

  it("only picks the row on a click on its label", () => {
    const { on, gesture, p } = hands();
    gesture.press(p(20, bars + rowHeight));
    gesture.lift(p(20, bars + rowHeight));
    expect(on.log).toEqual([["pick", "2"]]);
  });

  it("pans on a drag of the bars, the moment stays under the pointer", () => {
    const { on, gesture, p, t } = hands();
    const held = t(500);
    gesture.press(p(500, bars));
    for (const x of [510, 560, 700, 320]) {
      gesture.move(p(x, bars));
      expect(xOf(scaleOf(on.scene), held)).toBeCloseTo(x, 3);
    }
    gesture.lift(p(320, bars));
    expect(on.log.every(([what]) => what === "show")).toBe(true);
    expect(on.log).toHaveLength(4);
  });

  it("scrubs on a drag of the header and ends with one final seek", () => {
    const { on, gesture, p, t } = hands();
    gesture.press(p(300, 5));
    expect(gesture.scrubbing).toBe(true);
    gesture.move(p(400, 5));
    gesture.lift(p(410, 5));
    expect(on.log).toEqual([["seek", t(300), false], ["seek", t(400), false], ["seek", t(410), true]]);
    expect(gesture.scrubbing).toBe(false);
  });

  it("does not let the cursor jump when it is taken by its side", () => {
    const { on, gesture, p, t } = hands({ cursor: eight + 1800_000 });
    gesture.press(p(575, 5));
    gesture.lift(p(675, 5));
    expect(on.log[0]![1]).toBeCloseTo(eight + 1800_000, 3);
    expect(on.log[1]![1]).toBeCloseTo(t(670), 3);
  });

  it("ends a scrub that the browser takes away", () => {
    const { on, gesture, p, t } = hands();
    gesture.press(p(300, 5));
    gesture.move(p(400, 5));
    gesture.cancel(1);
    expect(on.log[on.log.length - 1]).toEqual(["seek", t(400), true]);
    expect(gesture.busy).toBe(false);
  });

  it("zooms in on a double click and seeks but once", () => {
    const { on, gesture, p, t } = hands();
    const held = t(500);
    for (const time of [0, 200]) {
      gesture.press(p(500, bars, 1, time));
      gesture.lift(p(500, bars, 1, time));
    }
    expect(on.log.map(([what]) => what)).toEqual(["pick", "seek", "show"]);
    expect(lengthOf(on.scene.span)).toBe(1800_000);
    expect(xOf(scaleOf(on.scene), held)).toBeCloseTo(500, 3);
    gesture.press(p(500, bars, 1, 5000));
    gesture.lift(p(500, bars, 1, 5000));
    expect(on.log[on.log.length - 1]![0]).toBe("seek");
  });

  it("drags the flags", () => {
    const { on, gesture, p, t } = hands({ marks: { in: eight + 600_000, out: null } });
    const x = xOf(scaleOf(on.scene), eight + 600_000);
    gesture.press(p(x - 6, lane + 4));
    gesture.move(p(x + 94, lane + 4));
    gesture.lift(p(x + 94, lane + 4));
    expect(on.log).toHaveLength(1);
    expect(on.log[0]!.slice(0, 2)).toEqual(["mark", "in"]);
    expect(on.log[0]![2]).toBeCloseTo(t(x + 100), 3);
  });

  it("goes to a bookmark that is clicked, to the millisecond", () => {
    const { on, gesture, p } = hands({ bookmarks: [{ at: eight + 1234_567, text: "" }] });
    const x = xOf(scaleOf(on.scene), eight + 1234_567);
    gesture.press(p(x + 3, header - 4));
    gesture.lift(p(x + 3, header - 4));
    expect(on.log).toEqual([["seek", eight + 1234_567, true]]);
  });

  it("pinches with two fingers, and does nothing more until both are lifted", () => {
    const { on, gesture, p, t } = hands();
    const [a, b] = [t(400), t(600)];
    gesture.press(p(400, bars, 1));
    gesture.press(p(600, bars, 2));
    gesture.move(p(300, bars, 1));
    gesture.move(p(800, bars, 2));
    expect(xOf(scaleOf(on.scene), a)).toBeCloseTo(300, 3);
    expect(xOf(scaleOf(on.scene), b)).toBeCloseTo(800, 3);
    gesture.lift(p(300, bars, 1));
    const n = on.log.length;
    gesture.move(p(500, bars, 2));
    gesture.lift(p(500, bars, 2));
    expect(on.log).toHaveLength(n);
    expect(on.log.every(([what]) => what === "show")).toBe(true);
    expect(gesture.busy).toBe(false);
  });

  it("scrolls the rows when the labels are dragged, or the bars upwards", () => {
    const { on, gesture, p } = hands({ rows: Array.from({ length: 20 }, (_, i) => row(String(i))) });
    for (const x of [20, 500]) {
      gesture.press(p(x, 100));
      gesture.move(p(x + 2, 80));
      gesture.lift(p(x + 2, 80));
    }
    expect(on.log).toEqual([["scroll", 20], ["scroll", 20]]);
  });
});

describe("wheel", () => {
  const turn = { x: 500, y: bars, dx: 0, dy: 0, shift: false, ctrl: false };

  it("zooms at the pointer", () => {
    const { on, t } = hands();
    const held = t(500);
    expect(wheel(on, { ...turn, dy: -100 })).toBe(true);
    expect(lengthOf(on.scene.span)).toBeLessThan(3600_000);
    expect(xOf(scaleOf(on.scene), held)).toBeCloseTo(500, 3);
    wheel(on, { ...turn, dy: 100 });
    expect(lengthOf(on.scene.span)).toBeCloseTo(3600_000, 3);
  });

  it("pans with shift and sideways", () => {
    for (const w of [{ dy: 86, shift: true }, { dx: 86 }, { dx: 86, shift: true }]) {
      const { on } = hands();
      wheel(on, { ...turn, ...w });
      expect(on.scene.span.from - eight).toBeCloseTo(360_000, 3);
      expect(lengthOf(on.scene.span)).toBeCloseTo(3600_000, 3);
    }
  });

  it("scrolls over the labels, and leaves the page its wheel when there is nothing to scroll", () => {
    const few = hands();
    expect(wheel(few.on, { ...turn, x: 20, dy: 50 })).toBe(false);
    const many = hands({ rows: Array.from({ length: 20 }, (_, i) => row(String(i))) });
    expect(wheel(many.on, { ...turn, x: 20, dy: 50 })).toBe(true);
    expect(many.on.log).toEqual([["scroll", 50]]);
  });
});
