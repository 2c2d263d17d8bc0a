import { createHmac } from "node:crypto";
import { cases } from "./answers";
import { address, around, expect, facts, playing, shot, still, test, wall } from "./site";
import { enter, fill, instead, opened, signedIn } from "./people";
import { sound } from "./sound";

// A site with accounts: TestWorkbenchAccounts.

const { past, people } = facts;
const camera = past.cameras[0]!;

// First: nobody has a case yet.
test("signing in, one's account, a new case and an emergency look as they did", async ({ page }) => {
  await page.goto(`${facts.url}/sign-in`);
  await page.waitForSelector("#login");
  await still(page);
  await expect(page).toHaveScreenshot("sign-in.png");
  await signedIn(page, people.other, "/me");
  await page.waitForSelector("main h2");
  await still(page, ".nums");
  await expect(page).toHaveScreenshot("me.png");
  await page.goto(`${facts.url}/cases?new`);
  await page.waitForSelector("#case-number");
  await still(page, "input");
  await expect(page).toHaveScreenshot("case-new.png");
  // Without a case there is no camera to know of: the list says so, and leads on.
  await page.goto(`${facts.url}/cameras`);
  await sound(page, "a list without a case");
  await page.click("[data-test=no-case] a");
  await expect(page).toHaveURL(`${facts.url}/cases`);
  await page.click("[data-test=emergency]");
  const title = page.locator("dialog h2");
  await expect(title).toBeVisible();
  expect(await title.evaluate((e) => getComputedStyle(e).color)).toBe(await page.evaluate(() => getComputedStyle(document.body).color)); // not the header's white
  await still(page, "main");
  await expect(page).toHaveScreenshot("emergency.png");
});

test("an investigator signs in, is told that there is no case, opens one, and sees four tiles play", async ({ page }) => {
  await page.goto(facts.url);
  await expect(page).toHaveURL(/\/sign-in/);
  await expect(page.locator("[data-test=why]")).toHaveCount(0); // nobody asked for more than the start
  await shot(page, "sign-in");
  await fill(page, people.officer, "not the password");
  await expect(page.locator("[data-test=trouble]")).toContainText("不对");
  await shot(page, "sign-in-denied");
  await fill(page, people.officer);
  await page.waitForURL((u) => u.pathname === "/");
  await expect(page.locator(".note", { hasText: "先选案件" })).toContainText("没有进行中的案件");
  await expect(page.locator("[data-test=go]")).toBeDisabled();
  await expect(page.locator('nav a[href="/audit"]')).toHaveCount(0); // the register is the auditor's
  await shot(page, "search-no-case");

  await page.click("[data-test=no-case]");
  await expect(page.locator("#case-number")).toBeFocused();
  await page.keyboard.type("A522301-7");
  await page.fill("#case-class", "盗窃");
  await page.fill("#case-reason", "三头黄牛被盗");
  await page.click("[data-test=open]");
  await expect(page.locator("[data-test=case-form]")).toContainText("请至少选一个地点");
  await page.locator("[data-test=case-form] #place").fill("xnhc");
  await page.locator('[role=option]:has-text("下纳灰村")').first().waitFor();
  await page.keyboard.press("Enter");
  await expect(page.locator("[data-test=case-form] fieldset > ul > li")).toContainText(facts.villages[0]);
  await page.fill("#case-from", "2026-11-24 9点");
  await page.fill("#case-to", "2026-11-24 17点");
  await shot(page, "case-form");
  await page.fill("#case-members", `${people.second} nobody.9`);
  await page.click("[data-test=open]");
  await expect(page.locator("[data-test=case-form] [role=alert]")).toContainText("nobody.9");
  await page.fill("#case-members", people.second);
  await page.click("[data-test=open]");
  const card = page.locator("[data-case][data-state=open]");
  await expect(card).toContainText("A522301-7");
  await expect(card).toContainText("下纳灰村");
  await shot(page, "cases");
  await card.locator("[data-test=look]").click();

  await expect(page.locator("#case")).toContainText("A522301-7");
  await page.fill("#from", wall(past.from));
  await page.fill("#to", wall(past.to));
  await page.fill("#place", "xnhc");
  await page.waitForSelector("[role=option]");
  await page.keyboard.press("Enter");
  await playing(page, 4);
  await shot(page, "search");

  await page.click('nav a:has-text("案件")');
  await page.click('button:has-text("谁看过")');
  await expect(page.locator("[data-test=seen] tbody")).toContainText(people.officer);
  await expect(page.locator("[data-test=seen] tbody")).toContainText(camera.name);
  await sound(page, "cases");
  await shot(page, "case-seen");
});

