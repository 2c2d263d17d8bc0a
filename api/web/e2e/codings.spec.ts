import type { Page } from "@playwright/test";
import { coded, expect, facts, look, loudest, off, playing, test } from "./site";

const { codings } = facts;
const frame = 1000 / codings.fps;

/** jump goes to a moment, ms after the first, and tells its picture's number. */
async function jump(page: Page, after: number): Promise<number> {
  await page.keyboard.press("g");
  await page.fill("#goto", new Date(codings.from + after + 8 * 3600_000).toISOString().slice(0, 23).replace("T", " "));
  await page.keyboard.press("Enter");
  return Math.floor((after / 1000) * codings.fps) % codings.frames;
}

for (const camera of codings.cameras.filter((c, i, all) => all.findIndex((d) => d.coding === c.coding) === i)) {
  test(`${camera.coding} shows its pictures, and sounds where there is sound`, async ({ page }) => {
    await page.goto(coded([camera]));
    await playing(page, 1);
    const foreign = !camera.coding.startsWith("h264"); // Debian's Chromium plays neither
    await expect(page.locator(".tile .way", { hasText: "转码预览" })).toHaveCount(foreign ? 1 : 0);
    await page.keyboard.press("m");
    await page.keyboard.press("k"); // an address restores a view, and it stands
    await page.waitForTimeout(1000);
    for (let i = 0; i < 6; i++) {
      const l = await look(page);
      const d = off(l.numbers[0]!, l.clock, codings);
      expect(d).toBeGreaterThan(-frame - 200);
      expect(d).toBeLessThan(300);
      await page.waitForTimeout(130);
    }
    const heard = await loudest(page);
    if (camera.coding.includes("+")) expect(heard).toBeGreaterThan(0.05);
    else expect(heard).toBe(0);
    // Elsewhere, too, and to the frame.
    await page.keyboard.press("k");
    const want = await jump(page, 4 * 60_000 + 13_120);
    await expect.poll(async () => (await look(page)).numbers[0], { timeout: 10_000 }).toBe(want);
    await page.keyboard.press("ArrowRight");
    await expect.poll(async () => (await look(page)).numbers[0]).toBe(want + 1);
    await page.keyboard.press("ArrowLeft");
    await expect.poll(async () => (await look(page)).numbers[0]).toBe(want);
    // A step counts from where one jumped to, though its picture is not there yet.
    for (const [key, step] of [["ArrowRight", 1], ["ArrowLeft", -1]] as const) {
      const to = await jump(page, 6 * 60_000 + 2_000 + step * 20_040);
      await page.keyboard.press(key);
      await expect.poll(async () => (await look(page)).numbers[0], { timeout: 10_000 }).toBe(to + step);
    }
  });
}
