import { ground, inked } from "./mapview";
import { expect, test } from "./site";

test.use({ site: ground.url });

const [lon, lat] = ground.spot;
/** tileAt is the tile that the spot is on. */
function tileAt(z: number): { x: number; y: number } {
  const rad = (lat * Math.PI) / 180;
  const north = Math.log(Math.tan(rad) + 1 / Math.cos(rad)) / Math.PI;
  return { x: Math.floor(((lon + 180) / 360) * 2 ** z), y: Math.floor(((1 - north) / 2) * 2 ** z) };
}

const share = (all: string[], some: (c: string) => boolean) => all.filter(some).length / all.length;

test("base maps are drawn: from a PMTiles file, of a map service, from an MBTiles file; then none", async ({ page, request }) => {
  const asked = new Set<string>();
  page.on("request", (r) => asked.add(r.url()));
  await page.goto(ground.url);
  const select = page.locator(".tools select");
  await expect(select).toHaveValue("base"); // the first of the settings
  await expect(select.locator("option")).toHaveText(["无底图", "地形", "影像", "底图"]);
  // The file ends at zoom 6; its tile is drawn large.
  const six = tileAt(6);
  await expect.poll(async () => share(await inked(page), (c) => c === `6,${six.x},${six.y}`)).toBeGreaterThan(0.7);
  await expect(page.locator(".map-credit")).toHaveText("made for a test");

  await select.selectOption("tdt");
  const tiles = () => [...asked].flatMap((u) => {
    const m = /\/tiles\/tdt\/(\d+)\/(\d+)\/(\d+)$/.exec(u);
    return m ? [{ z: Number(m[1]), x: Number(m[2]), y: Number(m[3]) }] : [];
  });
  const colour = ({ x, y }: { x: number; y: number }) => `200,${x & 255},${y & 255}`;
  await expect.poll(async () => {
    const drawn = new Set(tiles().map(colour));
    return share(await inked(page), (c) => drawn.has(c));
  }).toBeGreaterThan(0.7);
  const z = () => Math.max(...tiles().map((t) => t.z));
  await expect.poll(z).toBeGreaterThan(12);
  await expect.poll(() => inked(page)).toContain(colour(tileAt(z())));
  await expect(page.locator(".map-credit")).toBeHidden();

  // The token stays on the server, which is the only one that was asked.
  expect([...asked].filter((u) => !u.startsWith(`${ground.url}/`))).toEqual([]);
  expect([...asked].join() + await (await request.get(`${ground.url}/api/v1/maps`)).text() + await page.content()).not.toContain("hunter2");

  await select.selectOption("rows");
  const eight = tileAt(8); // the file's last zoom
  await expect.poll(async () => share(await inked(page), (c) => c === `250,${eight.x & 255},${eight.y & 255}`)).toBeGreaterThan(0.7);
  await expect(page.locator(".map-credit")).toHaveText("rows of a database");

  await select.selectOption("");
  await expect.poll(async () => share(await inked(page), (c) => c === "")).toBeGreaterThan(0.7);
  await page.reload(); // what was chosen stays chosen
  await expect(select).toHaveValue("");
});

test("the settings list the base maps, and what is chosen there is drawn", async ({ page }) => {
  await page.goto(`${ground.url}/settings`);
  const base = page.locator("label:has(input[name=base])");
  await expect(base).toHaveCount(4);
  await expect(base.nth(0)).toContainText("地形");
  await expect(base.nth(0)).toContainText("PNG");
  await expect(base.nth(0)).toContainText("made for a test");
  await expect(base.nth(1)).toContainText("影像");
  await expect(base.nth(0).locator("input")).toBeChecked();
  await base.nth(1).locator("input").check();
  await page.goto(ground.url);
  await expect(page.locator(".tools select")).toHaveValue("tdt");
  await expect.poll(async () => share(await inked(page), (c) => c.startsWith("200,"))).toBeGreaterThan(0.7);
});

test("a map service that is away leaves borders and cameras", async ({ page }) => {
  await page.route("**/tiles/tdt/**", (r) => r.fulfill({ status: 502, contentType: "application/json", body: '{"code":"map_away"}' }));
  await page.goto(ground.url);
  await page.locator(".tools select").selectOption("tdt");
  await expect.poll(async () => share(await inked(page), (c) => c === "")).toBeGreaterThan(0.5);
  await page.click(".tools button:has-text('全部摄像头')");
  await expect(page.locator(".hint.error")).toHaveCount(0);
});