test("what a case does not reach is refused, and it is said why, in place", async ({ page }) => {
  await signedIn(page, people.other);
  const village = await opened(page, "B1", { divisions: [facts.villages[0]] });
  const two = await opened(page, "B2", { cameras: past.cameras.slice(0, 2).map((c) => c.id) });
  // A camera that no case reaches does not exist for them.
  await page.goto(`${facts.url}/camera/${facts.live[0]!.id}`);
  await expect(page.locator("main [role=alert]")).toContainText("你的案件够不到它");
  await expect(page.locator("main [role=alert]")).toContainText("换一个案件");
  await shot(page, "camera-refused");
  // One that another case of theirs reaches, not the chosen one.
  await page.goto(`${around(past.from, past.to)}&case=${two}`);
  await playing(page, 2);
  await expect(page.locator(".note", { hasText: "这个案件" })).toContainText("另有 4 个");
  await page.goto(`${facts.url}/camera/${past.cameras[4]!.id}?at=${new Date(past.from + 60_000).toISOString()}&case=${two}`);
  await expect(page.locator(".tile")).toContainText("案件");
  await shot(page, "camera-outside");
  await page.selectOption("#case", village); // which allows it
  await playing(page, 1);
});

test("the footage of a case is looked for in its time and place; what else it does not allow is said, with a way back", async ({ page }) => {
  await signedIn(page, people.other, "/cases");
  const [from, to] = [past.from + 20 * 60_000, past.from + 40 * 60_000];
  const file = await opened(page, "B5", { divisions: [facts.villages[0]] }, { from: new Date(from).toISOString(), to: new Date(to).toISOString() });
  await page.reload();
  const card = page.locator(`[data-case=${file}]`);
  await expect(card).toContainText("下纳灰村");
  await card.locator("[data-test=look]").click();
  await playing(page, 4);
  await expect(page.locator("#case")).toHaveValue(file);
  await expect(page.locator("#place")).toHaveValue("兴义市万峰林街道下纳灰村");
  await expect(page.locator("#from")).toHaveValue(wall(from));
  await expect(page.locator("#to")).toHaveValue(wall(to));
  await expect(page.locator("[data-test=only]")).toHaveCount(0);

  await page.fill("#from", wall(past.from));
  await page.fill("#to", wall(past.to));
  await page.click("[data-test=go]");
  await expect(page.locator("[data-test=only]")).toHaveText(`案件只允许看 ${wall(from)} 至 ${wall(to)}`);
  await expect(page.locator(".results [role=alert]")).toHaveCount(0);
  await playing(page, 4);
  await shot(page, "search-case-partly");

  const refused = page.locator(".results [role=alert]");
  await page.click('button:has-text("最近 30 分钟")');
  await expect(refused).toContainText(`案件只允许看 ${wall(from)} – ${wall(to)}`);
  await expect(refused.locator('button:has-text("重试")')).toHaveCount(0);
  await expect(page.locator("[data-test=only]")).toHaveCount(0); // it is said once
  await shot(page, "search-case-outside");
  await page.goto(address({ division: facts.villages[0], case: file })); // the last half hour
  await expect(refused).toContainText(wall(from));
  await page.click("[data-test=in-case]");
  await expect(refused).toHaveCount(0);
  await expect(page.locator("#from")).toHaveValue(wall(from));
  await playing(page, 4);
});

