import { describe, expect, it } from "vitest";
import { lately, onward } from "./now";
import { hour } from "./shanghai";

const now = 1_790_000_000_000;
const minute = 60_000;

describe("live", () => {
  it("is shown as the last half hour, which moves on", () => {
    expect(lately(now)).toEqual({ from: now - hour / 2, to: now + minute });
  });
  it("takes the place of a span that is long over", () => {
    const s = onward({ from: now - 30 * hour, to: now - 22 * hour }, now);
    expect(s).toEqual({ from: now - hour / 2 - minute, to: now + hour / 2 });
    expect(onward({ from: now - 30 * hour, to: now - minute }, now)).toEqual(s); // else it would grow without end
  });
  it("goes on with one that came near, and always has half an hour back", () => {
    expect(onward({ from: now - 3 * hour, to: now - 5 * minute }, now)).toEqual({ from: now - 3 * hour, to: now + hour / 2 });
    expect(onward({ from: now - 5 * minute, to: now }, now)).toEqual({ from: now - hour / 2 - minute, to: now + hour / 2 });
  });
  it("keeps its span, which is a viewing, until that is nearly over", () => {
    let s = onward({ from: now - hour / 2, to: now }, now);
    const spans = new Set([s]);
    for (let t = now; t < now + 3 * hour; t += 10_000) {
      spans.add((s = onward(s, t)));
      expect(s.from).toBeLessThanOrEqual(t - hour / 2);
      expect(s.to).toBeGreaterThan(t);
    }
    expect(spans.size).toBeLessThanOrEqual(8);
  });
});
