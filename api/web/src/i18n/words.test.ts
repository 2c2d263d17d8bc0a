import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import en from "./en";
import zh from "./zh-CN";

type Words = { [key: string]: string | Words };

function flat(w: Words, path = ""): Record<string, string> {
  const out: Record<string, string> = {};
  for (const [k, v] of Object.entries(w)) {
    if (typeof v === "string") out[path + k] = v;
    else Object.assign(out, flat(v, `${path}${k}.`));
  }
  return out;
}

function sources(dir: string): string[] {
  return readdirSync(dir).flatMap((name) => {
    const path = join(dir, name);
    if (statSync(path).isDirectory()) return name === "i18n" ? [] : sources(path);
    return /\.(vue|ts)$/.test(name) && !name.endsWith(".test.ts") ? [path] : [];
  });
}

const text = sources(join(__dirname, "..")).map((f) => readFileSync(f, "utf8")).join("\n");
const zhKeys = flat(zh);
const enKeys = flat(en);

describe("words", () => {
  it("are the same in both languages, with the same places for values", () => {
    expect(Object.keys(enKeys).sort()).toEqual(Object.keys(zhKeys).sort());
    const places = (s: string) => (s.match(/\{\w+\}/g) ?? []).sort().join();
    for (const [k, v] of Object.entries(zhKeys)) {
      expect(enKeys[k], k).not.toBe("");
      expect(places(enKeys[k]!), k).toBe(places(v));
    }
  });
  it("are all there", () => {
    const used = [...text.matchAll(/\b\$?t\(\s*["'`]([a-zA-Z0-9_.]+)["'`]/g)].map((m) => m[1]!);
    expect(used.length).toBeGreaterThan(50);
    expect(used.filter((k) => !(k in zhKeys))).toEqual([]);
  });
  it("are all used", () => {
    // Groups looked up by a name that comes from the server, or by a variable: `t(\`group.${x}\`)`, known("group", …).
    const groups = [...text.matchAll(/\bt\(\s*`([a-zA-Z0-9_.]+)\.\$\{/g), ...text.matchAll(/known\(\s*"(\w+)"/g)].map((m) => m[1]!);
    const unused = Object.keys(zhKeys).filter((k) => !text.includes(`"${k}"`) && !text.includes(`'${k}'`) && !groups.some((g) => k.startsWith(`${g}.`)));
    expect(unused).toEqual([]);
  });
});
