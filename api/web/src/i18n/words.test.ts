import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { describe, expect, it } from "vitest";
import en from "./en";
import { acts, codes, groups, some } from "./testgroups";
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
    return /\.(vue|ts)$/.test(name) && !/\.test\.ts$|^schema\.d\.ts$/.test(name) ? [path] : [];
  });
}

const src = join(__dirname, "..");
const text = sources(src).map((f) => readFileSync(f, "utf8")).join("\n");
/** typed are the files that know what people type: moments and lists; and what the bureau calls the classes of cases. */
const typed = ["cases/ClassField.vue", "cases/draft.ts", "time/typed.ts", "timeline/testscene.ts"];
const zhKeys = flat(zh);
const enKeys = flat(en);

/** literal are the keys that stand in the sources as they are; not what stands in an attribute: v-if="state.busy". */
const literal = [...new Set([...text.matchAll(/(?<!=)["'`](\w+(?:\.\w+)+)["'`]/g)].map((m) => m[1]!))].filter((k) => k.split(".")[0]! in zh && !/\.(mp4|jpg)$/.test(k));
/** looked are the groups that a name is looked up in: `group.${name}`, "group." + name, known("group", name). */
const looked = [...text.matchAll(/`(\w+(?:\.\w+)*)\.\$\{|["'](\w+(?:\.\w+)*)\.["'] *\+|\bknown\(\s*["'](\w+(?:\.\w+)*)["']/g)].map((m) => (m[1] ?? m[2] ?? m[3])!).filter((g) => g.split(".")[0]! in zh);
const keysOf = (all: Record<string, readonly string[]>) => Object.entries(all).flatMap(([group, names]) => names.map((n) => `${group}.${n}`));
const lookups = keysOf(groups);

describe("words", () => {
  it("are the same in both languages, with the same places for values", () => {
    expect(Object.keys(enKeys).sort()).toEqual(Object.keys(zhKeys).sort());
    const places = (s: string) => (s.match(/\{\w+\}/g) ?? []).sort().join();
    for (const [k, v] of Object.entries(zhKeys)) {
      expect(enKeys[k], k).not.toBe("");
      expect(places(enKeys[k]!), k).toBe(places(v));
    }
  });
  it("are said by what knows their keys: the types find a missing one", () => {
    expect(text.includes('from "vue-i18n"')).toBe(false);
  });
  it("stand here alone: elsewhere is no Chinese, nor its punctuation", () => {
    const chinese = sources(src).filter((f) => /[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]/.test(readFileSync(f, "utf8")));
    expect(chinese.map((f) => relative(src, f)).sort()).toEqual(typed);
  });
  it("are all there", () => {
    expect(literal.length).toBeGreaterThan(450);
    expect(literal.filter((k) => !(k in zhKeys || k in groups))).toEqual([]);
  });
  it("are all there for every name that is looked up", () => {
    for (const [group, names] of Object.entries({ ...groups, ...some })) expect(names.length, group).toBeGreaterThan(1);
    expect(acts).toEqual(expect.arrayContaining(["places.import", "index.rebuild", "account.close", "account.link", "account.add", "session.begin", "viewing.share", "footage.read", "footage.find"]));
    expect(codes).toEqual(expect.arrayContaining(["unknown_camera", "outside_case", "too_many", "register_unavailable"]));
    expect([...new Set(looked)].sort()).toEqual([...Object.keys(groups), ...Object.keys(some)].sort());
    expect(lookups.filter((k) => !(k in zhKeys))).toEqual([]);
    expect(Object.keys(zh.trouble.next).sort()).toEqual(Object.keys(zh.trouble.what).sort()); // what to do, wherever it says what is wrong
  });
  it("are all used", () => {
    const used = new Set([...literal, ...lookups, ...keysOf(some)]);
    expect(Object.keys(zhKeys).filter((k) => !used.has(k))).toEqual([]);
  });
});
