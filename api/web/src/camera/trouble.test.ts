import { expect, it, vi } from "vitest";

vi.stubGlobal("localStorage", { getItem: () => null, setItem() {} });

it("a camera's last error is told in Chinese, with what to do, by its cause", async () => {
  const { troubleOf } = await import("./trouble");
  expect(troubleOf({ cause: "auth_failed", state: "waiting" })).toBe("用户名或密码错误 · 请更正用户名和密码。");
  expect(troubleOf({ cause: "node_down", state: "unassigned" })).toBe("服务器停机");
  expect(troubleOf({ state: "connecting" })).toBe("连接中");
});
