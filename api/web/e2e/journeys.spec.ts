import { darkInk } from "./mapview";
import { around, expect, facts, Hand, look, off, playing, shot, test, wall } from "./site";

// Each begins at the start page, as somebody who knows nothing of addresses. What a person does is counted; clicks and seconds have the targets of the project.

const { past } = facts;
const frame = 1000 / past.fps;

test("1: cash stolen between nine and five: a place, a time, four cameras in sync", async ({ page }) => {
  await page.goto(facts.url);
  const hand = new Hand(page);
  await hand.place("xnhc", "下纳灰村"); // its initials
  await hand.time("from", "2026-11-24 9点");
  await hand.time("to", "2026年11月24日 下午5点");
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
  console.log(`1: first picture after ${first} ms, ${hand}`);
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

test("2: a route is traced: from what is on screen, a click a hop, the clock is kept, the route is on the map and in the downloads", async ({ page }) => {
  await page.goto(facts.url);
  const hand = new Hand(page);
  await hand.place("xnhc", "下纳灰村");
  await hand.time("from", "11-24 10:20");
  await hand.click("[data-test=around]");
  await playing(page, 4);
  const from = await page.locator(".tile.current").getAttribute("data-camera");
  const seen = (await look(page)).clock;
  await hand.click(".tile.current [data-test=follow]");
  await page.waitForURL(/\/trace\?/);
  await playing(page, 5);
  expect(Math.abs((await look(page)).clock - seen)).toBeLessThan(hand.seconds * 1000);
  console.log(`2: the route stands after ${hand}`);
  expect(hand.clicks).toBeLessThanOrEqual(4);
  await expect(page.locator("[data-test=hops] li")).toHaveCount(1);
  await expect.poll(() => darkInk(page)).toBeGreaterThan(500); // the map stands, with its signs and names
  await page.waitForTimeout(500);
  const bare = await darkInk(page);
  const before = await look(page);
  const hop = new Hand(page);
  await hop.click(page.locator("[data-test=next]").first()); // the likeliest
  await page.waitForFunction((id) => document.querySelector(".tile[data-kind=picture]") === document.querySelector(".tile") && document.querySelector(".tile")?.getAttribute("data-camera") !== id, from);
  const took = hop.seconds;
  console.log(`2: the next camera after ${took} s`);
  expect(took).toBeLessThan(1);
  expect(hop.clicks).toBe(1);
  await playing(page, 5);
  await page.waitForTimeout(2000);
  const after = await look(page);
  expect(after.clock - before.clock).toBeLessThan(hop.seconds * 1000 + 1000);
  expect(after.clock).toBeGreaterThanOrEqual(before.clock);
  for (const n of after.numbers) expect(Math.abs(off(n!, after.clock))).toBeLessThan(700);
  // On the map is the way, with its two ends; it is there again when the page is loaded anew.
  await expect(page.locator("[data-test=hops] li")).toHaveCount(2);
  await shot(page, "trace-hop");
  const drawn = await darkInk(page);
  console.log(`2: ink of the route ${bare}, ${drawn}`);
  expect(drawn).toBeGreaterThan(bare + 350);
  await expect.poll(() => new URL(page.url()).searchParams.get("hops")?.split(",").length).toBe(2);
  await page.reload();
  await playing(page, 5);
  await expect(page.locator("[data-test=hops] li")).toHaveCount(2);
  await expect.poll(() => darkInk(page)).toBeGreaterThan(bare + 350);
  await page.click('button:has-text("全部跳点加入下载")');
  await page.click('nav a:has-text("下载")');
  await expect(page.locator("main")).toContainText(facts.past.cameras.find((c) => c.id === from)!.name);
});

test("3: an accident at the junction: ten minutes around, frame by frame, the clock's offset beside", async ({ page }) => {
  await page.goto(facts.url);
  const hand = new Hand(page);
  await hand.place("下纳灰村村口", "下纳灰村村口");
  await hand.time("from", "11-24 10:30");
  await hand.click("[data-test=around]");
  await playing(page, 4);
  const began = await look(page);
  await hand.click('button[aria-label="下一帧"]'); // it stands
  await expect(page.locator("[data-test=play]")).toContainText("播放");
  await page.waitForTimeout(800);
  const before = await look(page);
  console.log(`3: ${hand}`);
  expect(hand.clicks).toBeLessThanOrEqual(4);
  expect(hand.seconds).toBeLessThan(30);
  // Ten minutes around, and it began at the moment itself.
  const at = past.from + 90 * 60_000;
  expect([await page.inputValue("#from"), await page.inputValue("#to")]).toEqual([wall(at - 600_000), wall(at + 600_000)]);
  expect(began.clock - at).toBeGreaterThanOrEqual(0);
  expect(before.clock - at).toBeLessThan(8000);
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
  // How a camera's clock stood then is shown beside it.
  await expect(page.locator(`.tile[data-camera="${past.cameras[2]!.id}"] [data-test=offset]`)).toHaveText("时差 −35.0 ± 0.02 秒");
});

test("4: stray cattle: eight hours of two exits skimmed by a picture a minute, and a bookmark", async ({ page }) => {
  await page.goto(facts.url);
  const hand = new Hand(page);
  await hand.place("xnhc", "下纳灰村");
  await hand.time("from", "11-24 9点");
  await hand.time("to", "11-24 17点");
  await hand.click("[data-test=go]");
  await playing(page, 4);
  await hand.press("t");
  await hand.click(page.locator("[data-test=beside]").nth(1));
  const frames = page.locator("dialog .frame");
  await expect(frames).toHaveCount(2 * 480, { timeout: 160_000 });
  console.log(`4: 480 pictures of two exits after ${hand}`);
  await shot(page, "strip-two");
  // Side by side is the same minute.
  for (const n of [0, 200, 479]) {
    const times = await page.locator("dialog .minute").nth(n).locator(".frame").allInnerTexts();
    expect(times.map((x) => x.trim())).toEqual([1, 2].map((k) => expect.stringMatching(new RegExp(`^${k} · ${wall(past.from + n * 60_000).slice(11, 16)}:`))));
  }
  const second = await page.locator(".tile").nth(1).getAttribute("data-camera");
  await hand.click(page.locator("dialog .minute").nth(200).locator(".frame").nth(1));
  await expect(page.locator("dialog")).toHaveCount(0);
  await playing(page, 4);
  const at = (await look(page)).clock;
  expect(Math.abs(at - (past.from + 200 * 60_000))).toBeLessThan(65_000);
  await expect(page.locator(".tile.current")).toHaveAttribute("data-camera", second!);
  await hand.press("b");
  console.log(`4: ${hand}`);
  expect(hand.clicks).toBeLessThanOrEqual(8);
  expect(hand.seconds).toBeLessThan(300);
  await page.click('button:has-text("书签"):has-text("1")');
  await expect(page.locator(".marks li")).toHaveCount(1);
  await expect(page.locator(".marks li")).toContainText(past.cameras.find((c) => c.id === second)!.name);
});

test("5: a missing child: live, and thirty minutes back", async ({ page }) => {
  await page.goto(facts.url);
  const hand = new Hand(page);
  await hand.place(facts.live[0]!.name.slice(0, 3), "村");
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
  console.log(`5: ${hand}`);
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
