import { around, expect, facts, playing, shot, test, wall } from "./site";

const { past } = facts;

for (const [size, width, height] of [["desktop", 1440, 900], ["small", 1024, 768], ["phone", 390, 844]] as const) {
  test(`a list of bookmarks leaves the transport bar free: ${size}`, async ({ page }) => {
    await page.setViewportSize({ width, height });
    await page.goto(around(past.from, past.to, { at: new Date(past.from + 600_000).toISOString() }));
    await playing(page, 4);
    for (let i = 0; i < 9; i++) {
      await page.keyboard.press("b");
      await page.keyboard.press("l");
    }
    await page.click(".marks > button");
    await expect(page.locator(".marks li")).toHaveCount(9);
    await shot(page, `bookmarks-${size}`);
    const box = async (selector: string) => (await page.locator(selector).boundingBox())!;
    const [bar, drop, under] = [await box(".bar"), await box(".marks .drop"), await box(".under")];
    expect(drop.y).toBeGreaterThanOrEqual(bar.y + bar.height);
    expect(drop.y + drop.height).toBeLessThanOrEqual(under.y + under.height);
    expect(drop.height).toBeGreaterThan(80);
    await page.locator(".marks li button").first().click();
    await page.click("[data-test=play]"); // it is not in the way
  });
}

test("where no camera is found, nothing of the search before stays", async ({ page }) => {
  await page.goto(around(past.from, past.to, { at: new Date(past.from + 600_000).toISOString() }));
  await playing(page, 4);
  const line = page.locator(".line canvas[role=slider]");
  const whole = `${wall(past.from)} – ${wall(past.to)}`;
  await expect(line).not.toHaveAttribute("aria-valuetext", whole); // but the moment of the cursor
  await page.fill("#place", "105.9,25.9");
  await page.locator("[role=option]").first().waitFor();
  await page.keyboard.press("Enter");
  await expect(page.locator(".results")).toContainText("这里没有摄像头");
  await expect(page.locator(".tile")).toHaveCount(0);
  await shot(page, "no-camera-after");
  await expect(line).toHaveAttribute("aria-valuetext", whole);
  await expect(page.locator("[data-test=clock]")).toHaveCount(0);
});
