import { around, expect, facts, Hand, look, off, playing, shot, test, wall } from "./site";

const { past } = facts;
const frame = 1000 / past.fps;

test("1: cash stolen between nine and five: a place, a time, four cameras in sync", async ({ page }) => {
  await page.goto(facts.url);
  const hand = new Hand(page);
  await page.waitForSelector("#place");
  hand.start();
  await hand.click("#place");
  await page.keyboard.type("xnhc"); // initials of 下纳灰村
  await page.waitForSelector('[role=option]:has-text("下纳灰村")');
  await page.keyboard.press("Enter"); // the first that was found
  await hand.click("#from");
  await page.keyboard.press("Control+A");
  await page.keyboard.type("2026-11-24 9点");
  await hand.click("#to");
  await page.keyboard.press("Control+A");
  await page.keyboard.type("2026年11月24日 下午5点");
  await page.keyboard.press("Tab");
  await expect(page.locator("#from")).toHaveValue(wall(past.from));
  await expect(page.locator("#to")).toHaveValue(wall(past.to));
  const asked = Date.now();
  await hand.click("[data-test=go]");
  await playing(page, 1);
  const first = Date.now() - asked;
  await playing(page, 4);
  expect(hand.clicks).toBeLessThanOrEqual(5);
  expect(first).toBeLessThan(2000);
  await expect(page.locator("[data-test=count]")).toContainText("6");
  console.log(`first picture after ${first} ms, ${hand.clicks} clicks`);
  // Gaps are shown: one camera has one.
  await expect(page.locator(".tag.gaps")).toHaveCount(1);
  await expect(page.locator(".tag.full")).toHaveCount(5);
});

test("a gap is shown with its cause, and playing goes on behind it", async ({ page }) => {
  const at = past.gap[0] - 3000;
  await page.goto(around(past.gap[0] - 600_000, past.gap[1] + 600_000, { at: new Date(at).toISOString() }));
  await playing(page, 4);
  const tile = page.locator(`.tile[data-camera="${past.cameras[1]!.id}"]`);
  if ((await tile.count()) === 0) await page.click(`tr[data-camera="${past.cameras[1]!.id}"] button.small`);
  await page.click("[data-test=play]");
  await expect(tile).toHaveAttribute("data-kind", "gap", { timeout: 15_000 });
  await expect(tile).toContainText("录像缺失");
  await expect(tile).toContainText(`${wall(past.gap[0]).slice(11)}–${wall(past.gap[1]).slice(11)}`);
  await tile.locator("button", { hasText: "到下一段" }).click();
  await expect(tile).toHaveAttribute("data-kind", "picture");
  await playing(page, 4);
});

test("3: an accident at the junction: ten minutes around, frame by frame", async ({ page }) => {
  await page.goto(around(past.from, past.to));
  await playing(page, 4);
  const hand = new Hand(page);
  hand.start();
  // The moment: typed.
  await page.keyboard.press("g");
  await page.keyboard.type("10:30:00");
  await page.keyboard.press("Enter");
  await playing(page, 4);
  await hand.click("[data-test=play]"); // pause
  await page.waitForTimeout(1200);
  const before = await look(page);
  expect(Math.abs(before.clock - (past.from + 90 * 60_000))).toBeLessThan(8000);
  for (const n of before.numbers) expect(Math.abs(off(n!, before.clock))).toBeLessThanOrEqual(frame + 60);
  // One picture on, and one back.
  await page.keyboard.press("ArrowRight");
  await page.waitForTimeout(800);
  const on = await look(page);
  expect((on.numbers[0]! - before.numbers[0]! + past.frames) % past.frames).toBe(1);
  expect(Math.abs(off(on.numbers[0]!, on.clock))).toBeLessThanOrEqual(50);
  await page.keyboard.press("ArrowLeft");
  await page.waitForTimeout(800);
  expect((await look(page)).numbers[0]).toBe(before.numbers[0]);
  // How the cameras' clocks stood then is shown.
  await expect(page.locator(`.tile[data-camera="${past.cameras[2]!.id}"] [data-test=offset]`)).toHaveText("时差 −35.0 ± 0.02 秒");
  expect(hand.clicks).toBeLessThanOrEqual(4);
  expect(hand.seconds).toBeLessThan(30);
});

