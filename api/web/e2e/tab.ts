import type { Page } from "@playwright/test";
import { expect } from "./site";

const most = 200; // stops of a page

/** stop is where the focus is; null: at the top of the page, where a round begins. */
const stop = (page: Page) =>
  page.evaluate(() => {
    const e = document.activeElement as HTMLElement | null;
    if (!e || e === document.body || e.matches(".skip")) return null;
    e.dataset.reached = "";
    const r = e.getBoundingClientRect();
    const s = getComputedStyle(e);
    const top = document.elementFromPoint(r.left + r.width / 2, r.top + r.height / 2);
    const seen = r.width > 0 && r.height > 0 && s.visibility === "visible" && top !== null && (e.contains(top) || top.contains(e));
    const outlined = s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2;
    return { what: e.outerHTML.slice(0, 120), seen, outlined: outlined || s.boxShadow !== "none" };
  });

/** walk goes once around a page by Tab: each stop is seen and outlined, and whatever can be used is a stop. */
export async function walk(page: Page) {
  await page.locator(".skip").focus();
  const poor: string[] = [];
  let n = 0;
  for (; n < most; n++) {
    await page.keyboard.press("Tab");
    const s = await stop(page);
    if (!s) break;
    if (!s.seen || !s.outlined) poor.push(`${s.seen ? "not outlined" : "not seen"}: ${s.what}`);
  }
  expect(poor).toEqual([]);
  expect(n).toBeLessThan(most);
  const missed = await page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('a[href], button:enabled, input:enabled, select:enabled, textarea:enabled, summary, [tabindex="0"]')]
      .filter((e) => !e.matches('.skip, [data-reached], [tabindex="-1"], [type=radio]:not(:checked)') && e.checkVisibility())
      .map((e) => e.outerHTML.slice(0, 120)),
  );
  expect(missed).toEqual([]);
}

/** reach goes by Tab to something. */
export async function reach(page: Page, selector: string) {
  const there = page.locator(selector).first();
  for (let i = 0; i < most; i++) {
    if (await there.evaluate((e) => e === document.activeElement)) return;
    await page.keyboard.press("Tab");
  }
  throw new Error(`Tab does not reach ${selector}`);
}
