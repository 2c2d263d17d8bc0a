import { around, expect, facts, look, off, playing, read, test, wall } from "./site";

const { past } = facts;
const frame = 1000 / past.fps;
const group = 2000; // ms from a key frame to the next

const middle = (list: number[]) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)]!;

test("pictures advance by the rate, from half to sixteen times", async ({ page }) => {
  await page.goto(around(past.from, past.to, { at: new Date(past.from + 600_000).toISOString() }));
  await playing(page, 4);
  await page.keyboard.press("k");
  for (const rate of [0.5, 2, 4, 8, 16]) {
    await page.click(`.rates button:text-is("${rate}×")`);
    const from = (await look(page)).clock;
    await expect.poll(async () => (await look(page)).clock - from).toBeGreaterThan(200 * rate); // it goes on
    const began = performance.now();
    const first = await look(page);
    const looks = [first];
    while (looks.at(-1)!.clock - first.clock < 1200 * rate) {
      await page.waitForTimeout(100);
      looks.push(await look(page));
    }
    const wide = looks.at(-1)!.clock - first.clock;
    const speed = wide / (performance.now() - began);
    console.log(`${rate}×: ${speed.toFixed(2)} on this machine`);
    expect(speed).toBeLessThan(rate * 1.3);
    expect(speed).toBeGreaterThan(rate * 0.5); // the clock waits for tiles that load
    // The page writes its clock ten times a second, a picture stands until the next one, and from 8× on key frames alone are shown.
    const most = 100 * rate + 1000 * Math.max(0.35, 0.25 * rate) + (rate < 8 ? frame : group);
    for (const i of [0, 1, 2, 3]) {
      const seen = looks.filter((l) => l.numbers[i] != null);
      expect(seen.length).toBeGreaterThan(looks.length / 2);
      expect(middle(seen.map((l) => Math.abs(off(l.numbers[i]!, l.clock))))).toBeLessThanOrEqual(most);
      expect(new Set(seen.map((l) => l.numbers[i])).size).toBeGreaterThan(1);
    }
  }
});

test("the timeline shows a picture of the moment under the pointer, and none where there is none", async ({ page }) => {
  await page.goto(around(past.from, past.to, { at: new Date(past.from + 600_000).toISOString() }));
  await playing(page, 4);
  const line = (await page.locator(".line canvas[role=slider]").boundingBox())!;
  const ids = await page.$$eval("tr[data-camera]", (all) => all.map((e) => e.getAttribute("data-camera")));
  const preview = page.locator(".preview");
  /** hover is over a moment in a camera's row; it tells the moment that the page says. */
  async function hover(camera: string, at: number): Promise<number> {
    const x = 140 + ((line.width - 140) * (at - past.from)) / (past.to - past.from);
    await page.mouse.move(line.x + x, line.y + 38 + 24 * ids.indexOf(camera) + 12);
    await expect(preview).toBeVisible();
    const time = /\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/;
    await expect(preview).toContainText(time);
    const said = Date.parse(`${time.exec((await preview.textContent())!)![0].replace(" ", "T")}+08:00`);
    expect(Math.abs(said - at)).toBeLessThan(60_000);
    return said;
  }
  for (const [i, at] of [past.from + 1_234_000, past.from + 5 * 3600_000, past.from + 7 * 3600_000 + 777_000].entries()) {
    const said = await hover(past.cameras[i]!.id, at);
    await expect(preview).toContainText(past.cameras[i]!.name);
    const fits = async () => {
      const image = preview.locator("img");
      if (!(await image.count())) return Infinity;
      await image.evaluate((e: HTMLImageElement) => e.decode());
      const [n] = (await read(page, ".preview img")).numbers;
      return n == null ? Infinity : Math.abs(off(n, said));
    };
    await expect.poll(fits).toBeLessThanOrEqual(group + 1000); // a key frame's; the text has whole seconds
  }
  await hover(past.cameras[1]!.id, (past.gap[0] + past.gap[1]) / 2);
  await expect(preview).toContainText("录像缺失：");
  await expect(preview.locator("img")).toHaveCount(0);
  await page.mouse.move(line.x + 300, line.y - 200);
  await expect(preview).toBeHidden();
});

test("in and out are marked by keys; a later in takes an earlier out away", async ({ page }) => {
  const at = past.from + 600_000;
  await page.goto(around(past.from, past.to, { at: new Date(at).toISOString() }));
  await playing(page, 4);
  const bar = page.getByRole("toolbar");
  const basket = page.locator("[data-test=basket]");
  const time = (t: number) => wall(t).slice(11);
  await expect(basket).toBeDisabled();
  await page.keyboard.press("e");
  await expect(page.locator(".notices")).toContainText("先标记入点和出点");
  await page.keyboard.press("i");
  for (const key of ["l", "l", "o"]) await page.keyboard.press(key);
  await expect(bar).toContainText(`${time(at)} 至 ${time(at + 20_000)}`);
  // An out before its in is the start of another pair.
  for (const key of ["j", "j", "j", "o"]) await page.keyboard.press(key);
  await expect(basket).toBeDisabled();
  await page.keyboard.press("j");
  await page.keyboard.press("i");
  await expect(bar).toContainText(`${time(at - 20_000)} 至 ${time(at - 10_000)}`);
  await page.keyboard.press("e");
  await expect(page.locator(".notices")).toContainText("已加入下载：4 个摄像头");
  await bar.locator('button[aria-label="清除标记"]').click();
  await expect(bar).not.toContainText("至");
  await expect(basket).toBeDisabled();
});

test("the next footage: by its button and by N, and it is said where there is none", async ({ page }) => {
  const moment = async () => Math.abs((await look(page)).clock - past.gap[1]);
  const next = page.getByRole("toolbar").getByRole("button", { name: "下一段录像" });
  for (const go of [() => next.click(), () => page.keyboard.press("n")]) {
    await page.goto(around(past.from, past.to, { at: new Date(past.gap[0] - 600_000).toISOString(), layout: 1, tiles: past.cameras[1]!.id }));
    await playing(page, 1);
    await go();
    await expect.poll(moment).toBeLessThan(1000); // behind the gap
    await playing(page, 1);
    await expect.poll(async () => Math.abs(off((await look(page)).numbers[0] ?? NaN, past.gap[1]))).toBeLessThanOrEqual(1000);
    await go();
    await expect(page.locator(".notices")).toContainText("之后没有录像");
    expect(await moment()).toBeLessThan(1000);
  }
});
