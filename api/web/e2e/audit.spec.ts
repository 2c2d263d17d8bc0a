import { expect, facts, test } from "./site";

// The access register: what was seen here before, by whoever is at this machine.

const { past } = facts;
const camera = past.cameras[5]!;
const rows = "main tbody tr";

test("the register comes page by page, narrowed by its filter, which the address holds", async ({ page }) => {
  for (let i = 0; i < 5; i++) {
    const from = past.from + 600_000 + i * 5000;
    const span = new URLSearchParams({ from: new Date(from).toISOString(), to: new Date(from + 2000).toISOString() });
    expect((await page.request.get(`${facts.url}/api/v1/cameras/${camera.id}/play.mp4?${span}`)).status()).toBe(200);
  }
  const asked: string[] = [];
  await page.route("**/api/v1/register?*", async (r) => {
    const u = new URL(r.request().url());
    asked.push(u.searchParams.get("limit")!);
    u.searchParams.set("limit", "1"); // as if a page were that short; what others looked at before may have left few
    await r.fulfill({ response: await r.fetch({ url: u.href }) });
  });
  await page.goto(facts.url);
  await page.click('nav a[href="/audit"]');
  await expect(page.locator(rows)).toHaveCount(1);
  await page.fill("#audit-camera", camera.id);
  await page.click('button:has-text("查询")');
  await expect(page).toHaveURL(new RegExp(`camera=${camera.id}`));
  await expect(page.locator(rows).first()).toContainText(camera.name);
  await page.click("[data-test=older]");
  await expect(page.locator(rows)).toHaveCount(2);
  const numbers = (await page.locator(`${rows} td:first-child`).allTextContents()).map(Number);
  expect(numbers).toEqual([...numbers].sort((a, b) => b - a));
  expect(new Set(numbers).size).toBe(2);
  expect(new Set(asked)).toEqual(new Set(["100"]));

  await page.fill("#audit-camera", ""); // of this one a viewing may have begun under another camera
  await page.selectOption("#audit-kind", "viewing.open");
  await expect(page).toHaveURL(/kind=viewing\.open/);
  await expect(page.locator(`${rows} .kind`)).toHaveText(["调阅开始"]);
  await page.click('button:has-text("English")');
  await expect(page.locator(`${rows} .kind`).first()).toHaveText("viewing begins");
  await page.goBack();
  await expect(page.locator(rows)).toHaveCount(1);
  await page.click('button:has-text("中文")');
  await page.click('button:has-text("清除条件")');
  await expect(page).toHaveURL(`${facts.url}/audit`);
  await expect(page.locator("#audit-camera")).toHaveValue("");
});

test("what the register does not have is said, and what to fill in instead", async ({ page }) => {
  await page.goto(`${facts.url}/audit?who=nobody.9`);
  await expect(page.locator("main .blank")).toContainText("没有符合条件的登记");
  await page.fill("#audit-camera", "nobody");
  await page.click('button:has-text("查询")');
  await expect(page.locator("main [role=alert]")).toContainText("没有摄像头“nobody”");
});
