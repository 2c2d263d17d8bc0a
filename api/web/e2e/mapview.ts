import type { Page } from "@playwright/test";
import { facts } from "./site";

type Point = readonly [number, number];

export const { ground } = facts;

/** beside is a place so many degrees east and north of the spot. */
export const beside = (east: number, north: number): [number, number] => [Number((ground.spot[0] + east).toFixed(6)), Number((ground.spot[1] + north).toFixed(6))];

export const searchOf = (q: Record<string, string | number>) => `${ground.url}/?${new URLSearchParams(Object.entries(q).map(([k, v]) => [k, String(v)]))}`;

/** plane is web mercator, in radii of the earth. */
function plane([lon, lat]: Point): Point {
  const rad = Math.PI / 180;
  return [lon * rad, Math.log(Math.tan(Math.PI / 4 + (lat * rad) / 2))];
}

/** fitted tells where places are on screen when the map shows the whole of some, 30 pixels from its edges, or at zoom 17. */
export async function fitted(page: Page, shown: readonly Point[]): Promise<(p: Point) => { x: number; y: number }> {
  const box = (await page.locator(".camera-map").boundingBox())!;
  const all = shown.map(plane);
  const xs = all.map((p) => p[0]);
  const ys = all.map((p) => p[1]);
  const [west, east, south, north] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const unit = Math.max((east - west) / (box.width - 60), (north - south) / (box.height - 60), (2 * Math.PI) / (256 * 2 ** 17));
  return (p) => {
    const [x, y] = plane(p);
    return { x: box.x + box.width / 2 + (x - (west + east) / 2) / unit, y: box.y + box.height / 2 - (y - (south + north) / 2) / unit };
  };
}

/** inked are colours of the map's canvases, in a grid of 24 by 24 places, as r,g,b or "" where nothing is drawn. */
export async function inked(page: Page): Promise<string[]> {
  await page.waitForFunction(() => document.querySelector<HTMLCanvasElement>(".camera-map .ol-layers canvas")?.width); // the map comes by itself
  return page.evaluate(() => {
    const all = [...document.querySelectorAll<HTMLCanvasElement>(".camera-map .ol-layers canvas")];
    const one = document.createElement("canvas");
    one.width = all[0]!.width;
    one.height = all[0]!.height;
    const g = one.getContext("2d", { willReadFrequently: true })!;
    for (const c of all) g.drawImage(c, 0, 0, one.width, one.height);
    const out: string[] = [];
    for (let i = 1; i <= 24; i++) {
      for (let j = 1; j <= 24; j++) {
        const [red, green, blue, alpha] = g.getImageData((one.width * i) / 25, (one.height * j) / 25, 1, 1).data;
        out.push(alpha === 255 ? `${red},${green},${blue}` : "");
      }
    }
    return out;
  });
}

/** darkInk counts the map's pixels as dark as routes are drawn, under the wedges of cameras too. */
export function darkInk(page: Page): Promise<number> {
  return page.evaluate(() => {
    let n = 0;
    for (const c of document.querySelectorAll<HTMLCanvasElement>(".camera-map .ol-layers canvas")) {
      const p = c.getContext("2d")!.getImageData(0, 0, c.width, c.height).data;
      for (let i = 0; i < p.length; i += 4) if (p[i]! < 0x18 && p[i + 1]! < 0x60 && p[i + 2]! < 0xa0 && p[i + 3] === 255) n++;
    }
    return n;
  });
}