test("who has opened a case is led to its footage", async ({ page }) => {
  await signedIn(page, people.officer, "/cases?new=yes");
  await page.fill("#case-number", "A522301-9");
  await page.fill("#case-class", "盗窃");
  await page.fill("#case-reason", "三头黄牛被盗");
  await page.fill("#case-from", wall(past.from + 600_000));
  await page.fill("#case-to", wall(past.from + 1200_000));
  await page.locator("[data-test=case-form] #place").fill("xnhc");
  await page.locator('[role=option]:has-text("下纳灰村")').first().waitFor();
  await page.keyboard.press("Enter");
  const places = page.locator("[data-test=case-form] fieldset > ul > li");
  await expect(places).toHaveCount(1);
  await page.locator("[data-test=case-form] #place").fill("104.9,25.09");
  await page.locator("[role=option]").first().waitFor();
  await page.keyboard.press("Enter");
  await expect(places.nth(1)).toContainText("500");
  const device = (n: number) => `telecom:${facts.villages[0].slice(6)}-0${n}`;
  await page.fill("#case-cameras", `${device(1)}，${device(2)}`);
  await page.click("[data-test=open]");
  await page.locator(".notices button", { hasText: "看录像" }).click();
  await playing(page, 4);
  await expect(page.locator("#case option:checked")).toContainText("A522301-9");
  await expect(page.locator("#from")).toHaveValue(wall(past.from + 600_000));
  await expect(page.locator("#to")).toHaveValue(wall(past.from + 1200_000));
  await page.click('nav a[href="/cases"]');
  const file = page.locator("[data-case]", { hasText: "A522301-9" });
  for (const part of ["下纳灰村", "周围 500 米", "摄像头 "]) await expect(file).toContainText(part);
});

test("a carrier's clerk is told that search and audit are not theirs, and what is", async ({ page }) => {
  await signedIn(page, people.carrier);
  await expect(page).toHaveURL(/\/cameras$/);
  await page.goto(`${facts.url}/?place=x`);
  const said = page.locator("[data-test=not-allowed]");
  await expect(said).toContainText("你的角色没有这一页");
  await expect(said.locator("a")).toHaveText(["我的账号", "设置", "摄像头"]);
  await sound(page, "not allowed");
  await shot(page, "not-allowed");
  await page.click('[data-test=not-allowed] a[href="/cameras"]');
  await expect(page.locator("main tbody tr").first()).toContainText("下纳灰村");
  // A camera of theirs has a state and a timeline, and no pictures.
  await page.goto(`${facts.url}/camera/${camera.id}`);
  await expect(page.locator("[data-test=why]")).toContainText("只有状态");
});

test("the list of cases, and what a role does not have, look as they did", async ({ page }) => {
  await page.route(/\/api\/v1\/cases(\?.*)?$/, (r) => r.fulfill({ json: cases }));
  await page.route(`**/api/v1/cameras/${camera.id}`, (r) => r.fulfill({ json: { id: camera.id, name: camera.name } }));
  await signedIn(page, people.officer, "/cases");
  await expect(page.locator("[data-case]")).toHaveCount(cases.items!.length);
  await expect(page.locator("[data-case]").first()).toContainText(past.cameras[0]!.name);
  await page.setViewportSize({ width: 1440, height: 1200 });
  await still(page);
  await expect(page).toHaveScreenshot("cases.png");
  await page.setViewportSize({ width: 390, height: 844 });
  await still(page);
  await expect(page).toHaveScreenshot("cases-phone.png");
  await page.setViewportSize({ width: 1440, height: 900 });
  await instead(page, people.carrier);
  await page.goto(`${facts.url}/audit`);
  await expect(page.locator("[data-test=not-allowed]")).toBeVisible();
  await still(page);
  await expect(page).toHaveScreenshot("not-allowed.png");
  await page.setViewportSize({ width: 390, height: 844 });
  await still(page);
  await expect(page).toHaveScreenshot("not-allowed-phone.png");
});

