import { readdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test, type Page } from "@playwright/test";
import { address, around, facts, playing } from "./site";

// The speed of the app on this machine, against its targets (make bench-web). It is no test of
// `make test`: a busy machine would fail it.

const here = dirname(fileURLToPath(import.meta.url));
const { past } = facts;
const line = (what: string, value: string, target: string) => console.log(`  ${what.padEnd(58)} ${value.padStart(12)}   ${target}`);
const median = (list: number[]) => [...list].sort((a, b) => a - b)[list.length >> 1]!;

test("size", () => {
  const dir = join(here, "../dist/app");
  const bytes = readdirSync(dir).filter((f) => f.endsWith(".gz")).reduce((sum, f) => sum + statSync(join(dir, f)).size, 0);
  line("whole app, gzipped", `${Math.round(bytes / 1024)} KiB`, "≤ 400 KB");
  expect(bytes).toBeLessThan(400_000);
});

test("open: map, four pictures, timeline", async ({ browser }) => {
  const context = await browser.newContext();
  const took: number[] = [];
  for (let i = 0; i < 6; i++) {
    const page = await context.newPage();
    const began = Date.now();
    await page.goto(around(past.from, past.to));
    await playing(page, 4);
    await page.waitForSelector(".ground canvas");
    await page.waitForSelector(".line canvas");
    took.push(Date.now() - began);
    await page.close();
  }
  line("search page: map, 4 pictures, timeline: a browser's first visit", `${took[0]} ms`, "");
  line("the same, later visits (median of 5)", `${median(took.slice(1))} ms`, "≤ 2000 ms");
});

/** seek goes to a moment and tells how long it took until all tiles' pictures are of it, by the numbers that they carry, ms. */
async function seek(page: Page, t: number): Promise<number> {
  await page.keyboard.press("g");
  await page.waitForSelector("#goto");
  return page.evaluate(async ({ t, from, fps, frames }) => {
    const field = document.querySelector<HTMLInputElement>("#goto")!;
    field.value = new Date(t + 8 * 3600_000).toISOString().slice(0, 19).replace("T", " ");
    field.dispatchEvent(new Event("input"));
    const want = Math.floor(((t - from) / 1000) * fps) % frames;
    const c = document.createElement("canvas");
    c.width = 160;
    c.height = 16;
    const g = c.getContext("2d", { willReadFrequently: true })!;
    const there = (v: HTMLVideoElement) => {
      g.drawImage(v, 0, 0, 160, 96);
      const p = g.getImageData(0, 8, 160, 1).data;
      let word = 0;
      for (let i = 0; i < 10; i++) word = (word << 1) | (p[(i * 16 + 8) * 4 + 1]! > 128 ? 1 : 0);
      return ((word >> 1) - want + frames) % frames <= 2; // it may play on
    };
    const began = performance.now();
    field.form!.requestSubmit();
    for (;;) {
      const videos = [...document.querySelectorAll<HTMLVideoElement>(".tile video")];
      if (videos.length >= 4 && videos.every(there)) return performance.now() - began;
      if (performance.now() - began > 20_000) return NaN;
      await new Promise((done) => requestAnimationFrame(done));
    }
  }, { t, from: past.from, fps: past.fps, frames: past.frames });
}

test("seek of four tiles", async ({ page }) => {
  await page.goto(around(past.from, past.from + 3600_000, { at: new Date(past.from + 60_000).toISOString() }));
  await playing(page, 4);
  const took: number[] = [];
  for (let i = 0; i < 9; i++) {
    took.push(await seek(page, past.from + 120_000 + ((i * 7919) % 3000) * 1000));
    await page.waitForTimeout(300);
  }
  line("seek of four tiles (median of 9)", `${median(took).toFixed(0)} ms`, "≤ 500 ms");
});

for (const [n, target] of [[4, 50], [9, 100]] as const) {
  test(`drift of ${n} tiles`, async ({ page }) => {
    await page.goto(around(past.from, past.from + 3600_000, { layout: n }));
    await playing(page, n);
    await page.waitForTimeout(14_000);
    const text = (await page.textContent("[data-test=drift]")) ?? "";
    line(`drift of ${n} tiles at 1x, p95 over 10 s`, `${/\d+/.exec(text)?.[0] ?? "?"} ms`, `≤ ${target} ms`);
  });
}

