import type { Page } from "@playwright/test";
import { around, expect, facts, playing, shot, test } from "./site";

const { past } = facts;
const day = () => around(past.from, past.to, { at: new Date(past.from + 4_000_000).toISOString() });
const sizes = [[1440, 900], [390, 844]] as const;

/** cut are the parts of an element that lie, wholly or in part, outside of what it shows. */
const cut = (page: Page, box: string, parts: string) =>
  page.evaluate(([b, p]) => {
    const el = document.querySelector(b!)!;
    const r = el.getBoundingClientRect();
    const right = Math.min(r.left + el.clientLeft + el.clientWidth, innerWidth);
    return [...el.querySelectorAll(p!)].filter((x) => {
      const a = x.getBoundingClientRect();
      return a.width === 0 || a.left < Math.max(r.left, 0) - 0.5 || a.right > right + 0.5;
    }).map((x) => x.textContent!.trim());
  }, [box, parts]);

for (const [width, height] of sizes) {
  for (const language of ["中文", "English"]) {
    test(`what was found fits at ${width} px, ${language}`, async ({ page }) => {
      await page.setViewportSize({ width, height });
      await page.goto(day());
      await playing(page, 4);
      if (language === "English") await page.click('button:has-text("English")');
      await shot(page, `found-${width}-${language}`);
      const { wide, room } = await page.locator(".results").evaluate((el) => ({ wide: el.scrollWidth, room: el.clientWidth }));
      expect(wide).toBeLessThanOrEqual(room);
      await expect.poll(() => cut(page, ".results", "tr[data-camera] .button, .tag, th")).toEqual([]);
      for (const room of await page.locator("tr[data-camera] .name").evaluateAll((all) => all.map((x) => x.clientWidth))) expect(room).toBeGreaterThanOrEqual(98); // seven letters
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
    });
  }
}

test("on a phone the header is low, names tell cameras apart, and nothing speaks of keys", async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto(day());
  await playing(page, 4);
  for (const language of ["中文", "English"]) {
    if (language === "English") await page.click('button:has-text("English")');
    await expect.poll(async () => (await page.locator("body header").first().boundingBox())!.height, language).toBeLessThanOrEqual(70);
    await expect(page.locator("[data-test=clock]")).toBeInViewport({ ratio: 1 });
    await expect(page.locator("kbd:visible, .for-keys:visible")).toHaveCount(0);
    await expect.poll(() => page.locator(".tile .label .name").evaluateAll((all) => all.filter((x) => x.scrollWidth > x.clientWidth).map((x) => x.textContent))).toEqual([]);
    await expect(page.locator(".tile .seen:visible")).toHaveCount(0);
  }
});
