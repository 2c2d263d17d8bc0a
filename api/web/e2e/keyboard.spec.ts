import type { Page } from "@playwright/test";
import { around, expect, facts, playing, test } from "./site";
import { reach, walk } from "./tab";

// Every page without a mouse, and without motion. (The search: pages.spec.ts.)

const { past } = facts;
const camera = past.cameras[0]!;

const pages: { name: string; path: string; stands: (page: Page) => Promise<unknown>; act: (page: Page) => Promise<unknown> }[] = [
  {
    name: "camera", path: `/camera/${camera.id}?at=${new Date(past.from + 600_000).toISOString()}`,
    stands: async (p) => {
      await playing(p, 1);
      await p.waitForSelector(".calendar .square");
    },
    act: async (p) => {
      const play = p.locator("[data-test=play]");
      const before = (await play.textContent())!;
      await reach(p, "[data-test=play]");
      await p.keyboard.press("Enter");
      await expect(play).not.toHaveText(before);
    },
  },
  {
    name: "cameras", path: "/cameras",
    stands: (p) => p.waitForSelector("main tbody tr"),
    act: async (p) => {
      await reach(p, "#cameras-q");
      await p.keyboard.type(camera.name);
      await p.keyboard.press("Enter");
      await expect(p.locator("main tbody tr")).toHaveCount(1);
      await reach(p, "main tbody a");
      await p.keyboard.press("Enter");
      await expect(p).toHaveURL(new RegExp(`/camera/${camera.id}`));
    },
  },
  {
    name: "downloads", path: "/downloads",
    stands: async (p) => {
      await p.evaluate(([c, from]) => localStorage.setItem("qianshao.basket", JSON.stringify([{ camera: c.id, name: c.name, from, to: from + 10_000, case: "" }])), [camera, past.from] as const);
      await p.reload();
      await expect(p.locator("[data-test=all]")).toBeEnabled();
    },
    act: async (p) => {
      await reach(p, "[data-test=all]");
      const saved = p.waitForEvent("download");
      await p.keyboard.press("Enter");
      expect((await saved).suggestedFilename()).toMatch(/\.mp4$/);
    },
  },
  {
    name: "audit", path: "/audit?camera=none",
    stands: (p) => p.waitForSelector("main .blank"),
    act: async (p) => {
      await reach(p, "[data-test=verify]");
      await p.keyboard.press("Enter");
      await expect(p.getByText("完好").first()).toBeVisible();
    },
  },
  {
    name: "settings", path: "/settings",
    stands: (p) => p.waitForSelector("[data-check]"),
    act: async (p) => {
      await reach(p, "input[name=language]");
      await p.keyboard.press("ArrowDown");
      await expect(p.locator("main h1")).toHaveText("Settings");
    },
  },
];
for (const { name, path, stands, act } of pages) {
  test(`by keyboard alone: ${name}`, async ({ page }) => {
    await page.goto(facts.url + path);
    await stands(page);
    await walk(page);
    await act(page);
  });
}

test("who wants no motion sees none", async ({ page }) => {
  await page.route("**/play.mp4*", () => {}); // tiles wait
  await page.goto(around(past.from, past.to));
  await expect(page.locator(".over.loading")).toHaveCount(4);
  const moving = () => page.evaluate(() => [...document.querySelectorAll("*")].filter((e) => {
    const s = getComputedStyle(e);
    return s.animationName !== "none" || s.transitionDuration.split(",").some((d) => parseFloat(d) > 0);
  }).length);
  expect(await moving()).toBeGreaterThan(0);
  await page.emulateMedia({ reducedMotion: "reduce" });
  await expect.poll(moving).toBe(0);
  // The map goes in one step.
  await page.reload();
  const scale = page.locator(".ol-scale-line-inner");
  await expect(scale).toHaveText(/^\d+ m$/);
  await expect(page.locator(".over.loading")).toHaveCount(4);
  const before = (await scale.boundingBox())!.width;
  const [at, rest] = await page.evaluate(async () => {
    const size = () => document.querySelector<HTMLElement>(".ol-scale-line-inner")!.style.width + document.querySelector(".ol-scale-line-inner")!.textContent;
    document.querySelector<HTMLElement>(".ol-zoom-in")!.click();
    for (let i = 0; i < 3; i++) await new Promise((done) => requestAnimationFrame(done));
    const at = size();
    await new Promise((done) => setTimeout(done, 500));
    return [at, size()];
  });
  expect(at).toBe(rest);
  expect(before).toBeGreaterThan(0);
});