test("4: stray cattle: eight hours skimmed by a picture a minute, and a bookmark", async ({ page }) => {
  await page.goto(around(past.from, past.to));
  await playing(page, 4);
  await page.click("[data-test=play]");
  const began = Date.now();
  await page.keyboard.press("t");
  await expect(page.locator("dialog .frame")).toHaveCount(480, { timeout: 80_000 });
  const took = (Date.now() - began) / 1000;
  console.log(`480 pictures after ${took.toFixed(1)} s`);
  expect(took).toBeLessThan(300);
  await page.locator("dialog .frame").nth(200).click();
  await expect(page.locator("dialog")).toHaveCount(0);
  await playing(page, 4);
  const at = (await look(page)).clock;
  expect(Math.abs(at - (past.from + 200 * 60_000))).toBeLessThan(65_000);
  await page.keyboard.press("b");
  await page.click('button:has-text("书签"):has-text("1")');
  await expect(page.locator(".marks li")).toHaveCount(1);
});

test("5: a missing child: live, and thirty minutes back", async ({ page }) => {
  await page.goto(facts.url);
  const hand = new Hand(page);
  await page.waitForSelector("#place");
  hand.start();
  await hand.click("#place");
  await page.keyboard.type(facts.live[0]!.name.slice(0, 3));
  await page.waitForSelector(`[role=option]:has-text("村")`);
  await page.keyboard.press("Enter");
  await playing(page, 4);
  await hand.click("[data-test=live]");
  await expect(page.locator(".way", { hasText: "实时" })).toHaveCount(4);
  await playing(page, 4);
  await expect.poll(async () => Math.abs((await look(page)).clock - Date.now())).toBeLessThan(3000);
  const line = page.locator(".line canvas[role=slider]");
  await expect.poll(async () => Number(await line.getAttribute("aria-valuemax")) * 1000 - Date.now()).toBeGreaterThan(0);
  await expect.poll(async () => Math.abs(Number(await line.getAttribute("aria-valuenow")) * 1000 - Date.now())).toBeLessThan(5000);
  await shot(page, "live");
  await hand.click('button:has-text("30 分钟前")');
  await playing(page, 4);
  await expect(async () => {
    const back = await look(page);
    expect(Math.abs(back.clock + 30 * 60_000 - Date.now())).toBeLessThan(10_000);
    for (const n of back.numbers) expect(Math.abs(off(n!, back.clock, { ...past, from: facts.live_from }))).toBeLessThan(frame + 500);
  }).toPass();
  await shot(page, "live-30-back");
  expect(hand.seconds).toBeLessThan(20);
});

test("live and the chosen tile are there again after a reload, from a past time too", async ({ page }) => {
  await page.goto(around(past.from, past.to));
  await playing(page, 4);
  const third = await page.locator(".tile").nth(2).getAttribute("data-camera");
  await page.locator(".tile").nth(2).click();
  await page.click("[data-test=live]");
  await expect(page.locator(".tile[data-kind=away]")).toHaveCount(4);
  await expect(page.locator(".notice", { hasText: "最近半小时" })).toBeVisible();
  await expect.poll(() => Date.parse(new URL(page.url()).searchParams.get("to")!)).toBeGreaterThan(Date.now() - 60_000);
  await expect.poll(() => ["live", "at", "tile"].map((k) => new URL(page.url()).searchParams.get(k))).toEqual(["1", null, third]);
  await shot(page, "live-from-past");
  await page.reload();
  await expect(page.locator(".tile[data-kind=away]")).toHaveCount(4);
  await expect(page.locator(".tile.current")).toHaveAttribute("data-camera", third!);
  await expect(page.locator("[data-test=live]")).toHaveAttribute("aria-pressed", "true");
});

test("live of a camera that is away says why, at once", async ({ page }) => {
  await page.goto(around(past.from, past.to, { layout: 1 }));
  await playing(page, 1);
  await page.click("[data-test=live]");
  const tile = page.locator(".tile");
  await expect(tile).toHaveAttribute("data-kind", "away", { timeout: 1500 });
  await expect(tile).toContainText("摄像头离线 · 自 ");
  await expect(tile).toContainText("自动重连");
  await page.waitForTimeout(3000);
  await expect(tile).toHaveAttribute("data-kind", "away");
  await shot(page, "live-away");
});
