import { describe, expect, it } from "vitest";
import { lanes } from "./lanes";
import { sizeText } from "./size";

describe("small parts of the downloads", () => {
  it("sizes are short", () => {
    expect([0, 999, 1500, 12_345_678, 1_234_567_890].map(sizeText)).toEqual(["0 B", "999 B", "1.5 KB", "12 MB", "1.2 GB"]);
  });
  it("no more than so many ask at once", async () => {
    const run = lanes(2);
    let now = 0;
    let most = 0;
    const job = (n: number) => run(async () => {
      most = Math.max(most, ++now);
      await new Promise((f) => setTimeout(f, 1));
      now--;
      if (n === 1) throw new Error("one fails");
      return n;
    }).catch(() => -1);
    expect(await Promise.all([0, 1, 2, 3, 4].map(job))).toEqual([0, -1, 2, 3, 4]);
    expect(most).toBe(2);
  });
});
