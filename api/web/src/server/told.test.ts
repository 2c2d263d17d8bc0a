import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, it, vi } from "vitest";

vi.stubGlobal("localStorage", { getItem: () => null, setItem() {} });

let told: typeof import("./told").told;
let client: typeof import("./client");
beforeAll(async () => {
  told = (await import("./told")).told;
  client = await import("./client");
});

it("a failure is told in the reader's words, of the server and of the line", () => {
  const { asFailure, Failure } = client;
  expect(told(asFailure(new TypeError("Failed to fetch")))).toEqual({ what: "连不上服务器。", next: "检查网络后重试。" });
  expect(told(new Failure(503, { code: "footage_locked", detail: "no key for abc" })).next).toContain("secret.key");
  expect(told(new Failure(410, { code: "consent_withdrawn", detail: "withdrawn" })).what).toContain("退出授权");
  expect(told(asFailure(new Error("stumbled"))).what).toBe("页面出了差错：stumbled");
});

it("what has no words of its own is told by whose fault it is, with what the server says", () => {
  const { Failure } = client;
  expect(told(new Failure(503, { code: "database", detail: "the database is away" })).what).toBe("服务器出错：the database is away");
  expect(told(new Failure(502, {})).what).toBe("服务器出错：HTTP 502");
  expect(told(new Failure(418, { code: "teapot", detail: "short and stout" })).what).toBe("服务器没有接受：short and stout");
});

function components(dir: string): string[] {
  return readdirSync(dir).flatMap((name) => {
    const path = join(dir, name);
    return statSync(path).isDirectory() ? components(path) : name.endsWith(".vue") ? [path] : [];
  });
}

it("no component prints a failure's own text", () => {
  const files = components(join(__dirname, ".."));
  expect(files.length).toBeGreaterThan(60);
  const raw = /\.message\b|\b(?:\w*[fF]ailure|f|err)\??\.next\b/;
  expect(files.filter((f) => raw.test(readFileSync(f, "utf8")))).toEqual([]);
});
