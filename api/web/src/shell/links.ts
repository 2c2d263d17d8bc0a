import type { Page } from "@/session/session";

/** Link leads to a page of the menu. */
export interface Link {
  page: Page;
  to: string;
}

const menu: readonly Link[] = [
  { page: "search", to: "/" },
  { page: "trace", to: "/trace" },
  { page: "downloads", to: "/downloads" },
  { page: "cases", to: "/cases" },
  { page: "audit", to: "/audit" },
  { page: "me", to: "/me" },
  { page: "settings", to: "/settings" },
  { page: "camera", to: "/cameras" },
];

/** linksTo are the links of the menu to some pages, in its order. */
export const linksTo = (pages: readonly Page[]) => menu.filter((l) => pages.includes(l.page));
