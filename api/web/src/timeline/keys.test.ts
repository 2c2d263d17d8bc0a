import { describe, expect, it } from "vitest";
import { key } from "./keys";
import { lengthOf } from "./scale";
import { eight, noting, row, scene } from "./testscene";

const hour = 3600_000;
const limits = { from: eight - 4 * hour, to: eight + 8 * hour };

describe("key", () => {
  it("leaves the page its keys", () => {
    const on = noting(scene({ limits }));
    for (const name of ["j", "k", "l", " ", "ArrowLeft", "ArrowRight", ",", ".", "i", "o", "s", "e", "g", "1", "9", "?", "Tab", "Escape"]) expect(key(on, name), name).toBe(false);
    expect(on.log).toEqual([]);
  });

  it("zooms about the cursor, or the middle when that is out of view", () => {
    const on = noting(scene({ limits, cursor: eight }));
    expect(key(on, "+")).toBe(true);
    expect(on.scene.span).toEqual({ from: eight, to: eight + hour / 2 });
    key(on, "-");
    expect(on.scene.span).toEqual({ from: eight, to: eight + hour });
    on.scene.cursor = eight + 6 * hour;
    key(on, "=");
    expect(on.scene.span).toEqual({ from: eight + hour / 4, to: eight + (hour * 3) / 4 });
  });

  it("goes to the ends, though not beyond now, and shows them", () => {
    const on = noting(scene({ limits, cursor: eight }));
    key(on, "Home");
    expect(on.scene.cursor).toBe(limits.from);
    expect(on.scene.span).toEqual({ from: limits.from, to: limits.from + hour });
    on.scene.now = eight + 5 * hour;
    key(on, "End");
    expect(on.scene.cursor).toBe(eight + 5 * hour);
    expect(on.scene.span).toEqual({ from: eight + 4.5 * hour, to: eight + 5.5 * hour });
  });

  it("turns pages with the cursor at its place", () => {
    const on = noting(scene({ limits, cursor: eight + 600_000 }));
    key(on, "PageDown");
    expect(on.scene.span).toEqual({ from: eight + hour, to: eight + 2 * hour });
    expect(on.scene.cursor).toBe(eight + hour + 600_000);
    key(on, "PageUp");
    key(on, "PageUp");
    expect(on.scene.span.from).toBe(eight - hour);
    expect(on.scene.cursor).toBe(eight - hour + 600_000);
    for (let i = 0; i < 9; i++) key(on, "PageUp");
    expect(on.scene.cursor).toBe(limits.from);
    expect(on.scene.span.from).toBe(limits.from);
    expect(lengthOf(on.scene.span)).toBe(hour);
  });

  it("walks the rows", () => {
    const on = noting(scene({ rows: [row("a"), row("b")] }));
    key(on, "ArrowDown");
    on.scene.current = "a";
    key(on, "ArrowUp");
    key(on, "ArrowDown");
    on.scene.current = "b";
    key(on, "ArrowDown");
    expect(on.log).toEqual([["pick", "a"], ["pick", "b"]]);
  });

  it("seeks to the pointer, or the middle", () => {
    const on = noting(scene());
    key(on, "Enter");
    on.scene.hover = { x: 140, y: 50 };
    key(on, "Enter");
    expect(on.log).toEqual([["seek", eight + hour / 2, true], ["seek", eight, true]]);
  });
});
