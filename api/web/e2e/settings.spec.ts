import { expect, facts, test } from "./site";

test("the settings say what this browser cannot do, and what is shown instead", async ({ page }) => {
  await page.goto(`${facts.url}/settings`);
  const h265 = page.locator("[data-check=h265]"); // Debian's Chromium has no decoder for it
  await expect(h265).toHaveAttribute("data-ok", "false");
  await expect(h265.locator("td").first()).toHaveText("✗无");
  await expect(h265).toContainText("H.265 不能直接播放：有子码流的放子码流，其余放服务器转码的预览，实时为图片；下载仍是原始录像");
  for (const there of ["chromium", "h264", "aac", "flac", "mse", "frames", "dialog"]) {
    await expect(page.locator(`[data-check=${there}]`)).toHaveAttribute("data-ok", "true");
    await expect(page.locator(`[data-check=${there}] td`).first()).toContainText("✓");
  }
  await expect(page.locator("[data-test=browser]")).toContainText("1");
});

test.describe("an old browser", () => {
  test.use({ userAgent: "Mozilla/5.0 (Windows NT 10.0; WOW64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/78.0.3904.108 Safari/537.36" });
  test("is told its version and what it lacks", async ({ page }) => {
    await page.addInitScript(() => {
      delete (window as { MediaSource?: unknown }).MediaSource;
      delete (HTMLVideoElement.prototype as { requestVideoFrameCallback?: unknown }).requestVideoFrameCallback;
    });
    await page.goto(`${facts.url}/settings`);
    const lacking = { chromium: "版本太旧", h265: "H.265 不能直接播放", mse: "没有实时视频，改为显示每秒一张的图片", frames: "多画面同步较粗" };
    for (const [what, said] of Object.entries(lacking)) {
      await expect(page.locator(`[data-check=${what}]`)).toHaveAttribute("data-ok", "false");
      await expect(page.locator(`[data-check=${what}]`)).toContainText(said);
    }
    await expect(page.locator("[data-check=chromium]")).toContainText("78");
    await expect(page.locator("[data-check][data-ok=false]")).toHaveCount(4);
    await expect(page.locator("[data-test=browser]")).toContainText("4");
  });
});
