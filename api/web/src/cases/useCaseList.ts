import { computed, onBeforeUnmount, reactive, shallowRef } from "vue";
import { answer, asFailure, type Failure, server, stopped } from "@/server/client";
import { type Case, loadCases } from "@/session/cases";
import { whenReached } from "@/shell/connection";

/** standings are what the list can be narrowed to. */
export const standings = ["open", "waiting", "expired", "closed", "due"] as const;
export type Standing = (typeof standings)[number];

/** useCaseList is the list of cases that one may know of, the newest first. */
export function useCaseList() {
  const state = reactive({ busy: true, loaded: false, more: 0, failure: null as Failure | null });
  const items = shallowRef<Case[]>([]);
  const shown = shallowRef<Standing>(); // what the list on screen is narrowed to
  const asked = shallowRef<Standing>();
  let cancel = new AbortController();
  onBeforeUnmount(() => cancel.abort());

  const load = (standing?: Standing) => {
    asked.value = standing;
    return again();
  };
  async function again() {
    cancel.abort();
    cancel = new AbortController();
    const { signal } = cancel;
    const standing = asked.value;
    Object.assign(state, { busy: true, failure: null });
    try {
      const page = await answer(server.GET("/api/v1/cases", { params: { query: { state: standing } }, signal }));
      items.value = page.items ?? [];
      shown.value = standing;
      Object.assign(state, { more: page.more, loaded: true });
    } catch (err) {
      if (stopped(err) || signal.aborted) return;
      state.failure = asFailure(err);
    }
    state.busy = false;
  }
  whenReached(() => state.failure, again);
  /** changed shows how things stand after something was done, here and in the header. */
  const changed = () => Promise.all([again(), loadCases()]);
  /** other is whether what was asked for last could not be had, and the list is still of what was asked for before. */
  const other = computed(() => state.failure !== null && asked.value !== shown.value);
  return { state, items, asked, shown, other, load, again, changed };
}
