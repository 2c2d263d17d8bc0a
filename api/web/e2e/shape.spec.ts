import type { Page } from "@playwright/test";
import { beside, fitted, ground, searchOf } from "./mapview";
import { expect, test } from "./site";

test.use({ site: ground.url });

/** A square around the three cameras; the fourth stands east of it. */
const square = [beside(-4e-4, -4e-4), beside(4e-4, -4e-4), beside(4e-4, 4e-4), beside(-4e-4, 4e-4)];
const url = searchOf({ polygon: square.map((p) => p.join(",")).join(" "), place: "手绘范围" });

const corners = (page: Page) => (new URL(page.url()).searchParams.get("polygon") ?? "").split(" ").map((p) => p.split(",").map(Number));
const count = (page: Page) => page.locator("[data-test=count]");
const handles = (page: Page) => page.locator(".map-handle");

async function drag(page: Page, from: { x: number; y: number }, to: { x: number; y: number }) {
  await page.mouse.move(from.x, from.y);
  await page.mouse.down();
  await page.mouse.move((from.x + to.x) / 2, (from.y + to.y) / 2);
  await page.mouse.move(to.x, to.y);
  await page.mouse.up();
}

async function opened(page: Page) {
  await page.goto(url);
  await expect(count(page)).toContainText("3");
  await page.waitForTimeout(700); // the map comes to rest
  return fitted(page, square);
}

test("a polygon is changed by the mouse: a corner, an edge, one less; the search and the address follow", async ({ page }) => {
  const at = await opened(page);
  // The corner in the north-east goes inwards, and the three are out of it.
  await drag(page, at(square[2]!), at(beside(-2e-4, -2e-4)));
  await expect(page.getByText("这里没有摄像头")).toBeVisible();
  await expect.poll(() => corners(page)[2]![0]).toBeCloseTo(beside(-2e-4, 0)[0], 5);
  await drag(page, at(beside(-2e-4, -2e-4)), at(square[2]!));
  await expect(count(page)).toContainText("3");
  // A corner out of the eastern edge.
  await drag(page, at(beside(4e-4, 1e-4)), at(beside(4.6e-4, 0)));
  await expect.poll(() => corners(page).length).toBe(5);
  await expect.poll(() => corners(page)[2]![0]).toBeCloseTo(beside(4.6e-4, 0)[0], 5);
  await expect(count(page)).toContainText("3");
  // And away again; the map does not zoom for that.
  const p = at(beside(4.6e-4, 0));
  await page.mouse.dblclick(p.x, p.y);
  await expect.poll(() => corners(page).length).toBe(4);
  await page.reload();
  await expect(handles(page)).toHaveCount(4);
  await expect(count(page)).toContainText("3");
});

test("a polygon is changed by keys", async ({ page }) => {
  await opened(page);
  await handles(page).nth(1).focus();
  await expect(handles(page).nth(1)).toHaveAttribute("aria-label", "顶点 2，共 4 个");
  await expect(page.locator(".panel .hint")).toContainText("回车加点");
  for (let i = 0; i < 3; i++) await page.keyboard.press("ArrowRight");
  await expect(page.locator(".panel .hint")).toContainText("回车加点");
  await page.keyboard.press("Shift+ArrowUp");
  // The address follows the keys a little later: each is waited for.
  await expect.poll(() => corners(page)[1]![0]).toBeGreaterThan(square[1]![0]);
  await expect.poll(() => corners(page)[1]![1]).toBeGreaterThan(square[1]![1]);
  await page.keyboard.press("Enter");
  await expect(handles(page)).toHaveCount(5);
  await expect(handles(page).nth(2)).toBeFocused();
  // It stands east of the edge: to the fourth camera it is not far.
  for (let i = 0; i < 16; i++) await page.keyboard.press("ArrowRight");
  await expect(count(page)).toContainText("4");
  await page.keyboard.press("Delete");
  await expect(handles(page)).toHaveCount(4);
  await expect(count(page)).toContainText("3");
  await expect.poll(() => corners(page).length).toBe(4);
});

test("a circle is moved and resized, by the mouse and by keys", async ({ page }) => {
  const query = () => new URL(page.url()).searchParams;
  await page.goto(searchOf({ near: ground.spot.join(","), radius_m: 40, place: "路口" }));
  await expect(count(page)).toContainText("3");
  await page.waitForTimeout(700);
  const at = await fitted(page, [ground.spot]);
  const middle = at(ground.spot);
  const reach = (40 / 111_195) * (middle.y - at(beside(0, 1)).y); // 40 m in pixels
  await drag(page, { x: middle.x + reach, y: middle.y }, { x: middle.x + reach / 2, y: middle.y });
  await expect.poll(() => Math.abs(Number(query().get("radius_m")) - 20)).toBeLessThanOrEqual(2);
  await drag(page, middle, { x: middle.x, y: middle.y - 2 * reach });
  await expect.poll(() => Number(query().get("near")!.split(",")[1])).toBeGreaterThan(ground.spot[1] + 2e-4);
  await expect(page.getByText("这里没有摄像头")).toBeVisible();
  await handles(page).nth(1).focus();
  for (let i = 0; i < 14; i++) await page.keyboard.press("ArrowRight");
  await expect(count(page)).toBeVisible();
  await expect.poll(() => Number(query().get("radius_m"))).toBeGreaterThan(40);
  await handles(page).nth(0).focus();
  const before = Number(query().get("near")!.split(",")[1]);
  await page.keyboard.press("ArrowDown");
  await expect.poll(() => Number(query().get("near")!.split(",")[1])).toBeLessThan(before);
});

test("Escape gives a drag up", async ({ page }) => {
  const at = await opened(page);
  const [from, to] = [at(square[2]!), at(beside(-2e-4, -2e-4))];
  await page.mouse.move(from.x, from.y);
  await page.mouse.down();
  await page.mouse.move(to.x, to.y, { steps: 3 });
  await page.keyboard.press("Escape");
  await page.mouse.up();
  await page.waitForTimeout(1200); // the address would have followed
  expect(corners(page)).toEqual(square);
  await expect(count(page)).toContainText("3");
});

test.describe("on a phone", () => {
  test.use({ viewport: { width: 390, height: 844 }, hasTouch: true });
  test("a polygon is changed by a finger", async ({ page }) => {
    await opened(page);
    await page.locator(".camera-map").scrollIntoViewIfNeeded();
    const at = await fitted(page, square);
    const touch = await page.context().newCDPSession(page);
    const finger = (type: string, p?: { x: number; y: number }) => touch.send("Input.dispatchTouchEvent", { type: type as "touchStart", touchPoints: p ? [p] : [] });
    const [from, to] = [at(square[2]!), at(beside(-2e-4, -2e-4))];
    await finger("touchStart", { x: from.x - 12, y: from.y + 8 }); // a finger is no needle
    for (let i = 1; i <= 5; i++) await finger("touchMove", { x: from.x + ((to.x - from.x) * i) / 5, y: from.y + ((to.y - from.y) * i) / 5 });
    await finger("touchEnd");
    await expect(page.getByText("这里没有摄像头")).toBeVisible();
    await expect.poll(() => corners(page)[2]![0]).toBeCloseTo(beside(-2e-4, 0)[0], 5);
  });
});