test("a session that ends in the middle: it is said, and leads back to where one was", async ({ page }) => {
  await signedIn(page, people.other, "/settings");
  const file = await opened(page, "B3", { divisions: [facts.villages[0]] });
  await page.goto(`${around(past.from, past.to, { at: new Date(past.from + 600_000).toISOString() })}&case=${file}`);
  await playing(page, 4);
  await page.click("[data-test=play]");
  const where = () => ["case", "near", "from", "to", "tiles"].map((k) => new URL(page.url()).searchParams.get(k));
  await expect.poll(where).not.toContain(null); // the address has followed
  const before = where();
  expect((await page.request.delete(`${facts.url}/api/v1/session`)).status()).toBe(204);
  await page.click("[data-test=go]");
  await expect(page).toHaveURL(/\/sign-in/);
  await expect(page.locator("[data-test=why]")).toContainText("登录已失效");
  await shot(page, "session-ended");
  await enter(page, people.other);
  await playing(page, 4);
  await expect.poll(where).toEqual(before);
});

test("who was led here is told why, and nobody is led to another site", async ({ page }) => {
  await page.goto(`${facts.url}/cases?state=open`);
  await expect(page.locator("[data-test=why]")).toContainText("请先登录");
  await page.click('button:has-text("English")');
  await expect(page.locator("h1")).toHaveText("Sign in");
  await page.click('button:has-text("中文")');
  await fill(page, people.second);
  await page.waitForURL(`${facts.url}/cases?state=open`);
  await page.click("[data-test=sign-out]");
  await page.waitForURL(`${facts.url}/sign-in`);
  for (const evil of ["//evil.example/", "/.//evil.example/", "/\\evil.example", "https://evil.example/"]) {
    await page.goto(`${facts.url}/sign-in?back=${encodeURIComponent(evil)}`);
    await fill(page, people.second);
    await page.waitForURL(`${facts.url}/`);
    await page.click("[data-test=sign-out]");
    await page.waitForURL(`${facts.url}/sign-in`);
  }
});

test("a one-time link sets a password; a used one says so", async ({ page }) => {
  await page.goto(facts.links.used);
  await expect(page).toHaveURL(`${facts.url}/sign-in`); // what stood behind # is gone
  await expect(page.locator("h1")).toHaveText("设置密码");
  await expect(page.locator("#login")).toHaveCount(0);
  await page.fill("#password", "another long password");
  await page.fill("#again", "another long password");
  await page.click("[data-test=go]");
  await expect(page.locator("[data-test=trouble]")).toContainText("已过期或已用过");
  await page.goto("about:blank");
  await page.goto(facts.links.fresh);
  await page.fill("#password", "short");
  await page.fill("#again", "short");
  await page.click("[data-test=go]");
  await expect(page.locator("[data-test=trouble]")).toContainText("至少 10 个字符");
  await page.fill("#password", "another long password");
  await page.fill("#again", "another long pasword");
  await page.click("[data-test=go]");
  await expect(page.locator("[data-test=trouble]")).toContainText("不一样");
  await sound(page, "link");
  await shot(page, "link");
  await page.fill("#again", "another long password");
  await page.click("[data-test=go]");
  await page.waitForURL(`${facts.url}/`);
  await expect(page.locator("[data-test=me]")).toContainText("新来的");
});

test("the bureau's directory is offered where there is one, and why it let nobody in is said", async ({ page }) => {
  await page.route("**/api/v1/session/ways", (r) => r.fulfill({ json: { directory: true } }));
  await page.goto(`${facts.url}/sign-in?back=/cases&failed=directory_unit`);
  await expect(page.locator("[data-test=failed]")).toContainText("单位尚未建立");
  await expect(page.locator("#directory")).toHaveAttribute("href", "/api/v1/session/directory?back=%2Fcases");
  await sound(page, "directory");
  await page.goto(`${facts.url}/sign-in?failed=made_up`);
  await expect(page.locator("[data-test=failed]")).toContainText("登录失败");
});

