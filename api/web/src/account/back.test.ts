import { describe, expect, it } from "vitest";
import { landing, ownPath } from "./back";

const origin = "https://qianshao.example";

describe("the way back after signing in", () => {
  it("is a path of this server", () => {
    for (const path of ["/", "/cases", "/?near=104.9,25.1&at=2026-11-24T01:00:00Z", "/camera/c_1?at=x#y"]) expect(ownPath(path, origin)).toBe(path);
    for (const path of ["", "cases", "//evil.example/", "/\\evil.example", "/.//evil.example", "https://evil.example/", "javascript:alert(1)", "/\t/evil.example", "/sign-in?back=/"]) expect(ownPath(path, origin), path).toBeNull();
  });
  it("is everybody's own work where there is none", () => {
    expect(landing(["investigator"], "", origin)).toBe("/");
    expect(landing(["investigator"], "/?case=k_1", origin)).toBe("/?case=k_1");
    expect(landing(["auditor"], "/?case=k_1", origin)).toBe("/audit");
    expect(landing(["household"], "", origin)).toBe("/me");
    expect(landing(["carrier"], "//evil.example", origin)).toBe("/cameras");
    expect(landing(["admin", "carrier"], "/settings", origin)).toBe("/settings");
  });
});
