import type { Page } from "@playwright/test";
import { expect, facts } from "./site";

// People of a site with accounts, as they come in.

const { past } = facts;

export async function fill(page: Page, login: string, password = facts.password) {
  await page.fill("#login", login);
  await page.fill("#password", password);
  await page.click("[data-test=go]");
}

export async function enter(page: Page, login: string) {
  await fill(page, login);
  await page.waitForURL((u) => u.pathname !== "/sign-in");
}

/** signedIn opens an address as somebody; in the end they are there, or at their own page. */
export async function signedIn(page: Page, login: string, path = "/") {
  await page.goto(`${facts.url}${path}`);
  await enter(page, login);
}

/** instead signs out on the page, and somebody else in. */
export async function instead(page: Page, login: string) {
  await page.click("[data-test=sign-out]");
  await page.waitForURL(`${facts.url}/sign-in`);
  await enter(page, login);
}

/** opened is a case of the recorded day, as its officer's browser opens it. */
export async function opened(page: Page, number: string, area: object, more: object = {}): Promise<string> {
  const r = await page.request.post(`${facts.url}/api/v1/cases`, {
    data: { number, class: "盗窃", reason: "三头黄牛", area, from: new Date(past.from).toISOString(), to: new Date(past.to).toISOString(), ...more },
  });
  expect(r.status(), await r.text()).toBe(201);
  return (await r.json()).id;
}
