import { signedIn } from "./people";
import { expect, facts, shot, test } from "./site";
import { sound } from "./sound";

// Journey 10: a household decides about its camera, on a phone.

const { people } = facts;
const leaving = facts.codings.cameras[0]!;

test("10: a household pauses its camera and ends that; it leaves in two steps, and is told when all is deleted", async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await signedIn(page, people.leaver, "/me");
  const own = page.locator("[data-test=own-camera]");
  await expect(own).toContainText(leaving.name);
  await expect(own).toContainText("没有登记授权同意");
  await own.locator("[data-test=pause]").click();
  await page.getByLabel("每天固定时段").check();
  await page.getByLabel("从", { exact: true }).fill("7");
  await expect(page.locator("dialog [role=alert]")).toContainText("22:00");
  await page.getByLabel("从", { exact: true }).fill("23:30");
  await sound(page, "pause");
  await page.click("dialog [data-test=done]");
  await expect(own).toContainText("每天 23:30 到 06:00 不录像");
  await own.locator("[data-test=pause]").click();
  await page.getByLabel("直到我恢复").check();
  await page.click("dialog [data-test=done]");
  await expect(own.locator(".tag")).toContainText("已暂停");
  while (await own.locator("[data-test=resume]").count()) {
    const left = await own.locator("[data-test=resume]").count();
    await own.locator("[data-test=resume]").first().click();
    await expect(own.locator("[data-test=resume]")).toHaveCount(left - 1);
  }
  await expect(own.locator(".tag")).toHaveCount(0);

  let clicks = 0;
  const click = (where: string) => (clicks++, page.click(where));
  await click("[data-test=own-camera] [data-test=withdraw]");
  await expect(page.locator("dialog")).toContainText("谁也看不到");
  await expect(page.locator("dialog [data-test=done]")).toBeDisabled();
  await sound(page, "withdraw");
  await click("dialog [data-test=understood]");
  await click("dialog [data-test=done]");
  await expect(own.locator("[data-test=gone]")).toContainText("已退出");
  expect(clicks).toBeLessThanOrEqual(3);
  await expect(async () => {
    await page.reload();
    await expect(own.locator("[data-test=gone]")).toContainText("录像已全部删除", { timeout: 1000 });
  }).toPass({ timeout: 60_000 });
  await expect(own.locator("[data-test=pause]")).toHaveCount(0);
  await shot(page, "household-left");
});
