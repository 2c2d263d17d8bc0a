import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import zh from "@/i18n/zh-CN";

/** goFiles are the server's sources that write into the register. */
function goFiles(dir: string): string[] {
  return readdirSync(dir, { withFileTypes: true }).flatMap((e) => {
    const path = join(dir, e.name);
    if (e.isDirectory()) return e.name === "web" ? [] : goFiles(path);
    return e.name.endsWith(".go") && !e.name.endsWith("_test.go") ? [path] : [];
  });
}

it("every act that the server writes into the register has a word", () => {
  const root = join(__dirname, "../../../..");
  const text = ["cmd/qianshao", "api", "registry"].flatMap((d) => goFiles(join(root, d))).map((f) => readFileSync(f, "utf8")).join("\n");
  const acts = [...text.matchAll(/(?:registered\(|changing\(|toChange\(r, |\bact\(r, |\bact\(ctx, .*, |\bentry\(|\bAct: +)"([a-z-]+\.[a-z-]+)"/g)].map((m) => m[1]!);
  expect(acts).toEqual(expect.arrayContaining(["places.import", "index.rebuild", "account.close", "account.link", "account.add", "session.begin", "viewing.share"]));
  expect(acts.filter((a) => !(a.replaceAll(".", "_") in zh.audit.acts))).toEqual([]);
});
