import { expect, facts, Hand, playing, shot, test, wall } from "./site";
import { inked } from "./mapview";
import type { Page } from "@playwright/test";

const { past } = facts;
const held = (page: Page) => Object.fromEntries(["map", "line", "marks"].map((k) => [k, new URL(page.url()).searchParams.get(k)]));
const none = { map: null, line: null, marks: null };
const settled = (page: Page) => page.waitForTimeout(1500); // the address is written once in a while
const canvas = (page: Page) => page.locator(".line canvas[role=slider]");

/** unlike counts the places of two maps that differ; some letters are drawn a hair's breadth elsewhere each time. */
const unlike = (a: string[], b: string[]) => a.filter((x, i) => x !== b[i]).length;

/** drag pulls what lies in the middle of something. */
async function drag(page: Page, selector: string, dx: number, dy: number) {
  const box = (await page.locator(selector).boundingBox())!;
  const [x, y] = [box.x + box.width / 2, box.y + box.height * 0.7];
  await page.mouse.move(x, y);
  await page.mouse.down();
  await page.mouse.move(x + dx / 2, y + dy / 2, { steps: 4 });
  await page.mouse.move(x + dx, y + dy, { steps: 4 });
  await page.waitForTimeout(200); // no flick
  await page.mouse.up();
}
async function wheel(page: Page, selector: string, by: number) {
  const box = (await page.locator(selector).boundingBox())!;
  await page.mouse.move(box.x + box.width / 2, box.y + box.height * 0.7);
  await page.mouse.wheel(0, by);
}

test("where map and timeline were moved to, and the marks, are there again after a reload, and in no history", async ({ page }) => {
  await page.goto(facts.url);
  const hand = new Hand(page);
  await hand.place("xnhc", "下纳灰村");
  await hand.time("from", wall(past.from));
  await hand.time("to", wall(past.to));
  await hand.click("[data-test=go]");
  await playing(page, 4);
  await page.click("[data-test=play]");
  await settled(page);
  expect(held(page)).toEqual(none); // the map was only fitted
  const fitted = await inked(page);
  const steps = await page.evaluate(() => history.length);
  await drag(page, ".camera-map", 60, -40);
  await wheel(page, ".camera-map", -300);
  for (let i = 0; i < 3; i++) await wheel(page, ".line", -240);
  await page.keyboard.press("i");
  await page.keyboard.press("l");
  await page.keyboard.press("o");
  await settled(page);
  const want = held(page);
  expect(want.map).toMatch(/^104\.\d+,25\.\d+,\d+(\.\d+)?$/);
  expect(want.line).toMatch(/^\d{13}-\d{13}$/);
  expect(want.marks).toMatch(/^\d{13}-\d{13}$/);
  const [from, to] = want.line!.split("-").map(Number) as [number, number];
  expect(to - from).toBeLessThan((past.to - past.from) / 2);
  expect(await page.evaluate(() => history.length)).toBe(steps);
  const moved = await inked(page);
  expect(unlike(moved, fitted)).toBeGreaterThan(20);
  const marked = await page.locator(".bar").innerText();
  await shot(page, "address-before");
  await page.reload();
  await playing(page, 4);
  await settled(page);
  await page.mouse.move(0, 0);
  expect(held(page)).toEqual(want);
  expect(unlike(await inked(page), moved)).toBeLessThan(6);
  expect(await page.locator(".bar").innerText()).toBe(marked);
  await shot(page, "address-after");
  // The whole again, and another search: both are as they come by themselves.
  await page.click('.under button:has-text("整个时段")');
  await page.click('.bar button[aria-label="清除标记"]');
  await page.fill("#from", wall(past.from + 60_000));
  await page.click("[data-test=go]");
  await expect.poll(() => held(page)).toEqual(none);
});

test("an address with nonsense in it shows the search all the same", async ({ page }) => {
  const q = new URLSearchParams({ near: past.point.join(","), from: new Date(past.from).toISOString(), to: new Date(past.to).toISOString(), map: "1,2", line: "5-4", marks: "soon" });
  await page.goto(`${facts.url}/?${q}`);
  await playing(page, 4);
  await expect(page.getByRole("alert")).toHaveCount(0);
  await expect.poll(() => held(page)).toEqual(none);
  await expect(canvas(page)).toBeVisible();
});

test("a route's map, timeline and marks are there again after a reload", async ({ page }) => {
  const at = past.from + 5_000_000;
  await page.goto(`${facts.url}/trace?camera=${past.cameras[0]!.id}&at=${new Date(at).toISOString()}`);
  await playing(page, 5);
  await page.click("[data-test=play]");
  await settled(page);
  expect(held(page)).toEqual(none);
  await drag(page, ".camera-map", 60, -40);
  for (let i = 0; i < 3; i++) await wheel(page, ".line", -240);
  await page.keyboard.press("i");
  await settled(page);
  const want = held(page);
  expect(Object.values(want).every(Boolean), JSON.stringify(want)).toBe(true);
  const moved = await inked(page);
  await shot(page, "address-trace-before");
  await page.reload();
  await playing(page, 5);
  await settled(page);
  await shot(page, "address-trace-after");
  expect(held(page)).toEqual(want);
  expect(unlike(await inked(page), moved)).toBeLessThan(6);
});
