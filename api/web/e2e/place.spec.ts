import { expect, facts, playing, test } from "./site";

const { past } = facts;
const asked = (name: string, url: string) => new URL(url).searchParams.get(name);

test("a click on the bare map searches around the place that was clicked", async ({ page }) => {
  const [lon, lat] = past.point;
  const zoom = 16;
  await page.goto(`${facts.url}/?${new URLSearchParams({ map: `${lon},${lat},${zoom}`, from: new Date(past.from).toISOString(), to: new Date(past.to).toISOString() })}`);
  await expect(page.locator(".ol-scale-line-inner")).toHaveText(/^\d+ m$/);
  const box = (await page.locator(".camera-map").boundingBox())!;
  const [east, south] = [100, 60]; // pixels from the middle, where no camera stands
  await page.mouse.click(box.x + box.width / 2 + east, box.y + box.height / 2 + south);
  await playing(page, 4);
  const degree = 360 / (256 * 2 ** zoom); // of longitude, in a pixel
  const want = [lon + east * degree, lat - south * degree * Math.cos((lat * Math.PI) / 180)];
  await expect.poll(() => {
    const near = asked("near", page.url())?.split(",").map(Number) ?? [0, 0];
    return Math.max(...near.map((x, i) => Math.abs(x - want[i]!))) / degree;
  }).toBeLessThan(2);
  await expect(page.locator("#place")).toHaveValue(/^104\.\d{5},25\.\d{5}$/);
  await expect(page.locator("[data-test=count]")).toContainText("6 个");
  // The nearest come first, and are those that play.
  const far = await page.locator("tr[data-camera]").evaluateAll((all) => all.map((r) => r.getAttribute("data-camera")));
  const shown = await page.locator(".tile").evaluateAll((all) => all.map((r) => r.getAttribute("data-camera")));
  expect(shown).toEqual(far.slice(0, 4));
});
