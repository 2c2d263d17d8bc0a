import { describe, expect, it } from "vitest";
import { laid } from "./layout";

describe("the number of tiles", () => {
  const six = ["a", "b", "c", "d", "e", "f"];
  it("grows by what was found, best first, behind what stands there", () => {
    expect(laid(9, ["b", "a"], "b", six)).toEqual(["b", "a", "c", "d", "e", "f"]);
    expect(laid(4, ["f"], "f", six)).toEqual(["f", "a", "b", "c"]);
    expect(laid(4, [], "", six)).toEqual(["a", "b", "c", "d"]);
  });
  it("shrinks to the first, and keeps the chosen one", () => {
    expect(laid(4, six, "b", six)).toEqual(["a", "b", "c", "d"]);
    expect(laid(4, six, "f", six)).toEqual(["a", "b", "c", "f"]);
    expect(laid(1, six, "e", six)).toEqual(["e"]);
  });
});
