import { describe, expect, it } from "vitest";
import { type Commands, commandOf } from "./keys";

const key = (k: string, more: Partial<KeyboardEvent> = {}) => commandOf({ key: k, ctrlKey: false, altKey: false, metaKey: false, shiftKey: false, ...more });

/** done is what a key calls, with its arguments. */
function done(k: string): string {
  let called = "";
  const spy = new Proxy({}, { get: (_, name) => (...args: unknown[]) => (called = `${String(name)}(${args.join()})`) }) as Commands;
  key(k)?.(spy);
  return called;
}

describe("keys", () => {
  it("do what the table says", () => {
    expect(["k", " ", "j", "L", "ArrowLeft", "ArrowRight", "i", "o", "S", "e", "g", "4", "+", "-", "?", "n", "r", "m", "t", "b"].map(done)).toEqual([
      "toggle()", "toggle()", "skip(-10000)", "skip(10000)", "step(-1)", "step(1)", "mark(in)", "mark(out)", "still()", "basket()", "goTo()", "choose(4)", "faster(1)", "faster(-1)", "help()", "next()", "live()", "sound()", "strip()", "bookmark()",
    ]);
  });
  it("leave the browser its own", () => {
    expect(key("r", { ctrlKey: true })).toBeNull();
    expect(key("F5")).toBeNull();
    expect(key("0")).toBeNull();
  });
});
