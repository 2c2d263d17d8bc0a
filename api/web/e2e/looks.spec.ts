import type { Page } from "@playwright/test";
import { register, verified } from "./answers";
import { around, expect, facts, playing, still, test } from "./site";

const { past } = facts;
const at = new Date(past.from + 4_000_000).toISOString();

/** sized looks at a page that stands still, in a window of another size. */
async function sized(page: Page, name: string, width: number, height: number) {
  await page.setViewportSize({ width, height });
  await page.waitForTimeout(800);
  await expect(page).toHaveScreenshot(`${name}.png`);
  await page.setViewportSize({ width: 1440, height: 900 });
}
/** wallOf looks at it on a wall of screens, phoneOf on a phone. */
const wallOf = (page: Page, name: string) => sized(page, `${name}-wall`, 3840, 2160);
const phoneOf = (page: Page, name: string) => sized(page, `${name}-phone`, 390, 844);

for (const [size, width, height] of [["desktop", 1440, 900], ["phone", 390, 844], ["wall", 3840, 2160]] as const) {
  test(`search looks as it did: ${size}`, async ({ page }) => {
    await page.setViewportSize({ width, height });
    await page.goto(around(past.from, past.to, { at }));
    await playing(page, 4);
    await still(page);
    await expect(page).toHaveScreenshot(`search-${size}.png`, { fullPage: size === "phone" });
  });
}

test("the first sight looks as it did", async ({ page }) => {
  await page.goto(facts.url);
  await page.waitForSelector("[data-test=village]");
  await still(page, "#from", "#to", ".line");
  await expect(page).toHaveScreenshot("first.png");
});

for (const [name, width, height] of [["trace", 1440, 900], ["trace-phone", 390, 844], ["trace-wall", 3840, 2160]] as const) {
  test(`tracing looks as it did: ${name}`, async ({ page }) => {
    await page.setViewportSize({ width, height });
    await page.goto(`${facts.url}/trace?camera=${past.cameras[0]!.id}&at=${at}`);
    await playing(page, 5);
    await page.click("[data-test=play]");
    await still(page, "[data-test=clock]", ".line", ".hops", ".badge", "ol", "#trace-now");
    await expect(page).toHaveScreenshot(`${name}.png`);
  });
}

test("the register looks as it did, with its filter, its entries and its verdict", async ({ page }) => {
  await page.route("**/api/v1/register?*", (r) => r.fulfill({ json: register }));
  await page.route("**/api/v1/register/verify?*", (r) => r.fulfill({ json: verified }));
  await page.goto(`${facts.url}/audit?camera=none`);
  await expect(page.locator("tbody tr")).toHaveCount(register.items!.length);
  await expect(page.locator("tbody")).toContainText(past.cameras[2]!.name);
  await page.click("[data-test=verify]");
  await expect(page.locator("[data-test=verified]")).toContainText("登记完好");
  await still(page);
  await expect(page).toHaveScreenshot("audit.png");
  await wallOf(page, "audit");
  await phoneOf(page, "audit");
});

test("a page that there is not looks as it did", async ({ page }) => {
  await page.goto(`${facts.url}/nosuch`);
  await expect(page.getByText("没有这一页")).toBeVisible();
  await still(page);
  await expect(page).toHaveScreenshot("lost.png");
  await phoneOf(page, "lost");
});

test("downloads and settings look as they did", async ({ page }) => {
  await page.goto(facts.url);
  await page.evaluate(([a, b, from]) => {
    const x = { from, to: from + 600_000, case: "" };
    localStorage.setItem("qianshao.basket", JSON.stringify([{ ...x, camera: a!.id, name: a!.name }, { ...x, camera: b!.id, name: b!.name }]));
  }, [past.cameras[0]!, past.cameras[1]!, past.gap[0] - 300_000] as const);
  await page.goto(`${facts.url}/downloads`);
  await expect(page.getByText("有缺失 1 处")).toHaveCount(1);
  await still(page);
  await expect(page).toHaveScreenshot("downloads.png");
  await wallOf(page, "downloads");
  await phoneOf(page, "downloads");
  await page.goto(`${facts.url}/settings`);
  await page.waitForSelector("table");
  await still(page, ".nums");
  await expect(page).toHaveScreenshot("settings.png");
  await wallOf(page, "settings");
});

test("a camera's page looks as it did", async ({ page }) => {
  await page.goto(`${facts.url}/camera/${past.cameras[1]!.id}?at=${at}`);
  await playing(page, 1);
  await page.waitForSelector(".calendar .square");
  await still(page, "[data-test=clock]", ".nums", ".calendar", "[data-test=state]");
  await expect(page).toHaveScreenshot("camera.png");
  await wallOf(page, "camera");
  await phoneOf(page, "camera");
});

test("English looks as it did", async ({ page }) => {
  await page.goto(around(past.from, past.to, { at }));
  await playing(page, 4);
  await page.click('button:has-text("English")');
  await still(page);
  await expect(page).toHaveScreenshot("search-english.png");
});

test("a phone shows the other pages as it did", async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto(facts.url);
  await page.waitForSelector("[data-test=village]");
  await still(page, "#from", "#to", ".line");
  await expect(page).toHaveScreenshot("first-phone.png");
  await page.goto(`${facts.url}/settings`);
  await page.waitForSelector("table");
  await still(page, ".nums");
  await expect(page).toHaveScreenshot("settings-phone.png");
});
