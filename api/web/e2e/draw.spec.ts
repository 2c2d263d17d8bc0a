import type { Page } from "@playwright/test";
import { ground } from "./mapview";
import { expect, test } from "./site";

test.use({ site: ground.url });

/** Pixel is a place, seen from the middle of the map. */
type Pixel = { x: number; y: number };
const at = (x: number, y: number): Pixel => ({ x, y });

const asked = (page: Page, name: string) => new URL(page.url()).searchParams.get(name);
const count = (page: Page) => page.locator("[data-test=count]");
const handles = (page: Page) => page.locator(".map-handle");
const tool = (page: Page, name: string) => page.locator(".tools button", { hasText: name });

/** middle is the middle of the map. What lies around it stays when the map gets larger or smaller. */
async function middle(page: Page): Promise<Pixel> {
  const box = (await page.locator(".camera-map").boundingBox())!;
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
}

/** started is the first page with its map at rest on all cameras: three left of the middle, the fourth right of it. */
async function started(page: Page) {
  await page.goto(ground.url);
  const scale = page.locator(".ol-scale-line-inner");
  await expect(scale).toHaveText(/^\d+ m$/);
  let before = "";
  await expect.poll(async () => {
    const now = `${await scale.textContent()} ${await scale.evaluate((e) => e.style.width)}`;
    const rests = now === before;
    before = now;
    return rests;
  }, { intervals: [400] }).toBe(true);
}

async function move(page: Page, p: Pixel) {
  const m = await middle(page);
  await page.mouse.move(m.x + p.x, m.y + p.y);
}

async function click(page: Page, p: Pixel, clickCount = 1) {
  const m = await middle(page);
  await page.mouse.click(m.x + p.x, m.y + p.y, { clickCount });
}

/** parts are where the parts of the shape are on screen. */
async function parts(page: Page): Promise<Pixel[]> {
  const m = await middle(page);
  const boxes = await handles(page).evaluateAll((all) => all.map((e) => e.getBoundingClientRect().toJSON()));
  return boxes.map((r) => ({ x: r.x + r.width / 2 - m.x, y: r.y + r.height / 2 - m.y }));
}

/** stands waits until the parts of a shape are where they were drawn. */
async function stands(page: Page, want: Pixel[]) {
  await expect.poll(async () => {
    const have = await parts(page);
    return have.length === want.length && have.every((p, i) => Math.hypot(p.x - want[i]!.x, p.y - want[i]!.y) < 3);
  }).toBe(true);
}

/** cameraAt is where a camera, so many degrees east of the spot, is on screen: by a circle that was drawn and what the address has of it. */
async function cameraAt(page: Page, east: number): Promise<Pixel> {
  const [centre, rim] = (await parts(page)) as [Pixel, Pixel];
  const [lon, lat] = asked(page, "near")!.split(",").map(Number) as [number, number];
  const degree = (111_195 * (rim.x - centre.x)) / Number(asked(page, "radius_m")); // in pixels
  return { x: centre.x + (ground.spot[0] + east - lon) * Math.cos((lat * Math.PI) / 180) * degree, y: centre.y - (ground.spot[1] - lat) * degree };
}

