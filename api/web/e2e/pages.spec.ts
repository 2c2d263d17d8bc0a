import { around, expect, facts, look, playing, shot, test, wall } from "./site";

const { past } = facts;
const day = () => around(past.from, past.to);

test("times are Shanghai's whatever the browser's zone, and the address restores the view", async ({ page }) => {
  await page.goto(day());
  await playing(page, 4);
  await expect(page.locator("#from")).toHaveValue(wall(past.from));
  await page.click("[data-test=play]");
  await page.click('.rates button:has-text("2×")');
  await expect(page.locator("[data-test=play]")).toHaveText("播放"); // it stands
  const asked = (name: string) => new URL(page.url()).searchParams.get(name);
  await expect.poll(async () => Math.abs(Date.parse(asked("at") ?? "") - (await look(page)).clock)).toBeLessThan(1000);
  await expect.poll(() => asked("rate")).toBe("2");
  const { clock } = await look(page);
  await page.reload();
  await playing(page, 4);
  await expect.poll(async () => Math.abs((await look(page)).clock - clock)).toBeLessThan(1000);
  await expect(page.locator('.rates button[aria-pressed="true"]')).toHaveText("2×");
});

test("English is complete, and stays", async ({ page }) => {
  await page.goto(day());
  await playing(page, 4);
  await page.click('button:has-text("English")');
  const han = async () => (await page.evaluate(() => document.body.innerText)).replace(/下纳灰村\S*|互助村\S*|路口|中文/g, "").match(/[一-鿿]+/g);
  await expect.poll(han).toBeNull();
  await page.reload();
  await playing(page, 4);
  await expect.poll(han).toBeNull();
});

test("a search asked again keeps its pictures, playing and paused", async ({ page }) => {
  await page.goto(day());
  await playing(page, 4);
  for (const key of ["", "k"]) {
    if (key) await page.keyboard.press(key);
    await page.click("[data-test=go]");
    await page.waitForTimeout(700);
    await playing(page, 4);
    await expect(page.locator(".tile:not([data-kind=picture])")).toHaveCount(0);
  }
  // Another span, and a camera less.
  await page.fill("#from", wall(past.from + 60_000));
  await page.click("[data-test=go]");
  await playing(page, 4);
  await expect(page.locator(".tile:not([data-kind=picture])")).toHaveCount(0);
});

test("the server goes away and comes back", async ({ page, context }) => {
  await page.goto(day());
  await playing(page, 4);
  await context.setOffline(true);
  await page.fill("#place", "郑屯");
  await expect(page.locator('[role=alert]:has-text("与服务器的连接中断")')).toBeVisible();
  await context.setOffline(false);
  await expect(page.locator('[role=alert]:has-text("与服务器的连接中断")')).toHaveCount(0);
  await page.fill("#place", "郑屯村");
  await expect(page.locator('[role=option]:has-text("郑屯村")').first()).toBeVisible();
});

test("a search that fails keeps what was found, and runs again once the server is back", async ({ page, context }) => {
  await page.goto(day());
  await playing(page, 4);
  const count = await page.textContent("[data-test=count]");
  await context.setOffline(true);
  const to = past.to - 3600_000;
  await page.fill("#to", wall(to));
  await page.click("[data-test=go]");
  const failed = page.locator(".results [role=alert]");
  await expect(failed).toContainText("连不上服务器");
  await expect(page.locator("[data-test=count]")).toHaveText(count!);
  await expect(page.locator(".tile")).toHaveCount(4);
  await shot(page, "search-offline");
  const again = page.waitForRequest((r) => r.url().includes("/api/v1/footage?") && new URL(r.url()).searchParams.get("to") === new Date(to).toISOString());
  await context.setOffline(false);
  await again;
  await expect(failed).toHaveCount(0);
  await playing(page, 4);
});

test("every page that is opened while the server is away says so, and has its content once it is back", async ({ page, context }) => {
  const clip = { camera: past.cameras[0]!.id, name: past.cameras[0]!.name, from: past.from, to: past.from + 60_000, case: "" };
  await page.addInitScript((item) => localStorage.setItem("qianshao.basket", JSON.stringify([item])), clip);
  const row = `main tr[data-camera="${clip.camera}"] th a`;
  const all: [name: string, way: string, content: string][] = [
    ["search", 'nav a:has-text("查证")', "[data-test=village]"],
    ["trace", 'nav a:has-text("路径")', ".camera-map canvas"],
    ["downloads", 'nav a:has-text("下载")', `li[data-camera="${clip.camera}"] .facts:has-text("KB")`],
    ["audit", 'nav a:has-text("审计")', "main tbody tr"],
    ["settings", 'nav a:has-text("设置")', "text=没有配置底图"],
    ["cameras", 'nav a:has-text("摄像头")', row],
    ["camera", row, "[data-test=state]"],
  ];
  await page.goto(facts.url);
  for (const [, way, content] of all) { // what the pages are made of is there
    await page.click(way);
    await expect(page.locator(content).first()).toBeVisible();
  }
  await page.reload();
  await page.click('nav a:has-text("设置")');
  for (const [name, way, content] of all) {
    await context.setOffline(true);
    await page.click(way);
    const failed = page.locator("main [role=alert]");
    await expect(failed.first(), name).toContainText("连不上服务器");
    await expect(page.locator('main button:has-text("重试")').first(), name).toBeVisible();
    await shot(page, `offline-${name}`);
    await context.setOffline(false);
    await expect(failed, name).toHaveCount(0);
    await expect(page.locator(content).first(), name).toBeVisible();
  }
});

