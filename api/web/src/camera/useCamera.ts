import { computed, onBeforeUnmount, reactive, shallowRef, watch } from "vue";
import type { Camera } from "@/search/cameras";
import { coverageOf } from "@/search/footage";
import { answer, asFailure, type Failure, server, stopped } from "@/server/client";
import { whenReached } from "@/shell/connection";
import { serverNow } from "@/time/now";
import { moment, startOfDay } from "@/time/shanghai";
import type { Coverage, Ms } from "@/time/span";
import { askOf, dayOf, monthOf, type Square, squaresOf } from "./calendar";

/** fresh is how often state and today's footage are asked for again, ms; slow that of the calendar. */
const fresh = 10_000;
const slow = 300_000;

/** useCamera is a camera, a day of its footage, and its last month. */
export function useCamera(id: () => string, begun: Ms) {
  const state = reactive({
    day: startOfDay(begun), failure: null as Failure | null, dayFailure: null as Failure | null, monthFailure: null as Failure | null,
  });
  const camera = shallowRef<Camera | null>(null);
  const coverage = shallowRef<Coverage | null>(null);
  const month = shallowRef<Square[] | null>(null);
  const span = computed(() => dayOf(state.day));
  let cancel = new AbortController();
  let dayCancel = new AbortController();

  async function load(quiet = false) {
    const { signal } = cancel;
    if (!quiet) state.failure = null;
    try {
      camera.value = await answer(server.GET("/api/v1/cameras/{id}", { params: { path: { id: id() } }, signal }));
    } catch (err) {
      if (!stopped(err) && !quiet) state.failure = asFailure(err);
    }
  }
  async function loadDay(quiet = false) {
    dayCancel.abort();
    dayCancel = new AbortController();
    const { signal } = dayCancel;
    const s = span.value;
    if (!quiet) Object.assign(state, { dayFailure: null });
    if (!quiet) coverage.value = null;
    try {
      const r = await answer(server.GET("/api/v1/cameras/{id}/timeline", { params: { path: { id: id() }, query: askOf(s) }, signal }));
      coverage.value = coverageOf(r, s.to);
      state.dayFailure = null;
    } catch (err) {
      if (!stopped(err) && !quiet) state.dayFailure = asFailure(err);
    }
  }
  async function loadMonth() {
    const { signal } = cancel;
    const s = monthOf(serverNow());
    const enrolled = camera.value?.enrolled_at ? moment(camera.value.enrolled_at) : 0;
    state.monthFailure = null;
    try {
      const query = { ...askOf(s), bucket_s: 86_400 };
      const r = await answer(server.GET("/api/v1/cameras/{id}/timeline", { params: { path: { id: id() }, query }, signal }));
      month.value = squaresOf(s, r.buckets ?? [], moment(r.until), enrolled);
    } catch (err) {
      if (!stopped(err)) state.monthFailure = asFailure(err);
    }
  }
  async function all() {
    cancel.abort();
    if (!id()) return; // on the way to another page
    cancel = new AbortController();
    const { signal } = cancel;
    camera.value = month.value = null;
    state.monthFailure = null;
    void loadDay();
    await load();
    if (camera.value && !signal.aborted) await loadMonth(); // it must know since when there is a camera
  }
  watch(id, all, { immediate: true });
  watch(() => state.day, () => void loadDay());

  whenReached(() => state.failure, all);
  whenReached(() => state.dayFailure, loadDay);
  whenReached(() => state.monthFailure, loadMonth);

  const quick = window.setInterval(() => {
    if (document.hidden || !camera.value) return;
    void load(true);
    if (coverage.value && serverNow() < span.value.to + fresh) void loadDay(true);
  }, fresh);
  const rare = window.setInterval(() => !document.hidden && month.value && void loadMonth(), slow);
  onBeforeUnmount(() => {
    clearInterval(quick);
    clearInterval(rare);
    cancel.abort();
    dayCancel.abort();
  });
  return { state, camera, coverage, month, span, all, loadDay, loadMonth };
}
