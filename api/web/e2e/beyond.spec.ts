import { around, expect, facts, playing, shot, test, wall } from "./site";

const { past } = facts;

test("before its cameras were enrolled, a village says since when they are there, and is searched from then on", async ({ page, request }) => {
  const { items } = await (await request.get(`${facts.url}/api/v1/cameras?limit=1000`)).json();
  const { division } = items.find((c: { id: string }) => c.id === facts.live[0]!.id);
  await page.goto(`${facts.url}/?${new URLSearchParams({ division, place: "村", from: new Date(past.from).toISOString(), to: new Date(past.to).toISOString() })}`);
  await expect(page.locator(".results")).toContainText("这里有 4 个摄像头，那时都还没有接入");
  await expect(page.locator(".results")).not.toContainText("半径");
  await expect(page.locator("[data-test=wall] .blank")).toContainText("没有可放的画面");
  await shot(page, "early");
  await page.click("[data-test=since]");
  await expect(page.locator("[data-test=count]")).toContainText("4");
});

test("where nobody has footage, the nearest is named and leads there", async ({ page }) => {
  await page.goto(around(past.to + 3_600_000, past.to + 7_200_000));
  await expect(page.locator(".results")).toContainText("这段时间没有录像");
  await expect(page.locator("[data-test=before]")).toContainText(wall(past.to));
  await shot(page, "nearest");
  await page.click("[data-test=before]");
  await playing(page, 4);
  await expect(page.locator("#to")).toHaveValue(wall(past.to));
});

test("one, four or nine tiles: at once, with the chosen one and the clock", async ({ page }) => {
  await page.goto(around(past.from, past.to, { at: new Date(past.from + 4_000_000).toISOString() }));
  await playing(page, 4);
  const clock = (await page.textContent("[data-test=clock]"))!;
  const tiles = page.locator(".tile");
  const choose = (n: number) => page.click(`[data-test=wall] .head button:text-is("${n}")`);
  await choose(9);
  await expect(tiles).toHaveCount(6);
  await playing(page, 6);
  await tiles.nth(4).click({ position: { x: 30, y: 60 } });
  const chosen = await tiles.nth(4).getAttribute("data-camera");
  await choose(4);
  await expect(tiles).toHaveCount(4);
  await expect(page.locator(".tile.current")).toHaveAttribute("data-camera", chosen!);
  await choose(1);
  await expect(tiles).toHaveCount(1);
  await expect(tiles).toHaveAttribute("data-camera", chosen!);
  await choose(4);
  await playing(page, 4);
  await expect(page.locator(".tile.current")).toHaveAttribute("data-camera", chosen!);
  await expect(page.locator("[data-test=clock]")).toContainText(clock.slice(0, 19));
});

test("all cameras on the map are all, not those found", async ({ page }) => {
  await page.goto(around(past.from, past.to, { at: new Date(past.from + 4_000_000).toISOString() }));
  await playing(page, 4);
  await expect(page.locator(".ol-scale-line-inner")).toHaveText(/^\d+ m$/);
  await page.click('.panel button:has-text("全部摄像头")');
  await expect(page.locator(".ol-scale-line-inner")).toHaveText(/km/); // the villages lie far apart
});
