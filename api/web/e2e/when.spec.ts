import type { Page } from "@playwright/test";
import { address, around, expect, facts, Hand, look, playing, shot, test, wall } from "./site";

const { past } = facts;
const asked = (page: Page, name: string) => new URL(page.url()).searchParams.get(name);

test("a day and its hours are picked by clicks alone", async ({ page }) => {
  await page.goto(address({ near: past.point.join(","), radius_m: 500, place: "路口" })); // the last half hour
  await expect(page.locator(".results")).toContainText("这段时间没有录像");
  const hand = new Hand(page);
  const month = page.locator(".month");
  /** pick opens the calendar of a field and clicks day and hour. */
  async function pick(id: string, at: number) {
    const [day, time] = wall(at).split(" ") as [string, string];
    await hand.click(`.time:has(#${id}) > button`);
    await expect(month).toBeVisible();
    while ((await month.locator("strong").textContent()) !== day.slice(0, 7)) await month.locator('button[aria-label="上个月"]').click();
    await hand.click(`.month button[aria-label="${day}"]`);
    await hand.click(`.month [role=group][aria-label="时"] button:text-is("${time.slice(0, 2)}")`);
    await expect(page.locator(`#${id}`)).toHaveValue(wall(at));
    await expect(month).toHaveCount(0);
  }
  await pick("from", past.from);
  await hand.click(".time:has(#from) > button");
  await expect(page.locator(".month .chosen")).toHaveText([String(Number(wall(past.from).slice(8, 10))), "09", ":00"]);
  await shot(page, "picker");
  await hand.click('.month [role=group][aria-label="分"] button:text-is(":30")');
  await expect(page.locator("#from")).toHaveValue(wall(past.from + 1_800_000));
  await pick("to", past.to);
  await hand.click("[data-test=go]");
  await playing(page, 4);
  expect(hand.clicks).toBe(9);
  await expect.poll(() => [asked(page, "from"), asked(page, "to")].map((s) => Date.parse(s ?? ""))).toEqual([past.from + 1_800_000, past.to]);
  await expect(page.locator("#to")).toHaveValue(wall(past.to));
});

test("ten minutes around what is on screen, and half an hour before it", async ({ page }) => {
  await page.goto(around(past.from, past.to, { at: new Date(past.from + 4_000_000).toISOString() }));
  const second = async () => Math.floor((await look(page)).clock / 1000) * 1000;
  for (const [button, before, after] of [["此刻前后 10 分钟", 600_000, 600_000], ["此刻前 30 分钟", 1_800_000, 0]] as const) {
    await playing(page, 4);
    await expect(page.locator("[data-test=play]")).toHaveText("播放"); // it stands
    const at = await second();
    await page.click(`button:has-text("${button}")`);
    const want = [at - before, at + after];
    for (const [i, id] of ["from", "to"].entries()) await expect(page.locator(`#${id}`)).toHaveValue(wall(want[i]!));
    await expect.poll(() => [asked(page, "from"), asked(page, "to")].map((s) => Date.parse(s ?? ""))).toEqual(want);
    await expect.poll(async () => Math.abs((await second()) - want[0]!)).toBeLessThan(60_000); // it plays from its start
    await page.keyboard.press("k");
  }
});
