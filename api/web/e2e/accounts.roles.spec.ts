import { around, expect, facts, test } from "./site";
import { signedIn } from "./people";

// Each role sees its pages and no others. Runs before there is a case.

const { past, people } = facts;
const camera = past.cameras[0]!.id;
const day = new URL(around(past.from, past.to));
const paths = {
  search: day.pathname + day.search,
  trace: `/trace?camera=${camera}&at=${new Date(past.from + 600_000).toISOString()}`,
  downloads: "/downloads",
  cases: "/cases",
  audit: "/audit",
  settings: "/settings",
  cameras: "/cameras",
  camera: `/camera/${camera}`,
  me: "/me",
};
type Name = keyof typeof paths;

/** footage is asked for by these alone. */
const footage = /\/api\/v1\/(footage|viewings)|\.(mp4|jpg)(\?|$)/;

const roles: { who: keyof typeof people; menu: string[]; theirs: Name[] }[] = [
  { who: "officer", menu: ["查证", "路径", "下载", "案件", "设置", "摄像头"], theirs: ["search", "trace", "downloads", "cases", "cameras", "camera", "settings", "me"] },
  { who: "carrier", menu: ["设置", "摄像头"], theirs: ["cameras", "camera", "settings", "me"] },
  { who: "admin", menu: ["设置", "摄像头"], theirs: ["cameras", "camera", "settings", "me"] },
  { who: "auditor", menu: ["案件", "审计", "设置"], theirs: ["cases", "audit", "settings", "me"] },
  { who: "household", menu: ["设置"], theirs: ["settings", "me"] },
];
for (const { who, menu, theirs } of roles) {
  test(`a role sees its pages alone, and is told so on the others: ${who}`, async ({ page }) => {
    const asked: string[] = [];
    page.on("request", (r) => footage.test(r.url()) && asked.push(r.url()));
    await signedIn(page, people[who], "/settings");
    for (const [name, path] of Object.entries(paths) as [Name, string][]) {
      await page.goto(facts.url + path);
      await expect(page.locator("nav a"), name).toHaveText(menu);
      const refused = page.locator("[data-test=not-allowed]");
      if (theirs.includes(name)) {
        await expect(page.locator("main").locator("h1, h2, #place, [role=alert], .blank").first(), name).toBeVisible();
        await expect(refused, name).toHaveCount(0);
      } else {
        await expect(refused, name).toContainText("你的角色没有这一页");
        await expect(refused.locator("a"), name).toHaveCount(menu.length + 1); // and one's own account
      }
    }
    expect(asked).toEqual([]); // nobody has a case
  });
}