test("a household sees who looked; everybody changes their own password", async ({ page }) => {
  await signedIn(page, people.household);
  await expect(page).toHaveURL(/\/me$/);
  await expect(page.locator("[data-test=own]")).toContainText(camera.name);
  await expect(page.locator("[data-test=own]")).toContainText("案件结束后显示");
  await sound(page, "me");
  await shot(page, "me");
  // What was seen before there were accounts has neither unit nor class.
  const entry = (more: object) => ({ at: new Date(past.from).toISOString(), from: null, to: null, ...more });
  await page.route("**/api/v1/cameras/*/viewings*", (r) => r.fulfill({ json: { items: [entry({}), entry({ unit: "XY", class: "盗窃" })], later: 0 } }));
  await page.reload();
  await expect(page.locator("[data-test=own] li").first()).toContainText("未启用账号时查看");
  await expect(page.locator("[data-test=own] li").nth(1)).toContainText("XY · 盗窃");
  await page.unroute("**/api/v1/cameras/*/viewings*");
  await page.fill("#old", "wrong password");
  await page.fill("#fresh", "yet another long one");
  await page.fill("#again", "yet another long one");
  await page.click("[data-test=password-form] button");
  await expect(page.locator("[data-test=password-form] [role=alert]")).toContainText("不对");
  await page.fill("#old", facts.password);
  await page.click("[data-test=password-form] button");
  await expect(page.locator("[data-test=password-form] [role=status]")).toContainText("密码已修改");
  await page.click("[data-test=sign-out]");
  await fill(page, people.household, "yet another long one");
  await page.waitForURL(`${facts.url}/me`);
});

