import { beforeEach, expect, it, vi } from "vitest";
import { effectScope } from "vue";
import { Failure } from "@/server/client";

let tell: (ok: boolean) => void;
vi.mock("@/server/client", async (load) => ({ ...(await load<object>()), onReached: (f: (ok: boolean) => void) => (tell = f) }));

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("window", globalThis);
});

it("what failed for want of the server runs again once it is reached, as often as it comes back", async () => {
  const { offline, watchConnection, whenReached } = await import("./connection");
  const back = vi.fn();
  watchConnection(back);
  const unreached = new Failure(0, { code: "offline" });
  let failure: Failure | null = unreached;
  const again = vi.fn();
  const scope = effectScope();
  scope.run(() => whenReached(() => failure, again));
  tell(false);
  expect([offline.value, again.mock.calls.length]).toEqual([true, 0]);
  tell(true);
  tell(false);
  tell(true); // in the same moment
  expect([again.mock.calls.length, back.mock.calls.length]).toEqual([2, 2]);
  failure = new Failure(403, { code: "outside_case" }); // the server has answered
  tell(false);
  tell(true);
  failure = null;
  tell(false);
  tell(true);
  failure = unreached;
  scope.stop(); // the component is gone
  tell(false);
  tell(true);
  expect(again).toHaveBeenCalledTimes(2);
});

it("a server that cannot be reached is asked for until it is there", async () => {
  const { offline, watchConnection } = await import("./connection");
  watchConnection(() => {});
  const ask = vi.fn().mockRejectedValueOnce(new TypeError("Failed to fetch")).mockResolvedValue({ ok: true });
  vi.stubGlobal("fetch", ask);
  tell(false);
  await vi.advanceTimersByTimeAsync(2000);
  expect(offline.value).toBe(true);
  await vi.advanceTimersByTimeAsync(2000);
  expect(offline.value).toBe(false);
  await vi.advanceTimersByTimeAsync(6000);
  expect(ask).toHaveBeenCalledTimes(2);
});
