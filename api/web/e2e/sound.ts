import { AxeBuilder } from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { expect } from "./site";

/** serious is what axe finds that keeps people out. */
async function serious(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  return violations.filter((v) => v.impact === "serious" || v.impact === "critical")
    .map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(" ")).join(", ")} ${v.nodes[0]?.failureSummary}`);
}

/** accessible expects a page, once it has loaded, that keeps nobody out. */
export async function accessible(page: Page, what = "") {
  await expect(page.locator("main [role=status]", { hasText: /正在载入|Loading/ })).toHaveCount(0);
  await expect.poll(() => serious(page), { message: what, timeout: 40_000 }).toEqual([]); // a long table takes its while
}

/** within expects a page that nobody needs to move sideways. */
export const within = (page: Page, what = "") => expect.poll(() => page.evaluate(() => document.documentElement.scrollWidth - innerWidth), what).toBeLessThanOrEqual(0);

/** sound expects both. */
export async function sound(page: Page, what = "") {
  await accessible(page, what);
  await within(page, what);
}
