import { ground, searchOf } from "./mapview";
import { expect, test } from "./site";
import { accessible } from "./sound";

test.use({ site: ground.url });

const [one, two, three, beside] = ground.cameras as [Camera, Camera, Camera, Camera];
type Camera = { id: string; name: string };

test.beforeEach(async ({ page }) => {
  await page.goto(searchOf({ near: ground.spot.join(","), radius_m: 200, place: "路口" }));
  await expect(page.locator("[data-test=count]")).toContainText("4");
  await page.waitForTimeout(700); // the map comes to rest on the spot
});

test("cameras on one spot fan out on a click, and each can be picked", async ({ page }) => {
  const map = page.locator(".camera-map");
  const fan = page.locator(".map-fan button");
  await map.click();
  await expect(fan).toHaveCount(3);
  expect((await fan.locator(".name").allTextContents()).sort()).toEqual([one.name, two.name, three.name]);
  // Each has the number of its line in the list.
  for (const { id } of [one, two, three]) {
    const line = await page.locator(`tr[data-camera="${id}"] td.nums`).first().textContent();
    await expect(page.locator(`.map-fan button[data-camera="${id}"] .rank`)).toHaveText(`#${line}`);
  }
  await expect(fan.first()).toBeFocused();
  await accessible(page);
  await fan.filter({ hasText: two.name }).click();
  await expect(page.locator(`.tile[data-camera="${two.id}"]`)).toBeVisible();
  await expect(fan).toHaveCount(0);
  await expect(map).toBeFocused();
  // Again: its number is in the fan. With Shift the fan stays for the next.
  await map.click();
  await fan.filter({ hasText: three.name }).click({ modifiers: ["Shift"] });
  await expect(page.locator(`.tile[data-camera="${three.id}"]`)).toBeVisible();
  await expect(fan).toHaveCount(3);
});

test("a fan closes by a click elsewhere, which is no pick, and by Escape", async ({ page }) => {
  const map = page.locator(".camera-map");
  const fan = page.locator(".map-fan button");
  const box = (await map.boundingBox())!;
  const spot = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  await expect.poll(() => new URL(page.url()).searchParams.has("from")).toBe(true); // the address has followed
  const before = page.url();
  await page.mouse.click(spot.x, spot.y);
  await expect(fan).toHaveCount(3);
  await page.waitForTimeout(400); // two clicks in a row zoom
  await page.mouse.click(box.x + 60, box.y + box.height - 60);
  await expect(fan).toHaveCount(0);
  await page.waitForTimeout(400);
  await page.mouse.click(spot.x, spot.y);
  await expect(fan).toHaveCount(3);
  await page.keyboard.press("Escape");
  await expect(fan).toHaveCount(0);
  await page.waitForTimeout(400);
  await page.mouse.click(spot.x, spot.y);
  await expect(fan).toHaveCount(3);
  await page.locator("[data-test=count]").click(); // outside of the map
  await expect(fan).toHaveCount(0);
  await page.waitForTimeout(1200);
  expect(page.url()).toBe(before);
});

test("a fan by keyboard", async ({ page }) => {
  const fan = page.locator(".map-fan button");
  await page.locator(".camera-map").focus();
  await page.keyboard.press("Enter");
  await expect(fan.first()).toBeFocused();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  await expect(fan.nth(2)).toBeFocused();
  await page.keyboard.press("ArrowUp");
  const second = await fan.nth(1).getAttribute("data-camera");
  await page.keyboard.press("Enter");
  await expect(page.locator(`.tile[data-camera="${second}"]`)).toBeVisible();
  await expect(page.locator(".camera-map")).toBeFocused();
  await page.keyboard.press("Enter");
  await page.keyboard.press("Escape");
  await expect(fan).toHaveCount(0);
  await expect(page.locator(".camera-map")).toBeFocused();
});

test("a camera that stands alone is picked at once", async ({ page }) => {
  await page.locator(`tr[data-camera="${beside.id}"] button.small`).first().click();
  await expect(page.locator(`.tile[data-camera="${beside.id}"]`)).toBeVisible();
  await expect(page.locator(".map-fan button")).toHaveCount(0);
});