test("a page whose program is not there yet, opened while the server is away, comes once it is back", async ({ page, context }) => {
  await page.goto(`${facts.url}/settings`);
  await expect(page.getByText("没有配置底图")).toBeVisible();
  await context.setOffline(true);
  await page.click('nav a:has-text("审计")');
  await expect(page.locator("[data-test=apart]")).toContainText("连不上服务器");
  await context.setOffline(false);
  await expect(page).toHaveURL(`${facts.url}/audit`);
  await expect(page.locator("main tbody tr").first()).toBeVisible();
});

test("a day that was chosen on a camera's page is there again after a reload, and nothing plays by itself", async ({ page }) => {
  await page.goto(`${facts.url}/camera/${past.cameras[0]!.id}`);
  const days = page.locator("[data-test=day]");
  await days.nth(-2).click();
  const chosen = page.locator('[data-test=day][aria-pressed="true"]');
  const label = await days.nth(-2).getAttribute("aria-label");
  await expect(chosen).toHaveAttribute("aria-label", label!);
  const at = () => new URL(page.url()).searchParams.get("at");
  await expect.poll(at).not.toBeNull();
  const before = at();
  await page.reload();
  await expect(chosen).toHaveAttribute("aria-label", label!);
  await expect(page.locator("[data-test=replay]")).toBeVisible();
  await expect(page.locator(".tile")).toHaveCount(0);
  expect(at()).toBe(before);
});

test("no camera: a wider radius is offered", async ({ page }) => {
  await page.goto(`${facts.url}/?near=${past.point[0] + 0.012},${past.point[1]}&radius_m=500&place=x&from=${new Date(past.from).toISOString()}&to=${new Date(past.to).toISOString()}`);
  await expect(page.getByText("这里没有摄像头")).toBeVisible();
  await page.click('button:has-text("扩大到")');
  await page.waitForSelector("[data-test=count], .blank button");
});

test("everything by keyboard", async ({ page }) => {
  await page.goto(facts.url);
  await page.waitForSelector("[data-test=village]");
  await page.locator("#place").focus();
  await page.keyboard.type("xnhc");
  await page.waitForSelector("[role=option]");
  await page.keyboard.press("Enter");
  await page.waitForSelector("[data-test=count]");
  await page.keyboard.press("Tab");
  await expect(page.locator("#from")).toBeFocused();
  await page.keyboard.press("?");
  await expect(page.locator("dialog")).toHaveCount(0); // a field has the focus
  await page.locator(".tile, .blank").first().click();
  await page.keyboard.press("?");
  await expect(page.locator("dialog")).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.locator("dialog")).toHaveCount(0);
});

test("usable at 390 px", async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto(day());
  await playing(page, 4);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
});

test("an address that is none says so, in the app", async ({ page }) => {
  const r = await page.goto(`${facts.url}/nosuch`);
  expect(r!.status()).toBe(404);
  await expect(page.locator("main")).toContainText("没有这一页");
  await page.click('main a:has-text("回到首页")');
  await expect(page.locator("#place")).toBeVisible();
});

test("every page says that there are no accounts", async ({ page }) => {
  for (const path of ["/", "/trace", `/camera/${past.cameras[0]!.id}`, "/downloads", "/audit", "/settings", "/cases", "/nosuch"]) {
    await page.goto(facts.url + path);
    await expect(page.locator("header", { hasText: "未启用账号" }).first(), path).toBeVisible();
  }
});

test("without accounts it is said that cases need some, and how to have them", async ({ page }) => {
  await page.goto(`${facts.url}/cases`);
  const said = page.locator("[data-test=not-allowed]");
  await expect(said).toContainText("没有账号，就没有“案件”这一页");
  await expect(said).toContainText("qianshao account add");
  await expect(said).not.toContainText("角色");
  await shot(page, "no-accounts");
});

test("a camera's page shows its newest picture, with its time and age, and saves it with its hash", async ({ page }) => {
  for (const [id, age] of [[facts.live[0]!.id, /（0:\d\d 前）/], [past.cameras[0]!.id, /（\d+:\d\d:\d\d 前）/]] as const) {
    await page.goto(`${facts.url}/camera/${id}`);
    const newest = page.locator("[data-test=newest]");
    await expect(newest).toContainText(age);
    expect(await newest.locator("img").evaluate((i: HTMLImageElement) => i.decode().then(() => i.naturalWidth))).toBeGreaterThan(0);
    await shot(page, `camera-newest-${id === past.cameras[0]!.id ? "past" : "live"}`);
    const download = page.waitForEvent("download");
    await newest.locator("[data-test=save]").click();
    expect((await download).suggestedFilename()).toMatch(/\.jpg$/);
    await expect(page.locator("[data-test=still]")).toContainText(/[0-9a-f]{64}/);
  }
  await expect(page.locator("[data-test=newest]")).toContainText(wall(past.to).slice(0, 10));
});

test("who goes to another page gets there, however long it takes to load and whatever the address of this one is told meanwhile", async ({ page }) => {
  for (const path of [day().slice(facts.url.length), `/trace?camera=${past.cameras[0]!.id}&at=${new Date(past.from + 600_000).toISOString()}`]) {
    await page.goto(facts.url + path);
    await playing(page, 4);
    if ((await page.textContent("[data-test=play]")) === "播放") await page.click("[data-test=play]"); // the address follows the clock
    await page.route(/\/app\/.*\.js$/, async (r) => {
      await new Promise((done) => setTimeout(done, 2500));
      await r.continue();
    });
    await page.click('nav a:has-text("设置")');
    await expect(page).toHaveURL(`${facts.url}/settings`);
    await page.unroute(/\/app\/.*\.js$/);
  }
});
