import { expect, facts, shot, still, test } from "./site";
import { sound } from "./sound";

// The list of all cameras.

const { past, live } = facts;
const list = (query = "") => `${facts.url}/cameras${query}`;
const rows = "main tbody tr";

test("the list names every camera, how it fares, and leads to its page", async ({ page }) => {
  await page.goto(facts.url);
  await page.click('nav a:has-text("摄像头")');
  await expect(page).toHaveURL(list());
  await expect(page.locator('nav a[aria-current="page"]')).toHaveText("摄像头");
  await expect(page.locator(rows).first()).toBeVisible();
  const row = page.locator(`tr[data-camera="${live[0]!.id}"]`);
  await expect(row.locator("th")).toContainText(live[0]!.name);
  await expect(row).toContainText("录像中");
  await expect(row).toContainText(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/);
  await expect(page.locator("[data-test=count]")).toContainText(/^\d+ 个摄像头，\d+ 个在录像$/);
  await row.locator("th a").click();
  await expect(page).toHaveURL(new RegExp(`/camera/${live[0]!.id}`));
  await expect(page.locator('nav a[aria-current="page"]')).toHaveText("摄像头");
});

test("name, division and state narrow the list down; the address holds them", async ({ page }) => {
  await page.goto(list());
  const all = await page.locator(rows).count().then(async (n) => n || (await page.waitForSelector(rows), page.locator(rows).count()));
  await page.fill("#cameras-q", past.cameras[0]!.name);
  await page.keyboard.press("Enter");
  await expect(page.locator(rows)).toHaveCount(1);
  await expect(page).toHaveURL(/\?q=/);
  await page.reload();
  await expect(page.locator(rows)).toHaveCount(1);
  await page.selectOption("#cameras-state", "removed");
  await expect(page.locator("[data-test=none]")).toContainText("没有符合条件的摄像头");
  await page.click("[data-test=clear]");
  await expect(page.locator(rows)).toHaveCount(all);
  await page.goBack();
  await expect(page.locator("[data-test=none]")).toBeVisible();
  await page.click("[data-test=none] button");
  // A village, by its name: the cameras that stand there.
  await page.fill("#place", "下纳灰村");
  await page.locator("[role=option]", { hasText: "下纳灰村" }).first().click();
  await expect(page).toHaveURL(/in=5223\d{8}&/);
  await expect(page.locator(rows)).toHaveCount(past.cameras.length);
  await page.fill("#place", "");
  await page.click("[data-test=show]");
  await expect(page.locator(rows)).toHaveCount(all);
});

test("a long list comes page by page", async ({ page }) => {
  const asked: string[] = [];
  await page.route("**/api/v1/cameras?*", async (r) => {
    const u = new URL(r.request().url());
    asked.push(u.searchParams.get("limit")!);
    u.searchParams.set("limit", "2"); // as if a page were that short
    await r.fulfill({ response: await r.fetch({ url: u.href }) });
  });
  await page.goto(list());
  const names = () => page.locator(`${rows} th`).allTextContents();
  await expect(page.locator(rows)).toHaveCount(2);
  const first = await names();
  await page.click("[data-test=next]");
  await expect(page).toHaveURL(/after=/);
  await expect.poll(async () => (await names())[0]).not.toBe(first[0]);
  expect((await names()).some((n) => first.includes(n))).toBe(false);
  await page.click('a:has-text("回到开头")');
  await expect.poll(names).toEqual(first);
  expect(new Set(asked)).toEqual(new Set(["100"]));
});

test("what went wrong is said, and the list comes by itself once asked again", async ({ page }) => {
  await page.route("**/api/v1/cameras?*", (r) => r.fulfill({ status: 503, json: { status: 503, code: "database", title: "x", detail: "the database is away", next: "wait" } }));
  await page.goto(list());
  await expect(page.locator("main [role=alert]")).toBeVisible();
  await page.unroute("**/api/v1/cameras?*");
  await page.click('main [role=alert] button:has-text("重试")');
  await expect(page.locator(rows).first()).toBeVisible();
});

test("a list that cannot be kept fresh stays, and says why and how old it is", async ({ page }) => {
  await page.goto(list());
  await expect(page.locator(rows).first()).toBeVisible();
  const refused = { status: 503, code: "too_slow", title: "x", detail: "the answer took too long", next: "ask again" };
  await page.route("**/api/v1/cameras?*", (r) => r.fulfill({ status: 503, contentType: "application/problem+json", json: refused }));
  const stale = page.locator("[data-test=stale]");
  await expect(stale).toContainText(/状态没有更新：下面是 \d{4}-\d\d-\d\d \d\d:\d\d:\d\d 的状态（.* 前）/, { timeout: 15_000 });
  await expect(page.locator("main [role=alert]")).toContainText("服务器用时太久");
  await expect(page.locator(rows).first()).toBeVisible();
  await shot(page, "cameras-stale");
  await page.unroute("**/api/v1/cameras?*");
  await page.click('main [role=alert] button:has-text("重试")');
  await expect(stale).toHaveCount(0);
  await expect(page.locator(rows).first()).toBeVisible();
});

for (const [size, width, height] of [["desktop", 1440, 900], ["phone", 390, 844], ["wall", 3840, 2160]] as const) {
  test(`the list is sound and looks as it did: ${size}`, async ({ page }) => {
    await page.setViewportSize({ width, height });
    await page.goto(list(`?q=${encodeURIComponent("下纳灰村")}`));
    await expect(page.locator(rows)).toHaveCount(past.cameras.length);
    await sound(page);
    await still(page, "td.nums", ".state", "td.cause");
    await expect(page).toHaveScreenshot(`cameras-${size}.png`);
  });
}
