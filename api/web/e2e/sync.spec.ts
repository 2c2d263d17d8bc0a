import { coded, drift, expect, facts, look, offsOf, playing, test } from "./site";

const { codings } = facts;

for (const [n, most] of [[4, 50], [9, 100]] as const) {
  test(`${n} tiles show the same moment as the page's clock`, async ({ page }) => {
    await page.goto(coded(codings.cameras.slice(0, n)));
    await playing(page, n);
    await page.keyboard.press("k"); // an address restores a view, and it stands
    await page.waitForTimeout(3000);
    const began = (await look(page)).clock;
    const { apart, wrong } = await drift(page, 40, codings, () => offsOf(page, n, codings));
    console.log(`${n} tiles: p95 ${apart.toFixed(0)} ms apart, ${wrong.toFixed(0)} ms from the clock`);
    expect((await look(page)).clock - began).toBeGreaterThan(3000);
    expect(apart).toBeLessThanOrEqual(most);
    expect(wrong).toBeLessThanOrEqual(most);
  });
}
