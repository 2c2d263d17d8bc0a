import type { Page } from "@playwright/test";
import { expect, facts, look, playing, shot, test } from "./site";
import { instead, opened, signedIn } from "./people";
import { sound, within } from "./sound";
import { reach, walk } from "./tab";

// What an investigator does beyond a search: a route, and an emergency from any page.

const { past, people } = facts;
const minute = 60_000;

/** hops are those of the route on screen: a camera, and when, as the address has them. */
const hops = (page: Page) =>
  (new URL(page.url()).searchParams.get("hops") ?? "").split(",").filter(Boolean).map((h) => {
    const [camera, at] = h.split("@") as [string, string];
    return { camera, at: Number(at) };
  });
const chips = (page: Page) => page.locator("[data-test=hops] li");

test("a route in a case that reaches one camera: the case grows, hops are gone on to and taken back, and all are taken along", async ({ page }) => {
  const at = past.from + 3600_000;
  await signedIn(page, people.patrol, "/settings"); // who has no other case
  const file = await opened(page, "W1", { cameras: [past.cameras[0]!.id] }, { growth: true });
  await page.goto(`${facts.url}/trace?camera=${past.cameras[0]!.id}&at=${new Date(at).toISOString()}&case=${file}`);
  await playing(page, 1);
  await expect(page.locator("#case")).toHaveValue(file);
  await expect(page.locator(".aside")).toContainText("3 公里内没有你的案件够得到的别的摄像头");
  await expect(page.locator("[data-test=next]")).toHaveCount(0);
  await page.locator("section.bar button", { hasText: "扩展案件范围" }).click();
  await expect(page.locator(".notices")).toContainText("案件范围已扩展，待审核");
  await expect(page.locator("[data-test=next]")).toHaveCount(4);
  await playing(page, 5);
  await shot(page, "trace-case-grown");
  const { hops: grown } = await (await page.request.get(`${facts.url}/api/v1/cases/${file}`)).json();
  expect(grown.map((h: { camera: string }) => h.camera)).toEqual([past.cameras[0]!.id]);

  // Two hops on, one back, and another way on: three.
  const next = page.locator("[data-test=next]:enabled");
  const onward = async (n: number) => {
    await next.first().click();
    await expect(chips(page)).toHaveCount(n);
    await expect(next).toHaveCount(4); // what may follow is found
    await playing(page, 5);
    await expect.poll(() => hops(page).length).toBe(n);
  };
  await onward(2);
  const before = hops(page);
  await onward(3);
  const gone = hops(page)[2]!.camera;
  await expect(page.locator(".tile").first()).toHaveAttribute("data-camera", gone);
  const { clock } = await look(page);
  await page.click("[data-test=undo]");
  await expect(chips(page)).toHaveCount(2);
  await expect.poll(() => hops(page)).toEqual(before);
  await expect(page.locator(".tile").first()).toHaveAttribute("data-camera", before[1]!.camera);
  await expect(next).toHaveCount(4);
  await expect(page.locator(`.tile[data-camera="${gone}"]`)).toBeVisible(); // it may be gone on to again
  expect((await look(page)).clock).toBeGreaterThanOrEqual(clock); // the clock is not taken back
  await onward(3);

  await page.keyboard.press("k");
  await expect(page.locator("[data-test=play]")).toHaveText("播放");
  await page.click("[data-test=take-all]");
  await expect(page.locator(".notices")).toContainText("3");
  const now = (await look(page)).clock;
  const route = hops(page);
  const taken: { camera: string; from: number; to: number; case: string }[] = await page.evaluate(() => JSON.parse(localStorage.getItem("qianshao.basket")!));
  expect(taken.map((x) => x.camera)).toEqual(route.map((h) => h.camera));
  taken.forEach((x, i) => {
    expect(x.case).toBe(file);
    expect(x.from, `hop ${i}`).toBe(route[i]!.at - minute);
    if (i < 2) expect(x.to, `hop ${i}`).toBe(route[i + 1]!.at + minute);
    else expect(Math.abs(x.to - now - minute)).toBeLessThan(200);
  });
  await page.click('nav a:has-text("下载")');
  for (const h of route) await expect(page.locator(`[data-phase][data-camera="${h.camera}"]`)).toContainText(/\d [KM]B/); // the server lets them have it
  await expect(page.locator("[data-phase]")).toHaveCount(3);
  await expect(page.locator("main [role=alert]")).toHaveCount(0);

  // Undone to its beginning, and beyond it, a route is none.
  await page.click('nav a:has-text("路径")');
  await playing(page, 5);
  for (const n of [2, 1, 0]) {
    await page.click("[data-test=undo]");
    await expect(chips(page)).toHaveCount(n);
  }
  await expect(page.locator("#trace-at")).toBeVisible();
  await expect(page.locator("[data-test=undo]")).toBeDisabled();
});

