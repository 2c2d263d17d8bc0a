import { describe, expect, it } from "vitest";
import { queryOf, readFilter } from "./filter";

describe("the filter of the register", () => {
  it("goes into the address and back", () => {
    const f = { kind: "viewing.open", who: "wang.wei", unit: "", case: "A1", camera: "mobile:1", viewing: "", from: 1_790_000_000_000, to: null } as const;
    expect(readFilter(queryOf(f))).toEqual(f);
    expect(queryOf(f)).toEqual({ kind: "viewing.open", who: "wang.wei", case: "A1", camera: "mobile:1", from: "2026-09-21T14:13:20.000Z" });
  });
  it("forgives nonsense", () => {
    expect(queryOf(readFilter({ kind: "x", who: ["a", "b"], from: "soon", case: "  " }))).toEqual({});
  });
});
