import { onBeforeUnmount, onMounted, reactive } from "vue";
import { asFailure, type Failure, stopped } from "@/server/client";
import { whenReached } from "./connection";

/** useLoading loads what a component shows, once it stands, when it is asked to again, and when the server is reached again; it is given up when the component goes. */
export function useLoading(what: (signal: AbortSignal) => Promise<void>) {
  const state = reactive({ busy: true, failure: null as Failure | null });
  const cancel = new AbortController();
  onBeforeUnmount(() => cancel.abort());
  async function load() {
    Object.assign(state, { busy: true, failure: null });
    try {
      await what(cancel.signal);
    } catch (err) {
      if (stopped(err)) return;
      state.failure = asFailure(err);
    }
    state.busy = false;
  }
  onMounted(load);
  whenReached(() => state.failure, load);
  return { state, load };
}