test("an emergency is opened from the head of any page, and chosen there", async ({ page }) => {
  await signedIn(page, people.second, "/settings");
  await page.click('header button:has-text("紧急调阅")');
  const dialog = page.locator("dialog");
  await expect(dialog.locator("#emergency-reason")).toBeFocused();
  for (const [width, height] of [[1440, 900], [390, 844]] as const) {
    await page.setViewportSize({ width, height });
    await sound(page, `emergency, ${width} px`);
  }
  await page.setViewportSize({ width: 1440, height: 900 });
  await expect(dialog.locator("[data-test=done]")).toBeDisabled(); // without a reason
  await page.keyboard.press("Escape");
  await expect(dialog).toHaveCount(0);
  await page.click('header button:has-text("紧急调阅")');
  await page.keyboard.type("儿童走失，校门口最后出现");
  await dialog.locator("[data-test=done]").click();
  await expect(dialog).toHaveCount(0);
  await expect(page.locator(".notices")).toContainText("紧急调阅已开始，24 小时内有效");
  await expect(page.locator("#case option:checked")).toContainText("儿童走失");
  await expect(page).toHaveURL(`${facts.url}/settings`);
  // It is one that footage can be seen in.
  await page.goto(`${facts.url}/?near=${past.point.join(",")}&radius_m=500&place=x`);
  await expect(page.locator("#case option:checked")).toContainText("儿童走失");
  await expect(page.locator(".results")).toContainText("这段时间没有录像");
});

test("dialogs of a case keep nobody out", async ({ page }) => {
  await signedIn(page, people.second, "/settings");
  const file = await opened(page, "W2", { cameras: [past.cameras[0]!.id] }, { growth: true });
  const r = await page.request.post(`${facts.url}/api/v1/cases`, { data: { emergency: true, reason: "山林起火" } });
  const { id: emergency } = await r.json();
  await page.goto(`${facts.url}/cases`);
  for (const [id, button] of [[file, "同案人员"], [file, "添加一跳"], [file, "结束案件"], [emergency, "转为案件"]] as const) {
    await page.locator(`[data-case=${id}] button`, { hasText: button }).click();
    await expect(page.locator("dialog")).toBeVisible();
    for (const [width, height] of [[1440, 900], [390, 844]] as const) {
      await page.setViewportSize({ width, height });
      await sound(page, `${button}, ${width} px`);
    }
    await page.keyboard.press("Escape");
    await expect(page.locator("dialog")).toHaveCount(0);
  }
});

test("cases by keyboard alone", async ({ page }) => {
  await signedIn(page, people.second, "/settings");
  const file = await opened(page, "W3", { cameras: [past.cameras[0]!.id] });
  await page.goto(`${facts.url}/cases`);
  await expect(page.locator(`[data-case=${file}]`)).toBeVisible();
  await walk(page);
  // A dialog holds the focus, and gives it back.
  await reach(page, `[data-case=${file}] button:text-is("结束案件")`);
  await page.keyboard.press("Enter");
  await expect(page.locator("#case-note")).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(page.locator(`[data-case=${file}] button`, { hasText: "结束案件" }).first()).toBeFocused(); // the dialog has one, too, until it is gone
  await reach(page, "[data-test=new]");
  await page.keyboard.press("Enter");
  await expect(page.locator("#case-number")).toBeFocused();
  await walk(page); // the form too
});

test("on a wall of screens cases, the register and one's account use its width", async ({ page }) => {
  await page.setViewportSize({ width: 3840, height: 2160 });
  await signedIn(page, people.second, "/settings");
  for (const number of ["W4", "W5", "W6"]) await opened(page, number, { cameras: [past.cameras[0]!.id] });
  await page.goto(`${facts.url}/cases`);
  const left = (selector: string) => page.locator(selector).evaluateAll((all) => all.map((e) => e.getBoundingClientRect().left));
  await expect.poll(async () => new Set((await left("[data-case]")).slice(0, 3)).size).toBe(3); // beside each other
  await shot(page, "cases-wall");
  await page.click("[data-test=new]");
  await shot(page, "case-new-wall");
  await page.goto(`${facts.url}/me`);
  await expect.poll(() => left(".two > *").then((all) => new Set(all).size)).toBe(2);
  await shot(page, "me-wall");
  await instead(page, people.auditor);
  const table = page.locator("main table.list");
  await expect.poll(() => table.evaluate((e) => e.getBoundingClientRect().width)).toBeGreaterThan(3600);
  await within(page);
  await shot(page, "audit-wall");
});