test("a circle is drawn by the mouse: by a drag, and by two clicks", async ({ page }) => {
  await started(page);
  const [centre, edge] = [at(0, 20), at(100, 20)];
  await tool(page, "画圆").click();
  await expect(page.locator(".panel .hint")).toContainText("按住圆心");
  await move(page, centre);
  await page.mouse.down();
  await move(page, at(50, 20));
  await move(page, edge);
  await page.mouse.up();
  await expect(count(page)).toContainText("4");
  await stands(page, [centre, edge]);
  await expect(page.locator("#place")).toHaveValue("手绘范围");
  await expect.poll(() => Number(asked(page, "radius_m"))).toBeGreaterThan(60);
  const wide = Number(asked(page, "radius_m"));
  await expect.poll(() => Math.abs(Number(asked(page, "near")!.split(",")[0]) - ground.spot[0])).toBeLessThan(6e-4);
  // Around the fourth alone, a quarter as wide.
  const fourth = await cameraAt(page, 6e-4);
  await tool(page, "画圆").click();
  await click(page, fourth);
  await move(page, at(fourth.x + 12, fourth.y));
  await click(page, at(fourth.x + 25, fourth.y));
  await expect(count(page)).toContainText("1");
  await expect(page.locator("tr[data-camera]")).toHaveAttribute("data-camera", ground.cameras[3]!.id);
  await expect.poll(() => Math.abs(Number(asked(page, "radius_m")) / wide - 0.25)).toBeLessThan(0.02);
});

test("a polygon is drawn by the mouse: to its first corner, by a double click, with a corner taken back", async ({ page }) => {
  await started(page);
  const corners = () => asked(page, "polygon")?.split(" ").length ?? 0;
  const west = [at(-120, 100), at(0, 100), at(0, -60), at(-120, -60)];
  await tool(page, "画多边形").click();
  await expect(page.locator(".panel .hint")).toContainText("双击结束");
  for (const p of [...west, west[0]!]) await click(page, p);
  await expect(count(page)).toContainText("3");
  await stands(page, west);
  await expect.poll(corners).toBe(4);
  await expect(page.locator("#place")).toHaveValue("手绘范围");
  // What is begun and given up leaves what stood.
  await tool(page, "画多边形").click();
  await click(page, at(60, 60));
  await expect(handles(page)).toHaveCount(0);
  await page.keyboard.press("Escape");
  await stands(page, west);
  await expect(count(page)).toContainText("3");
  // Around the fourth: one corner is a mistake.
  const east = [at(0, 100), at(120, 100), at(20, -60)];
  await tool(page, "画多边形").click();
  await click(page, east[0]!);
  await click(page, at(-150, 120));
  await page.keyboard.press("Backspace");
  await click(page, east[1]!);
  await click(page, east[2]!, 2);
  await expect(count(page)).toContainText("1");
  await stands(page, east);
  await expect.poll(corners).toBe(3);
  await page.reload();
  await expect(count(page)).toContainText("1");
  await expect(handles(page)).toHaveCount(3);
});

test("a circle and a polygon are put on the map by keys alone, and changed from there", async ({ page }) => {
  await started(page);
  const hint = page.locator(".panel .hint");
  await tool(page, "画多边形").focus();
  await page.keyboard.press("Enter");
  await expect(count(page)).toContainText("4");
  await expect(handles(page)).toHaveCount(4);
  await expect(handles(page).nth(0)).toBeFocused();
  await expect(hint).toContainText("方向键移动");
  await expect.poll(() => asked(page, "polygon")?.split(" ").length).toBe(4);
  const [lon] = asked(page, "polygon")!.split(",").map(Number) as [number];
  await page.keyboard.press("ArrowLeft");
  await expect.poll(() => Number(asked(page, "polygon")!.split(",")[0])).toBeLessThan(lon);
  await page.keyboard.press("Delete");
  await expect.poll(() => asked(page, "polygon")?.split(" ").length).toBe(3);

  await tool(page, "画圆").focus();
  await page.keyboard.press("Space");
  await expect(count(page)).toContainText("4");
  await expect(handles(page)).toHaveCount(2);
  await expect(handles(page).nth(0)).toBeFocused();
  await page.keyboard.press("Tab");
  await expect(handles(page).nth(1)).toBeFocused();
  await expect(hint).toContainText("方向键改变半径");
  await expect.poll(() => Number(asked(page, "radius_m"))).toBeGreaterThan(0);
  const wide = Number(asked(page, "radius_m"));
  await page.keyboard.press("ArrowLeft");
  await expect.poll(() => Number(asked(page, "radius_m"))).toBeLessThan(wide);
});
