import { onBeforeUnmount, reactive, shallowRef } from "vue";
import type { Camera } from "@/search/cameras";
import { answer, asFailure, type Failure, server, stopped } from "@/server/client";
import { whenReached } from "@/shell/connection";
import { serverNow } from "@/time/now";
import type { Ms } from "@/time/span";
import { type Filter, queryOf } from "./filter";

const pageSize = 100;
/** How often the page at hand is asked for again, ms. */
const fresh = 10_000;

/** useCameraList is a page of the list of cameras, kept fresh. */
export function useCameraList() {
  /** late is why the list that is shown could not be asked for again: it is of the moment at, and so old. */
  const state = reactive({ busy: false, failure: null as Failure | null, late: null as Failure | null, at: 0 as Ms, age: 0 as Ms, next: "" });
  const items = shallowRef<Camera[] | null>(null);
  let asked: Filter | null = null;
  let cancel = new AbortController();

  async function load(f: Filter, quiet = false) {
    asked = f;
    cancel.abort();
    cancel = new AbortController();
    const { signal } = cancel;
    if (!quiet) Object.assign(state, { busy: true, failure: null });
    try {
      const { place: _, ...query } = queryOf(f);
      const page = await answer(server.GET("/api/v1/cameras", { params: { query: { ...query, limit: pageSize } }, signal }));
      items.value = page.items ?? [];
      Object.assign(state, { next: page.next ?? "", failure: null, late: null, at: serverNow() });
    } catch (err) {
      if (stopped(err)) return;
      if (quiet) Object.assign(state, { late: asFailure(err), age: serverNow() - state.at });
      else {
        items.value = null;
        Object.assign(state, { failure: asFailure(err), late: null, next: "" });
      }
    }
    state.busy = false;
  }
  /** again keeps the list that there is. */
  const again = () => asked && load(asked, items.value !== null);
  whenReached(() => state.failure ?? state.late, again);

  const timer = window.setInterval(() => !document.hidden && asked && !state.busy && items.value && void load(asked, true), fresh);
  onBeforeUnmount(() => {
    clearInterval(timer);
    cancel.abort();
  });
  return { state, items, load, again };
}
