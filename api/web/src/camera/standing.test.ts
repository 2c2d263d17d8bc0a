import { describe, expect, it } from "vitest";
import { left, standing } from "./standing";

describe("a camera's standing", () => {
  it("is how its stream fares while it is active, else its lifecycle", () => {
    expect(standing({ lifecycle: "active", state: "streaming" })).toBe("streaming");
    expect(standing({ lifecycle: "suspended", state: "unassigned" })).toBe("suspended");
    expect(standing({ lifecycle: "withdrawn", state: "unassigned" })).toBe("withdrawn");
  });
  it("has left where it was recorded and is no longer", () => {
    expect(left.includes("withdrawn")).toBe(true);
    expect(left.includes("imported")).toBe(false);
  });
});
