import { coded, expect, facts, look, off, playing, test } from "./site";

const { codings } = facts;
const frame = 1000 / codings.fps;
const loop = codings.frames * frame;

const p95 = (list: number[]) => list.sort((a, b) => a - b)[Math.floor(list.length * 0.95)]!;

for (const [n, drift] of [[4, 50], [6, 100]] as const) {
  test(`${n} tiles show the same moment as the page's clock`, async ({ page }) => {
    await page.goto(coded(codings.cameras.slice(0, n)));
    await playing(page, n);
    await page.keyboard.press("k"); // an address restores a view, and it stands
    await page.waitForTimeout(3000);
    const wrong: number[] = [];
    const apart: number[] = [];
    const began = (await look(page)).clock;
    for (let i = 0; i < 40; i++) {
      const l = await look(page);
      expect(l.numbers.filter((x) => x !== null).length).toBe(n);
      const offs = l.numbers.map((x) => off(x!, l.clock, codings));
      // The page writes its clock ten times a second, and a picture stands until the next one comes.
      for (const d of offs) wrong.push(Math.max(0, d - 100, -d - frame));
      const spread = Math.max(...offs) - Math.min(...offs);
      apart.push(Math.min(spread, loop - spread));
      await page.waitForTimeout(97);
    }
    console.log(`${n} tiles: p95 ${p95(apart).toFixed(0)} ms apart, ${p95(wrong).toFixed(0)} ms from the clock`);
    expect((await look(page)).clock - began).toBeGreaterThan(3000);
    expect(p95(apart)).toBeLessThanOrEqual(frame + drift); // one may have changed its picture just before
    expect(p95(wrong)).toBeLessThanOrEqual(drift);
  });
}
