import { describe, expect, it } from "vitest";
import { bookmarkAt, header, hit, lane, leftOf, mostScroll, rowAt, rowHeight, scaleOf, scrolledTo, seen, timeUnder, topOf } from "./layout";
import { xOf } from "./scale";
import { eight, row, scene } from "./testscene";

const rows = ["1", "2", "3", "4", "5", "6", "7"].map((id) => row(id));
const minute = 60_000;

describe("layout", () => {
  it("gives the labels less on a phone", () => {
    expect(leftOf(360)).toBe(96);
    expect(leftOf(1000)).toBe(140);
  });

  it("finds the row that is drawn at a pixel, scrolled or not", () => {
    for (const scroll of [0, 10, 24, 72]) {
      const s = scene({ rows, scroll });
      for (let y = header; y < s.box.height; y++) {
        const found = rowAt(s, y);
        const naive = rows.find((_, i) => y >= topOf(s, i) && y < topOf(s, i) + rowHeight) ?? null;
        expect(found).toBe(naive);
      }
      const [a, b] = seen(s);
      expect(rowAt(s, header)).toBe(rows[a]);
      expect(rowAt(s, s.box.height - 1)).toBe(rows[b - 1]);
    }
    expect(rowAt(scene({ rows: rows.slice(0, 2) }), header + 2 * rowHeight)).toBe(null);
    expect(seen(scene())).toEqual([0, 0]);
  });

  it("scrolls to a row by the least", () => {
    const s = scene({ rows });
    expect(mostScroll(s)).toBe(3 * rowHeight);
    expect(scrolledTo(s, 2)).toBe(0);
    expect(scrolledTo(s, 6)).toBe(3 * rowHeight);
    expect(scrolledTo({ ...s, scroll: 3 * rowHeight }, 4)).toBe(3 * rowHeight);
    expect(scrolledTo({ ...s, scroll: 3 * rowHeight }, 1)).toBe(rowHeight);
  });

  it("keeps the moment under the pointer in view", () => {
    const s = scene();
    expect(timeUnder(s, 0)).toBe(s.span.from);
    expect(timeUnder(s, 5000)).toBe(s.span.to);
  });
});

describe("hit", () => {
  const s = scene({
    rows,
    cursor: eight + 30 * minute,
    marks: { in: eight + 10 * minute, out: eight + 20 * minute },
    bookmarks: [{ at: eight + 40 * minute, text: "白车" }, { at: eight + 40.2 * minute, text: "转弯" }],
  });
  const x = (min: number) => xOf(scaleOf(s), eight + min * minute);

  it("tells the four fields apart", () => {
    expect(hit(s, 5, 5)).toEqual({ kind: "corner" });
    expect(hit(s, 5, header)).toEqual({ kind: "label", row: rows[0] });
    expect(hit(s, 500, header + rowHeight)).toEqual({ kind: "bars", row: rows[1] });
    expect(hit(s, x(55), 5)).toEqual({ kind: "header" });
  });

  it("takes hold of the cursor in the header only", () => {
    expect(hit(s, x(30) + 7, 5)).toEqual({ kind: "cursor" });
    expect(hit(s, x(30) + 12, 5)).toEqual({ kind: "header" });
    expect(hit(s, x(30) + 12, 5, 10)).toEqual({ kind: "cursor" });
    expect(hit(s, x(30), header)).toEqual({ kind: "bars", row: rows[0] });
  });

  it("finds the flags outside of the piece, and only in their lane", () => {
    expect(hit(s, x(10) - 5, lane + 3)).toEqual({ kind: "flag", which: "in" });
    expect(hit(s, x(20) + 5, lane + 3)).toEqual({ kind: "flag", which: "out" });
    expect(hit(s, x(10) + 5, lane + 3)).toEqual({ kind: "header" });
    expect(hit(s, x(10) - 5, 5)).toEqual({ kind: "header" });
  });

  it("finds the flag beside a cursor that stands on the mark, and the cursor beside the flag", () => {
    const on = { ...s, cursor: s.marks.in };
    expect(hit(on, x(10) - 5, lane + 3)).toEqual({ kind: "flag", which: "in" });
    expect(hit(on, x(10) + 4, lane + 3)).toEqual({ kind: "cursor" });
  });

  it("keeps the flags of an empty piece apart", () => {
    const empty = { ...s, marks: { in: eight + 10 * minute, out: eight + 10 * minute } };
    expect(hit(empty, x(10) - 4, lane + 3)).toEqual({ kind: "flag", which: "in" });
    expect(hit(empty, x(10) + 4, lane + 3)).toEqual({ kind: "flag", which: "out" });
  });

  it("finds the nearest bookmark", () => {
    expect(hit(s, x(40) - 3, header - 4)).toEqual({ kind: "bookmark", at: eight + 40 * minute });
    expect(bookmarkAt(s, x(40.2) + 1)?.text).toBe("转弯");
    expect(bookmarkAt(s, x(50))).toBe(null);
  });
});
