import { describe, expect, it } from "vitest";
import { Failure } from "@/server/client";
import { hour } from "@/time/shanghai";
import { later, nearest, spanAt } from "./beyond";

const nine = Date.parse("2026-11-24T09:00:00+08:00");
const span = { from: nine, to: nine + 8 * hour };
const at = (t: number) => new Date(t).toISOString();

describe("beyond the time that was searched", () => {
  it("cameras were enrolled since", () => {
    expect(later([{ enrolled_at: at(nine + 24 * hour) }, { enrolled_at: at(nine + 20 * hour) }, { enrolled_at: at(nine - hour) }], span)).toEqual({ cameras: 2, since: nine + 20 * hour });
    expect(later([], span).cameras).toBe(0);
  });
  it("the nearest footage is that of any camera", () => {
    const no = (before?: number, after?: number) => new Failure(404, {
      code: "no_footage", before: before ? { from: at(before - hour), to: at(before) } : undefined, after: after ? { from: at(after), to: at(after + hour) } : undefined,
    });
    expect(nearest([no(nine - hour), no(nine - 3 * hour, nine + 10 * hour), no()])).toEqual({ before: nine - hour, after: nine + 10 * hour });
    expect(nearest([new Failure(403, { code: "forbidden" })])).toEqual({ before: null, after: null });
  });
  it("as long a span is searched from there, or up to there, and no future", () => {
    expect(spanAt(nine + 20 * hour, span, "begins", nine + 100 * hour)).toEqual({ from: nine + 20 * hour, to: nine + 28 * hour });
    expect(spanAt(nine + 20 * hour, span, "begins", nine + 21 * hour)).toEqual({ from: nine + 20 * hour, to: nine + 21 * hour });
    expect(spanAt(nine - hour, span, "ends", nine + 100 * hour)).toEqual({ from: nine - 9 * hour, to: nine - hour });
    expect(spanAt(nine - hour, { from: nine, to: nine + 60_000 }, "ends", nine)).toEqual({ from: nine - 2 * hour, to: nine - hour });
  });
});