test("four cameras of 1080p", async ({ browser, request }) => {
  test.setTimeout(240_000);
  const id = facts.live[0]!.id;
  const { division } = (await (await request.get(`${facts.url}/api/v1/cameras/${id}`)).json()) as { division: string };
  const whole = async () => {
    const r = await request.get(`${facts.url}/api/v1/cameras/${id}/timeline`, { params: { from: new Date(Date.now() - 60_000).toISOString(), to: new Date().toISOString() } });
    return ((await r.json()) as { covered: { from: string; to: string }[] }).covered.at(-1)!;
  };
  const minute = async () => {
    const { from, to } = await whole();
    return Date.parse(to) - Date.parse(from);
  };
  await expect.poll(minute, { timeout: 120_000 }).toBeGreaterThan(50_000);
  const { from, to } = await whole();
  const where = address({ division, place: "1080p", from, to });
  const context = await browser.newContext();
  const took: number[] = [];
  for (let i = 0; i < 4; i++) {
    const page = await context.newPage();
    const began = Date.now();
    await page.goto(where);
    await playing(page, 4);
    await page.waitForSelector(".ground canvas");
    took.push(Date.now() - began);
    if (i === 3) {
      await page.waitForTimeout(14_000);
      const text = (await page.textContent("[data-test=drift]")) ?? "";
      const { frames, dropped } = await page.evaluate(() => {
        const q = [...document.querySelectorAll<HTMLVideoElement>(".tile video")].map((v) => v.getVideoPlaybackQuality());
        return { frames: q.reduce((n, x) => n + x.totalVideoFrames, 0), dropped: q.reduce((n, x) => n + x.droppedVideoFrames, 0) };
      });
      line("1080p25, 2 Mbit/s: drift of 4 tiles at 1x, p95 over 10 s", `${/\d+/.exec(text)?.[0] ?? "?"} ms`, "≤ 50 ms");
      line("the same: pictures that the browser left out", `${((100 * dropped) / frames).toFixed(0)} %`, "");
    }
    await page.close();
  }
  line("1080p25: search page with 4 pictures (median of 3 later visits)", `${median(took.slice(1))} ms`, "≤ 2000 ms");
});

test("timeline", async ({ page }) => {
  await page.goto("about:blank");
  await page.setViewportSize({ width: 1440, height: 1400 });
  await page.addScriptTag({ path: join(here, "../bench-build/timeline.js") });
  const took = await page.evaluate(() => {
    const host = document.body.appendChild(document.createElement("div"));
    host.style.width = "1400px";
    host.style.height = "1300px";
    const words = { cause: (c: string) => c, none: "", loading: "", now: "", gap: (c: string) => c, footage: "", label: "" };
    const { Timeline } = (window as any).bench;
    const line = new Timeline(host, {}, words);
    const day = 86_400_000;
    const from = Date.UTC(2026, 10, 23, 16);
    const rows = [...Array(50).keys()].map((i) => ({
      id: `c${i}`, label: `摄像头 ${i}`, until: from + day,
      covered: [...Array(1440).keys()].map((m) => ({ from: from + m * 60_000, to: from + m * 60_000 + ((m * 7 + i) % 50 ? 60_000 : 40_000) })),
      gaps: [...Array(1440).keys()].filter((m) => (m * 7 + i) % 50 === 0).map((m) => ({ from: from + m * 60_000 + 40_000, to: from + (m + 1) * 60_000, cause: "camera_offline" })),
    }));
    line.setRows(rows);
    line.setSpan({ from, to: from + day }, { from, to: from + day });
    const [rowsOn, cursorOn] = [...host.querySelectorAll("canvas")];
    const drawn = (c: HTMLCanvasElement) => c.getContext("2d")!.getImageData(0, 0, 1, 1); // until it is on the canvas
    const script: number[] = [];
    const all: number[] = [];
    const cursor: number[] = [];
    for (let i = 0; i < 60; i++) {
      line.setRows(rows); // paints the rows anew
      let began = performance.now();
      script.push(line.paint());
      drawn(rowsOn!);
      drawn(cursorOn!);
      all.push(performance.now() - began);
      line.setCursor(from + i * 1000);
      began = performance.now();
      line.paint();
      drawn(cursorOn!);
      cursor.push(performance.now() - began);
    }
    const median = (list: number[]) => list.slice(10).sort((a, b) => a - b)[25]!;
    return { script: median(script), all: median(all), cursor: median(cursor) };
  });
  line("timeline of 50 cameras over a day, painted anew (median)", `${took.script.toFixed(1)} ms`, "≤ 4 ms");
  line("the same, with the browser's drawing and reading back", `${took.all.toFixed(1)} ms`, "");
  line("the same, cursor moved", `${took.cursor.toFixed(1)} ms`, "");
});
