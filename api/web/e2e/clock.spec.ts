import { around, expect, facts, playing, test } from "./site";

const { past } = facts;
const noon = past.from + 3 * 3600_000; // the third camera's clock was slow before, and is right since
const third = past.cameras[2]!.id;

test("the difference of a camera's clock is that of the moment looked at", async ({ page }) => {
  await page.goto(around(past.from, past.to, { at: new Date(noon - 1800_000).toISOString() }));
  await playing(page, 4);
  const offset = page.locator(`.tile[data-camera="${third}"] [data-test=offset]`);
  await expect(offset).toHaveText("时差 −35.0 ± 0.02 秒");
  await expect(offset).toHaveAttribute("title", "摄像头时钟减服务器时钟，由 2026-11-24 09:00:00 至 12:00:00 的录像测得");
  await expect(page.locator("[data-test=offset]")).toHaveCount(1); // of the others nothing was measured
  await page.keyboard.press("g");
  await page.keyboard.type("13:00:00");
  await page.keyboard.press("Enter");
  await expect(offset).toHaveText("时差 +0.25 ± 0.02 秒");
  await page.goto(`${facts.url}/camera/${third}?at=${new Date(noon - 1800_000).toISOString()}`);
  await playing(page, 1);
  await expect(page.locator(".facts [data-test=offset]")).toHaveText("−35.0 ± 0.02 秒");
  await expect(page.locator(".tile [data-test=offset]")).toHaveText("时差 −35.0 ± 0.02 秒");
  await page.click('button:has-text("English")');
  await expect(page.locator(".tile [data-test=offset]")).toHaveText("Clock −35.0 ± 0.02 s off");
});
