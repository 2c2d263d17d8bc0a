import { AxeBuilder } from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { around, expect, facts, playing, test } from "./site";

const { past } = facts;
const camera = past.cameras[0]!.id;
const day = around(past.from, past.to);

/** serious is what axe finds that keeps people out. */
async function serious(page: Page): Promise<string[]> {
  await page.waitForTimeout(500);
  const { violations } = await new AxeBuilder({ page }).analyze();
  return violations.filter((v) => v.impact === "serious" || v.impact === "critical")
    .map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(" ")).join(", ")} ${v.nodes[0]?.failureSummary}`);
}

/** still is a page whose tiles stand. */
async function still(page: Page, n: number) {
  await playing(page, n);
  await page.keyboard.press("k");
}

const pages: { name: string; url: string; tiles?: number; then?: (page: Page) => Promise<unknown> }[] = [
  { name: "search, empty", url: facts.url },
  { name: "search, with footage", url: day, tiles: 4 },
  { name: "the keys", url: day, tiles: 4, then: (p) => p.keyboard.press("?") },
  { name: "a picture a minute", url: day, tiles: 4, then: (p) => p.keyboard.press("t") },
  { name: "tracing, where to begin", url: `${facts.url}/trace` },
  { name: "tracing", url: `${facts.url}/trace?camera=${camera}&at=${new Date(past.from + 5_000_000).toISOString()}`, tiles: 5 },
  { name: "camera", url: `${facts.url}/camera/${camera}` },
  { name: "downloads, with a mark", url: day, tiles: 4, then: async (p) => {
    for (const key of ["i", "l", "o", "e"]) await p.keyboard.press(key);
    await p.click('nav a:has-text("下载")');
  } },
  { name: "audit", url: `${facts.url}/audit` },
  { name: "settings", url: `${facts.url}/settings` },
];
for (const { name, url, tiles, then } of pages) {
  test(`axe finds nothing serious: ${name}`, async ({ page }) => {
    await page.goto(url);
    await page.waitForSelector("main :is(h1, h2, input, button, strong)");
    if (tiles) await still(page, tiles);
    await then?.(page);
    expect(await serious(page)).toEqual([]);
  });
}
