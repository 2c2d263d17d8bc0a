import { around, expect, facts, playing, shot, test, wall } from "./site";
import type { Page } from "@playwright/test";

const { past } = facts;
const tiles = (page: Page) => page.$$eval(".tile", (all) => all.map((t) => JSON.stringify(t.getBoundingClientRect())));

for (const [size, width, height] of [["desktop", 1440, 900], ["small", 1024, 768], ["phone", 390, 844]] as const) {
  test(`a moment is typed where one sees it, and no tile moves: ${size}`, async ({ page }) => {
    await page.setViewportSize({ width, height });
    await page.goto(around(past.from, past.to));
    await playing(page, 4);
    await page.getByRole("button", { name: "跳到时刻" }).scrollIntoViewIfNeeded();
    const before = await tiles(page);
    await page.click("[data-test=jump]");
    await expect(page.locator("#goto")).toBeFocused();
    await page.fill("#goto", "十点半");
    await expect(page.locator("#goto-read")).toHaveText(`= ${wall(past.from + 90 * 60_000)}`);
    await expect.poll(() => tiles(page)).toEqual(before);
    const box = (await page.locator(".jump").boundingBox())!;
    expect(box.x).toBeGreaterThanOrEqual(0);
    expect(box.x + box.width).toBeLessThanOrEqual(width);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
    await shot(page, `jump-${size}`);
    await page.click(".jump button");
    await expect(page.locator(".jump")).toHaveCount(0);
    await expect(page.locator("[data-test=clock]")).toContainText(/10:3\d:/);
    await playing(page, 4);
  });
}

test("a jump says what it does not understand, and when it leaves what was searched", async ({ page }) => {
  await page.goto(around(past.from, past.to, { at: new Date(past.from + 600_000).toISOString() }));
  await playing(page, 4);
  await page.keyboard.press("g");
  await page.fill("#goto", "刚才");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("alert")).toContainText("看不懂这个时刻 · 如 ");
  // Days count from today, whatever is on screen.
  await page.fill("#goto", "昨天9点");
  await expect(page.locator("#goto-read")).toHaveText(`= ${wall(Date.now() - 86_400_000).slice(0, 10)} 09:00:00`);
  await page.fill("#goto", "现在");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("alert")).toContainText(`不在查找的时段内：${wall(past.from)} 至 ${wall(past.to)}`);
  await shot(page, "jump-outside");
  await expect(page.locator('.tile[data-kind="picture"]')).toHaveCount(4); // one stays where one was
  await page.keyboard.press("Escape");
  await expect(page.locator(".jump")).toHaveCount(0);
});

test("nothing is searched with a time that is not understood", async ({ page }) => {
  await page.goto(around(past.from, past.to));
  await playing(page, 4);
  let asked = 0;
  page.on("request", (r) => (asked += r.url().includes("/api/v1/footage") ? 1 : 0));
  await page.fill("#from", "早上12点");
  await page.click("[data-test=go]");
  await expect(page.getByRole("alert")).toContainText("看不懂这个时间 · 如 ");
  await page.keyboard.press("Enter");
  await shot(page, "time-bad");
  expect(asked).toBe(0);
  await page.fill("#from", "11月24号上午九点一刻");
  await page.click("[data-test=go]");
  await expect(page.locator("#from")).toHaveValue(/-11-24 09:15:00$/);
  await expect.poll(() => asked).toBeGreaterThan(0);
});
