import type { Page } from "@playwright/test";
import { around, expect, facts, playing, test } from "./site";
import { sound } from "./sound";

// Every page, on a desk and on a phone, and what it may be like besides. (The list of cameras: cameras.spec.ts; cases: accounts.)

const { past } = facts;
const camera = past.cameras[0]!.id;
const day = around(past.from, past.to);

/** paused is a page whose tiles stand. */
async function paused(page: Page, n: number) {
  await playing(page, n);
  await page.keyboard.press("k");
}
const shows = (kind: string, n: number) => (page: Page) => expect(page.locator(`.tile[data-kind=${kind}]`)).toHaveCount(n);

interface Sight { name: string; url: string; tiles?: number; then?: (page: Page) => Promise<unknown> }
const pages: Sight[] = [
  { name: "search, empty", url: facts.url, then: (p) => p.waitForSelector("[data-test=village]") },
  { name: "search, with footage", url: day, tiles: 4 },
  { name: "tracing, where to begin", url: `${facts.url}/trace`, then: (p) => p.waitForSelector("#trace-at") },
  { name: "tracing", url: `${facts.url}/trace?camera=${camera}&at=${new Date(past.from + 5_000_000).toISOString()}`, tiles: 5 },
  { name: "camera", url: `${facts.url}/camera/${camera}`, then: (p) => p.waitForSelector(".calendar .square") },
  { name: "downloads, with a mark", url: day, tiles: 4, then: async (p) => {
    for (const key of ["i", "l", "o", "e"]) await p.keyboard.press(key);
    await p.click('nav a:has-text("下载")');
    await expect(p.locator("[data-phase]")).toHaveCount(4);
  } },
  { name: "audit", url: `${facts.url}/audit`, then: (p) => p.waitForSelector("main tbody tr, main .blank button") },
  { name: "settings", url: `${facts.url}/settings` },
  { name: "a lost page", url: `${facts.url}/nosuch` },
];
const states: Sight[] = [
  { name: "search, in English", url: day, tiles: 4, then: (p) => p.click('button:has-text("English")') },
  { name: "search, in a gap", url: around(past.from, past.to, { at: new Date(past.gap[0] + 60_000).toISOString() }), then: shows("gap", 1) },
  { name: "search, live of cameras that are away", url: around(past.from, past.to, { live: 1 }), then: shows("away", 4) },
  { name: "search, refused by the server", url: "about:blank", then: async (p) => {
    await p.route("**/play.mp4*", (r) => r.fulfill({ status: 500, contentType: "application/problem+json", json: { status: 500, code: "internal", title: "x", detail: "the disk is away", next: "wait" } }));
    await p.goto(day);
    await shows("failed", 4)(p);
  } },
  { name: "camera, live", url: `${facts.url}/camera/${facts.live[0]!.id}?live=1`, then: (p) => playing(p, 1) },
  { name: "the keys", url: day, tiles: 4, then: (p) => p.keyboard.press("?") },
  { name: "a picture a minute", url: day, tiles: 4, then: (p) => p.keyboard.press("t") },
  { name: "downloads, empty", url: `${facts.url}/downloads` },
  { name: "cases, without accounts", url: `${facts.url}/cases` },
];

async function stands(page: Page, { url, tiles, then }: Sight) {
  await page.goto(url);
  if (tiles) await paused(page, tiles);
  await then?.(page);
  await page.waitForSelector("main :is(h1, h2, input, button, strong)");
}

for (const sight of pages) {
  test(`axe finds nothing serious at 1440 and 390 px, and nothing lies beyond the edge: ${sight.name}`, async ({ page }) => {
    await stands(page, sight);
    for (const [width, height] of [[1440, 900], [390, 844]] as const) {
      await page.setViewportSize({ width, height });
      await sound(page, `${width} px`);
    }
  });
}
for (const sight of states) {
  test(`axe finds nothing serious: ${sight.name}`, async ({ page }) => {
    await stands(page, sight);
    await sound(page);
  });
}
