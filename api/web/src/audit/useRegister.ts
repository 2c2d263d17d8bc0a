import { onBeforeUnmount, reactive, shallowRef } from "vue";
import { answer, asFailure, type Failure, server, stopped } from "@/server/client";
import type { components } from "@/server/schema";
import { whenReached } from "@/shell/connection";
import { type Filter, queryOf } from "./filter";
import { useNames } from "./names";

export type Entry = components["schemas"]["EntryJSON"];
export type Verified = components["schemas"]["VerifyOutBody"];

const pageSize = 100;

/** useRegister reads the access register page by page, and lets the server verify it. */
export function useRegister() {
  const state = reactive({ busy: false, loaded: false, failure: null as Failure | null, next: "", damaged: 0 });
  const check = reactive({ busy: false, seconds: 0, failure: null as Failure | null });
  const verified = shallowRef<Verified | null>(null);
  const items = shallowRef<Entry[]>([]);
  const { names, name } = useNames();
  let asked: Filter | null = null;
  let cancel = new AbortController();
  let checking = new AbortController();

  /** load asks for the newest entries, or with older for those before what is shown. */
  async function load(f: Filter | "older") {
    const older = f === "older";
    if (!older) asked = { ...f };
    if (!asked) return;
    cancel.abort();
    cancel = new AbortController();
    const { signal } = cancel;
    Object.assign(state, { busy: true, failure: null });
    try {
      const query = { ...queryOf(asked), limit: pageSize, after: older ? state.next : undefined };
      const page = await answer(server.GET("/api/v1/register", { params: { query }, signal }));
      const list = page.items ?? [];
      items.value = older ? [...items.value, ...list] : list;
      Object.assign(state, { next: page.next ?? "", damaged: (older ? state.damaged : 0) + (page.damaged ?? 0), loaded: true, busy: false });
      void name(list.flatMap((e) => e.cameras ?? []), signal);
    } catch (err) {
      if (stopped(err) || signal.aborted) return;
      if (!older) {
        items.value = [];
        Object.assign(state, { next: "", damaged: 0 });
      }
      Object.assign(state, { failure: asFailure(err), busy: false });
    }
  }

  /** verify lets the server read everything through, and hold it against the copy in the store. */
  async function verify() {
    checking.abort();
    checking = new AbortController();
    const { signal } = checking;
    Object.assign(check, { busy: true, seconds: 0, failure: null });
    verified.value = null;
    const timer = window.setInterval(() => check.seconds++, 1000);
    try {
      verified.value = await answer(server.GET("/api/v1/register/verify", { params: { query: { store: true } }, signal }));
    } catch (err) {
      if (!stopped(err) && !signal.aborted) check.failure = asFailure(err);
    }
    clearInterval(timer);
    if (checking.signal === signal) check.busy = false;
  }
  /** again asks for what could not be had: the entries before those that are shown, or the newest. */
  const again = () => asked && load(items.value.length ? "older" : asked);
  whenReached(() => state.failure, again);
  whenReached(() => check.failure, verify);
  const stopVerify = () => checking.abort();

  onBeforeUnmount(() => {
    cancel.abort();
    checking.abort();
  });
  return { state, check, verified, items, names, load, again, verify, stopVerify };
}

export type RegisterModel = ReturnType<typeof useRegister>;