/** shown is what a phone shows for a secret (RFC 6238), so many steps from now. */
function shown(secret: string, steps = 0): string {
  const bits = [...secret].map((c) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(c).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((b) => parseInt(b, 2)));
  const count = Buffer.alloc(8);
  count.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + steps));
  const mac = createHmac("sha1", key).update(count).digest();
  return String((mac.readUInt32BE(mac[19]! & 15) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

test("a second factor is turned on with the password, and taken to another phone with its code", async ({ page }) => {
  await signedIn(page, people.phone, "/me");
  const form = page.locator("[data-test=factor-form]");
  const go = form.locator("button").first();
  await page.fill("#factor-password", "wrong password");
  await go.click();
  await expect(form.locator("[role=alert]")).toContainText("不对");
  await page.fill("#factor-password", facts.password);
  await go.click();
  await expect(page.locator("#qr")).toBeVisible();
  // What was drawn too long ago is drawn anew.
  const late = { status: 422, code: "factor_not_drawn", title: "", detail: "", next: "" };
  await page.route("**/api/v1/session/second-factor", (r) => r.fulfill({ status: 422, contentType: "application/problem+json", json: late }));
  await page.fill("#shown", "123456");
  await go.click();
  await expect(form.locator("[role=alert]")).toContainText("二维码已失效");
  await expect(page.locator("#qr")).toHaveCount(0);
  await page.unroute("**/api/v1/session/second-factor");
  await page.fill("#factor-password", facts.password);
  await go.click();
  const first = await page.locator("[data-test=secret]").innerText();
  await page.fill("#shown", shown(first));
  await go.click();
  await expect(page.locator("[data-test=factor]")).toContainText("已启用");

  await page.fill("#factor-password", facts.password);
  await page.fill("#factor-code", "000000");
  await go.click();
  await expect(form.locator("[role=alert]")).toContainText("不对");
  await page.fill("#factor-password", facts.password);
  await page.fill("#factor-code", shown(first, 1)); // each works once
  await go.click();
  await expect(page.locator("#qr")).toBeVisible();
  await page.fill("#shown", shown(await page.locator("[data-test=secret]").innerText()));
  await go.click();
  await expect(form.locator("[role=status]")).toBeVisible();
});

test("a case that reaches far waits for another officer, who approves it; it is closed in the end", async ({ page }) => {
  await signedIn(page, people.other, "/cases");
  const far = await opened(page, "B4", { divisions: ["5223"] }, { to: new Date(past.to + 48 * 3600_000).toISOString(), growth: true });
  await page.reload();
  const card = page.locator(`[data-case=${far}]`);
  await expect(card).toContainText("待审批");
  await expect(card).toContainText("录像 56 小时（一人可批至 24 小时）");
  await expect(card.locator("[data-test=look]")).toHaveCount(0);
  await instead(page, people.second);
  await page.goto(`${facts.url}/cases?state=waiting`);
  await expect(page.locator("[data-case]")).toHaveCount(1);
  await card.locator('button:has-text("同意")').first().click();
  await page.fill("#case-note", "同意，范围合理");
  await shot(page, "case-approve");
  await page.click("dialog [data-test=done]");
  await expect(page.locator("[data-test=none]")).toContainText("没有这样的案件");
  await page.selectOption("#standing", "");
  await expect(card).toContainText("同意，范围合理");
  await page.reload();
  await expect(card).toContainText("进行中");
  await expect(page.locator(`#case option[value=${far}]`)).toHaveCount(0); // theirs to approve, not to see footage for
  await instead(page, people.other);
  await page.goto(`${facts.url}/cases`);
  await card.locator('button:has-text("添加一跳")').click();
  await page.fill("#hop-camera", "no such camera");
  await page.click("dialog [data-test=done]");
  await expect(page.locator("dialog [role=alert]")).toContainText("没有这个摄像头");
  await page.fill("#hop-camera", camera.id);
  await page.fill("#hop-at", wall(past.from + 3600_000));
  await page.click("dialog [data-test=done]");
  await expect(card).toContainText(`${camera.name} ${wall(past.from + 3600_000)}`);
  await card.locator('button:has-text("结束案件")').click();
  await page.click("dialog [data-test=done]");
  await expect(card).toHaveAttribute("data-state", "closed");
});

test("an emergency counts with the auditor, who reviews what nobody approved", async ({ page }) => {
  await signedIn(page, people.second, "/cases");
  await page.click("[data-test=emergency]");
  await page.fill("#emergency-reason", "走失老人，查找去向");
  await page.click("dialog [data-test=done]");
  const card = page.locator("[data-case]", { hasText: "走失老人" });
  await expect(card).toHaveAttribute("data-state", "open");
  await expect(page.locator("#case")).toContainText("紧急调阅");
  await card.locator("[data-test=look]").click();
  await expect(page).toHaveURL(new RegExp(`^${facts.url}/\\?`));
  await expect(page.locator("#case option:checked")).toContainText("走失老人");
  const seen = facts.live[0]!;
  await page.goto(`${facts.url}/cameras?q=${encodeURIComponent(seen.name)}`);
  await page.click(`main a[href="/camera/${seen.id}"]`);
  await page.goto(`${facts.url}/camera/${seen.id}?at=${new Date(facts.live_from + 120_000).toISOString()}`);
  await playing(page, 1);
  await page.goto(`${facts.url}/cases`);
  await card.locator('button:has-text("转为案件")').click();
  await page.fill("#adopt-number", "A522301-8");
  await page.fill("#adopt-class", "走失人员");
  await page.click("dialog [data-test=done]");
  await expect(card).toContainText("A522301-8");
  await card.locator('button:has-text("同案人员")').click();
  await page.fill("dialog #case-members", `${people.second}，${people.other}`);
  await page.click("dialog [data-test=done]");
  await expect(card.locator("dd", { hasText: new RegExp(`^(?=.*${people.second})(?=.*${people.other})`) })).toHaveCount(1);
  await instead(page, people.auditor);
  await page.waitForURL(`${facts.url}/audit`);
  await page.goto(`${facts.url}/audit?kind=viewing.open&who=${people.second}`);
  const entry = page.locator("main tbody tr", { hasText: seen.name }).filter({ hasText: "走失老人，查找去向" });
  await expect(entry.first()).toContainText(`${people.second}XY`);
  await page.click('nav a:has-text("案件")');
  await expect(page.locator("[data-test=count] tbody tr").first()).toHaveText(new RegExp(`${people.second}.*XY.*1.*1.*0`));
  await expect(page.locator("[data-test=new]")).toHaveCount(0);
  await expect(page.locator("[data-case]", { hasText: "B4" })).toContainText("黔西南布依族苗族自治州 5223"); // an area by its name
  await sound(page, "cases of an auditor");
  await shot(page, "cases-auditor");
  // The hop of the test before waits for a review.
  await page.selectOption("#standing", "due");
  const due = page.locator("[data-case]", { hasText: "B4" });
  await due.locator('button:has-text("审核")').click();
  await expect(page.locator("dialog [data-test=done]")).toBeDisabled(); // without a finding
  await page.fill("#case-note", "扩展有据");
  await page.click("dialog [data-test=done]");
  await expect(page.locator("[data-test=none]")).toContainText("没有这样的案件");
});

test("cases that cannot be loaded: why, which are still shown, and again by itself", async ({ page }) => {
  await signedIn(page, people.officer, "/settings");
  await opened(page, "B10", { divisions: [facts.villages[0]] });
  await page.click('nav a:has-text("案件")');
  await expect(page.locator("[data-case]").first()).toBeVisible();
  await page.route("**/api/v1/cases*", (r) => r.abort());
  await page.selectOption("#standing", "expired");
  await expect(page.locator("main [role=alert]", { hasText: "连不上服务器" })).toBeVisible();
  await expect(page.locator("[data-test=still-of]")).toContainText("没有换成“已过期”：下面仍是“全部案件”");
  await expect(page.locator("[data-case]").first()).toBeVisible();
  await shot(page, "cases-still-of");
  await page.unroute("**/api/v1/cases*");
  await expect(page.locator("[data-test=none]")).toContainText("没有这样的案件");
});

test("a link that names a case which is over, or somebody else's, chooses no other", async ({ page }) => {
  await signedIn(page, people.other, "/settings");
  const foreign = await opened(page, "C0", { divisions: [facts.villages[0]] });
  await instead(page, people.second);
  await page.goto(`${facts.url}/settings`);
  const end = async (id: string) => expect((await page.request.post(`${facts.url}/api/v1/cases/${id}/closing`, { data: { note: "" } })).ok()).toBe(true);
  const { items } = await (await page.request.get(`${facts.url}/api/v1/cases?state=open`)).json();
  for (const c of items ?? []) if (c.may.work) await end(c.id);
  const over = await opened(page, "C1", { divisions: [facts.villages[0]] });
  await end(over);
  const open = await opened(page, "C2", { divisions: [facts.villages[0]] });
  const viewings: string[] = [];
  page.on("request", (r) => r.method() === "POST" && r.url().endsWith("/api/v1/viewings") && viewings.push(r.url()));
  const missed = page.locator("main [data-test=missed]");
  const at = new Date(past.from + 60_000).toISOString();
  const here = new URL(around(past.from, past.to)).search.slice(1);
  const links = [`/?${here}`, `/trace?camera=${camera.id}&at=${at}`, `/camera/${camera.id}?at=${at}`];
  for (const path of links) {
    await page.goto(`${facts.url}${path}&case=${over}`);
    await expect(missed, path).toContainText("链接里的案件“C1”已结束");
    await expect(missed, path).toContainText("没有替你改用别的案件");
    await shot(page, `case-missed-${path.replace(/\W.*|^\//g, "") || links.indexOf(path)}`);
    await page.locator("#case").focus(); // which loads them again
    await expect(page.locator("#case")).toHaveValue("");
  }
  await page.goto(`${facts.url}${links[0]}&case=${foreign}`);
  await expect(missed).toContainText("不存在，或与你无关");
  await page.locator("#case").focus();
  await expect(page.locator("#case")).toHaveValue("");
  expect(viewings).toEqual([]);
  await page.selectOption("#case", open);
  await playing(page, 4);
  await expect(missed).toHaveCount(0);
  const named = () => new URL(page.url()).searchParams.get("case");
  await expect.poll(named).toBe(open);
  // Pages of a route and of a camera keep the case in their address, too.
  for (const path of links.slice(1)) {
    await page.goto(`${facts.url}${path}`);
    await playing(page, 1);
    await expect.poll(named, path).toBe(open);
  }
  await page.goto(`${facts.url}${links[2]}&case=${over}`); // the link alone says so: who opens the page without it has the only case that is open
  await expect(missed).toBeVisible();
  await page.goto(`${facts.url}/`);
  await expect(page.locator("#case")).toHaveValue(open);
});

test("a moment in the address of a camera's page stays for who sees no pictures", async ({ page }) => {
  const at = new Date(past.from + 60_000).toISOString();
  await signedIn(page, people.carrier, `/camera/${camera.id}?at=${at}`);
  const asked = () => new URL(page.url()).searchParams.get("at");
  const chosen = page.locator('[data-test=day][aria-pressed="true"]');
  await expect(chosen).toHaveAttribute("aria-label", new RegExp(wall(past.from).slice(0, 10)));
  await page.locator("[data-test=day]").nth(-3).click();
  await expect.poll(asked).not.toBe(at);
  const [label, before] = [await chosen.getAttribute("aria-label"), asked()];
  expect(before).not.toBeNull();
  await page.reload();
  await expect(chosen).toHaveAttribute("aria-label", label!);
  expect(asked()).toBe(before);
});

for (const path of ["/sign-in", "/cases?new=yes", "/me", "/settings"]) {
  test(`usable at 390 px, by axe as well: ${path}`, async ({ page }) => {
    await page.setViewportSize({ width: 390, height: 844 });
    if (path === "/sign-in") await page.goto(`${facts.url}${path}`);
    else await signedIn(page, people.officer, path);
    await page.waitForSelector("main h1, main h2");
    await sound(page, path);
    await shot(page, `phone-${path.replace(/\W+/g, "-")}`);
  });
}

test("English is complete on the new pages", async ({ page }) => {
  await signedIn(page, people.second, "/me");
  await page.click('button:has-text("English")');
  for (const path of ["/me", "/cases?new=yes"]) {
    await page.goto(`${facts.url}${path}`);
    await page.waitForSelector("main h1");
    await page.waitForTimeout(500);
    await shot(page, `english-${path.replace(/\W+/g, "-")}`);
    const words = await page.evaluate(() => {
      for (const theirs of document.querySelectorAll("dd, [data-case] h2, #case")) theirs.remove(); // what people wrote
      return document.body.innerText;
    });
    expect(words.replace("中文", "").match(/[一-鿿]+/g), path).toBeNull();
  }
});

test("an investigator's case that reaches until now: the newest picture, live of cameras that are away, and half an hour back", async ({ page }) => {
  await signedIn(page, people.other, "/settings");
  const span = { from: new Date(Date.now() - 7200_000).toISOString(), to: new Date(Date.now() + 7200_000).toISOString() };
  const file = await opened(page, "B9", { divisions: [facts.villages[1]] }, span);
  const id = facts.live[0]!.id;
  await page.goto(`${facts.url}/camera/${id}?case=${file}`);
  await expect(page.locator("[data-test=newest]")).toContainText(/（\d+:\d\d 前）/);
  const download = page.waitForEvent("download");
  await page.click("[data-test=save]");
  await download;
  await shot(page, "camera-newest-case");
  await page.click("[data-test=watch]");
  await expect(page.locator(".tile")).toHaveAttribute("data-kind", "away", { timeout: 2000 });
  await expect.poll(() => new URL(page.url()).searchParams.get("live")).toBe("1");
  await page.reload();
  await expect(page.locator(".tile")).toHaveAttribute("data-kind", "away");
  await page.click('button:has-text("30 分钟前")');
  await playing(page, 1);

  const { lon, lat } = await (await page.request.get(`${facts.url}/api/v1/cameras/${id}`)).json();
  await page.goto(`${facts.url}/?near=${lon},${lat}&radius_m=500&place=x&live=1&case=${file}`);
  await expect(page.locator(".tile[data-kind=away]")).toHaveCount(4);
  const asked: string[] = [];
  page.on("request", (r) => r.method() === "POST" && asked.push(new URL(r.url()).pathname));
  await page.waitForTimeout(22_000); // what was recorded since is asked for twice
  expect(asked).toEqual([]); // in the viewings that there are
  await page.click('button:has-text("30 分钟前")');
  await playing(page, 4);
});
