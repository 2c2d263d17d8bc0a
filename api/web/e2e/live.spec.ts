import type { Page } from "@playwright/test";
import { expect, facts, loudest, playing, test } from "./site";

const { lens } = facts;
test.use({ site: lens.url });

/** live is a page of cameras that are shown live at once. */
const live = (cameras: { id: string }[]) =>
  `${lens.url}/?${new URLSearchParams({
    near: lens.point.join(","), radius_m: "500", place: "路口", live: "1", layout: cameras.length > 4 ? "9" : cameras.length > 1 ? "4" : "1", tiles: cameras.map((c) => c.id).join(","),
  })}`;

/** pictures are what the tiles show at this moment, each as a few words. */
const pictures = (page: Page) =>
  page.evaluate(() =>
    [...document.querySelectorAll<HTMLVideoElement | HTMLImageElement>(".tile video, .tile img")].map((el) => {
      const c = document.createElement("canvas");
      const g = c.getContext("2d", { willReadFrequently: true })!;
      g.drawImage(el, 0, 0, c.width, c.height);
      return [...g.getImageData(0, 0, c.width, c.height).data].reduce((sum, x) => (sum * 31 + x) | 0, 0);
    }),
  );

/** moving waits until every tile has shown three pictures. */
async function moving(page: Page, n: number) {
  const seen = Array.from({ length: n }, () => new Set<number>());
  await expect.poll(async () => {
    (await pictures(page)).forEach((p, i) => seen[i]!.add(p));
    return Math.min(...seen.map((s) => s.size));
  }, { timeout: 20_000 }).toBeGreaterThanOrEqual(3);
}

test("nine live tiles over plain HTTP leave room for everything else, another tab's four too", async ({ page, context }) => {
  const plain: string[] = [];
  page.on("request", (r) => r.url().includes("/live.mp4") && plain.push(r.url()));
  await page.goto(live(lens.cameras.slice(0, 9)));
  await playing(page, 9);
  await expect(page.locator(".way", { hasText: "实时" })).toHaveCount(9);
  await moving(page, 9);
  const answered = page.waitForResponse((r) => r.url().includes("/api/v1/footage") && r.ok(), { timeout: 5000 });
  await page.click("[data-test=go]");
  await answered;
  const other = await context.newPage();
  await other.goto(live(lens.cameras.slice(0, 4)));
  await playing(other, 4);
  await moving(other, 4);
  await page.bringToFront();
  await moving(page, 9);
  expect(plain).toEqual([]);
});

for (const camera of lens.cameras.slice(7)) {
  test(`${camera.coding} shows its pictures live`, async ({ page }) => {
    await page.goto(live([camera]));
    const way = { "h265, sub": "实时 · 子码流", h265: "实时 · 逐帧图片", mjpeg: "实时 · 逐帧图片" }[camera.coding] ?? "实时";
    await expect(page.locator(".way")).toHaveText(way);
    await expect(page.locator(".tile")).toHaveAttribute("data-kind", "picture");
    await moving(page, 1);
  });
}

for (const coding of ["h264+aac", "h264+pcma"]) {
  test(`${coding} sounds live`, async ({ page }) => {
    await page.goto(live([lens.cameras.find((c) => c.coding === coding)!]));
    await playing(page, 1);
    await expect(page.locator(".way")).toHaveText("实时");
    await page.keyboard.press("m");
    expect(await loudest(page)).toBeGreaterThan(0.05);
  });
}

test("live plays where a proxy passes no sockets", async ({ page }) => {
  await page.addInitScript(() => {
    window.WebSocket = class extends EventTarget {
      constructor() {
        super();
        setTimeout(() => this.dispatchEvent(new CloseEvent("close")));
      }
    } as unknown as typeof WebSocket;
  });
  await page.goto(live(lens.cameras.slice(0, 1)));
  await playing(page, 1);
  await moving(page, 1);
});
