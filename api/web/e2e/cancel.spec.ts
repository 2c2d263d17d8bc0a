import { readFileSync } from "node:fs";
import { around, expect, facts, playing, test } from "./site";

const { past } = facts;
const hour = { from: new Date(past.from).toISOString(), to: new Date(past.from + 3600_000).toISOString() };

test("a download is cancelled in the middle, and begun again", async ({ page, request }) => {
  await page.goto(facts.url);
  await page.evaluate(([cameras, from, to]) => {
    localStorage.setItem("qianshao.basket", JSON.stringify(cameras.map((c) => ({ camera: c.id, name: c.name, from, to, case: "" }))));
  }, [[past.cameras[0]!, past.cameras[2]!], past.from, past.from + 3600_000] as const);
  const saved: string[] = [];
  page.on("download", (d) => saved.push(d.suggestedFilename()));
  await page.goto(`${facts.url}/downloads`);
  const rows = page.locator("[data-phase]");
  await expect(page.locator('[data-test=all]:not([disabled])')).toContainText("2 段");
  // A slow line, so that there is a middle.
  const line = await page.context().newCDPSession(page);
  const speed = (bytes: number) => line.send("Network.emulateNetworkConditions", { offline: false, latency: 0, downloadThroughput: bytes, uploadThroughput: -1 });
  await line.send("Network.enable");
  await speed(300_000);
  const ended = page.waitForEvent("requestfailed", (r) => r.url().includes("/clip.mp4"));
  await page.click("[data-test=all]");
  await expect(rows.nth(0)).toHaveAttribute("data-phase", "loading");
  await expect(rows.nth(1)).toHaveAttribute("data-phase", "waiting");
  await expect.poll(() => rows.nth(0).locator("progress").evaluate((p: HTMLProgressElement) => p.value)).toBeGreaterThan(0);
  await page.click('button:has-text("全部取消")');
  await ended; // nothing is fetched behind one's back
  for (const i of [0, 1]) await expect(rows.nth(i)).toHaveAttribute("data-phase", "idle");
  await expect(page.locator("[data-test=overall]")).toHaveCount(0);
  await expect(page.getByRole("alert")).toHaveCount(0); // it was meant
  await expect(page.locator('[data-test=all]:not([disabled])')).toContainText("2 段");
  expect(saved).toEqual([]);
  // One of them, whole.
  await speed(-1);
  const download = page.waitForEvent("download");
  await rows.nth(0).getByRole("button", { name: "下载：" }).click();
  const file = readFileSync(await (await download).path());
  const camera = (await rows.nth(0).getAttribute("data-camera"))!;
  const want = await request.get(`${facts.url}/api/v1/cameras/${camera}/clip.mp4?${new URLSearchParams(hour)}`);
  expect(file.equals(await want.body())).toBe(true);
  await expect(rows.nth(0)).toHaveAttribute("data-phase", "done");
  await expect(rows.nth(1)).toHaveAttribute("data-phase", "idle");
});

test("a picture a minute is given up in the middle, and begun again", async ({ page }) => {
  await page.goto(around(past.from, past.from + 2 * 3600_000, { at: hour.from }));
  await playing(page, 4);
  let asked = 0;
  let release = () => {};
  const gate = new Promise<void>((done) => (release = done));
  await page.route("**/sprite.jpg*", async (r) => {
    const q = new URL(r.request().url()).searchParams;
    if (q.get("n") !== "60") return r.continue(); // a thumbnail of the timeline
    asked++;
    if (Date.parse(q.get("from")!) === past.from + 3600_000) await gate; // the second of two hours is long in coming
    await r.continue().catch(() => {}); // who asked may be gone
  });
  const frames = page.locator("dialog .frame");
  const progress = page.locator("dialog progress");
  await page.keyboard.press("t");
  await expect(frames).toHaveCount(60);
  await expect.poll(() => progress.evaluate((p: HTMLProgressElement) => [p.value, p.max])).toEqual([1, 2]);
  const ended = page.waitForEvent("requestfailed", (r) => r.url().includes("/sprite.jpg"));
  await page.keyboard.press("Escape");
  await ended;
  await expect(page.locator("dialog")).toHaveCount(0);
  release();
  await page.keyboard.press("ArrowRight"); // the wall has its keys back
  await expect(page.locator('.tile[data-kind="picture"]')).toHaveCount(4);
  expect(asked).toBe(2);
  // Again, and another interval in the middle.
  await page.keyboard.press("t");
  await expect(frames).toHaveCount(120);
  await expect(progress).toHaveCount(0);
  await page.selectOption("#every", "10");
  await expect(frames).toHaveCount(12);
  await expect(frames.first()).toContainText("09:05"); // the middle of its ten minutes
  await expect(frames.last()).toContainText("10:55");
});
