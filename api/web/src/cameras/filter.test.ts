import { expect, it } from "vitest";
import { queryOf, readFilter } from "./filter";

it("a filter goes into the address and comes back", () => {
  const f = { q: "村口", state: "stalled", in: "522301008", place: "顶效街道", after: "unicom:A" } as const;
  expect(readFilter(queryOf(f))).toEqual(f);
  expect(queryOf(readFilter({}))).toEqual({});
});

it("what an address cannot mean is left out", () => {
  expect(queryOf(readFilter({ q: "  ", state: "asleep", in: "x", place: "村", after: ["a"] }))).toEqual({});
  expect(readFilter({ in: "522301" }).place).toBe("522301");
});
