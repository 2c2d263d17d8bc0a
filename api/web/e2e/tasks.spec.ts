import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { around, expect, facts, look, playing, shot, test, wall } from "./site";

const { past } = facts;

test("a route begins at the newest footage, and its place and time can be changed all the while", async ({ page }) => {
  await page.goto(`${facts.url}/trace`);
  await page.fill("#place", facts.live[0]!.name.slice(0, 3));
  await page.locator("[role=option]").first().waitFor();
  await page.keyboard.press("Enter");
  await page.locator("[data-test=start]").first().click();
  await playing(page, 1);
  await expect.poll(async () => Math.abs((await look(page)).clock + 60_000 - Date.now())).toBeLessThan(20_000);
  await shot(page, "trace-newest");
  await page.fill("#trace-now", wall(facts.live_from + 600_000));
  await page.keyboard.press("Enter");
  await page.locator("h1").click();
  await playing(page, 1);
  await expect.poll(async () => Math.abs((await look(page)).clock - facts.live_from - 600_000)).toBeLessThan(20_000);
  await page.click("[data-test=elsewhere]");
  await expect(page.locator("#place")).toBeVisible();
  await expect.poll(async () => Math.abs(Date.parse(`${(await page.inputValue("#trace-at")).replace(" ", "T")}+08:00`) - facts.live_from - 600_000)).toBeLessThan(30_000);
  await page.click("[data-test=elsewhere]"); // the route is still there
  await playing(page, 1);
});

test("a route that begins from the search begins at its moment", async ({ page }) => {
  const at = past.from + 3_000_000;
  await page.goto(around(past.from, past.to, { at: new Date(at).toISOString() }));
  await playing(page, 4);
  await page.click('nav a:has-text("路径")');
  await expect(page.locator("#trace-at")).toHaveValue(wall(at));
});

test("clips of several cameras are marked once and saved as the server has them", async ({ page, request }) => {
  const at = past.from + 7_200_000;
  await page.goto(around(past.from, past.to, { at: new Date(at).toISOString() }));
  await playing(page, 4);
  await page.keyboard.press("i");
  await page.keyboard.press("l");
  await page.keyboard.press("o");
  await page.keyboard.press("e");
  await page.click('nav a:has-text("下载")');
  const files: { name: string; bytes: Buffer }[] = [];
  const saved = new Promise<void>((done) => {
    page.on("download", async (d) => {
      files.push({ name: d.suggestedFilename(), bytes: readFileSync(await d.path()) });
      if (files.length === 4) done();
    });
  });
  await page.click('button:has-text("全部下载"):not([disabled])');
  await saved;
  const span = { from: new Date(at).toISOString(), to: new Date(at + 10_000).toISOString() };
  for (const c of past.cameras) {
    const r = await request.get(`${facts.url}/api/v1/cameras/${c.id}/clip.mp4?${new URLSearchParams(span)}`);
    const want = await r.body();
    const mine = files.find((f) => f.name.includes(c.name));
    if (mine) expect(mine.bytes.equals(want), mine.name).toBe(true);
  }
  expect(files.every((f) => f.name.endsWith(".mp4") && f.bytes.length > 1000)).toBe(true);
});

test("a still is the picture on screen", async ({ page }) => {
  await page.goto(around(past.from, past.to, { at: new Date(past.from + 3_000_100).toISOString() }));
  await playing(page, 4);
  await page.waitForTimeout(1000);
  const l = await look(page);
  const seen = l.numbers[0]!;
  console.log(`clock ${l.clock - past.from}, pictures ${l.numbers.join()}`);
  const download = page.waitForEvent("download");
  await page.keyboard.press("s");
  const file = await download;
  await expect(page.getByText("SHA-256")).toBeVisible();
  const bytes = readFileSync(await file.path());
  const jpeg = bytes.toString("base64");
  // Which picture it was stays on screen, and in the list of downloads, to be proved later.
  const hash = createHash("sha256").update(bytes).digest("hex");
  await page.waitForTimeout(5000);
  const card = page.locator("[data-test=still]");
  for (const told of [hash, file.suggestedFilename(), past.cameras[0]!.name, "北京时间"]) await expect(card).toContainText(told);
  await shot(page, "still");
  const number = await page.evaluate(async (b64) => {
    const image = await createImageBitmap(new Blob([Uint8Array.from(atob(b64), (c) => c.charCodeAt(0))], { type: "image/jpeg" }));
    const c = document.createElement("canvas");
    c.width = 160;
    c.height = 96;
    const g = c.getContext("2d")!;
    g.drawImage(image, 0, 0, 160, 96);
    const p = g.getImageData(0, 0, 160, 16).data;
    let word = 0;
    for (let i = 0; i < 10; i++) word = (word << 1) | (p[(8 * 160 + i * 16 + 8) * 4 + 1]! > 128 ? 1 : 0);
    return word >> 1;
  }, jpeg);
  expect(number).toBe(seen);
  await page.goto(`${facts.url}/downloads`);
  const listed = page.locator("[data-test=stills] li");
  for (const told of [hash, file.suggestedFilename(), past.cameras[0]!.name]) await expect(listed).toContainText(told);
  const sum = page.waitForEvent("download");
  await listed.locator('button:has-text("存校验文件")').click();
  expect((await sum).suggestedFilename()).toBe(`${file.suggestedFilename()}.sha256`);
  expect(readFileSync(await (await sum).path(), "utf8")).toContain(`${hash}  ${file.suggestedFilename()}\n`);
  await shot(page, "stills");
});

test("the register has what was seen, and is intact", async ({ page }) => {
  await page.goto(around(past.from, past.from + 600_000));
  await playing(page, 4);
  await page.goto(`${facts.url}/audit`);
  await expect(page.locator("tbody tr").first()).toBeVisible();
  await expect(page.locator("tbody")).toContainText(past.cameras[0]!.name);
  await page.click('button:has-text("校验登记")');
  await expect(page.getByText("完好").first()).toBeVisible();
});

test("a camera's day: a click on its gap goes there", async ({ page }) => {
  await page.goto(`${facts.url}/camera/${past.cameras[1]!.id}?at=${new Date(past.gap[0]).toISOString()}`);
  await expect(page.locator("h1, h2").filter({ hasText: past.cameras[1]!.name }).first()).toBeVisible();
  await expect(page.locator("main")).toContainText("20:00"); // how long it was
  await expect(page.locator(".facts")).toContainText("摄像头离线 · 请检查供电和网络。"); // nobody answers there any more
  await shot(page, "camera");
});
