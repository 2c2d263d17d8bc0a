import { computed, onBeforeUnmount, reactive, shallowRef, watch } from "vue";
import { asFailure, type Failure, stopped } from "@/server/client";
import { current, needed, spanOf } from "@/session/cases";
import { begun, grown, within } from "@/session/reach";
import { session } from "@/session/session";
import { Viewings } from "@/session/viewings";
import { whenReached } from "@/shell/connection";
import { onward, serverNow } from "@/time/now";
import { hour } from "@/time/shanghai";
import type { Coverage, Ms, Span } from "@/time/span";
import { find, type Hit } from "./footage";
import { radii, usualRadius, type Where } from "./place";

/** limit is how many cameras a search shows. */
const limit = 100;
/** fresh is how often the footage of a span that still grows is asked for again, ms. */
const fresh = 10_000;

export const halfHour = (): Span => {
  const to = Math.floor(serverNow() / 1000) * 1000;
  return { from: to - hour / 2, to };
};

/** usual is the last half hour, or the time of a case that does not allow it. */
function usual(): Span {
  const s = halfHour();
  const c = current.value;
  return c && !within(s, spanOf(c)) ? begun(c, s.to) : s;
}

/** useSearch is a search by place and time, and what it found. opened is told of a moment to begin at, where the search was about one. */
export function useSearch(where: Where | null, span: Span | null, opened: (hits: Hit[], about: Ms | null) => void) {
  const state = reactive({
    where: where as Where | null,
    radius: where?.kind === "near" ? where.radius : usualRadius,
    span: span ?? usual(),
    busy: false,
    failure: null as Failure | null,
    done: null as { where: Where; span: Span; more: number; only: Span | null; outside: number } | null, // the last search that was answered
  });
  const hits = shallowRef<Hit[]>([]);
  const viewings = new Viewings(() => grown(current.value));
  let foundFor: string | undefined; // the case
  let cancel = new AbortController();
  let live = false; // what is on screen

  const byId = computed(() => new Map(hits.value.map((h) => [h.id, h])));
  /** limits is what may be played: the span that was searched, and what was recorded since where it reached until now. */
  const limits = computed<Span>(() => state.done?.span ?? state.span);
  const coverage = (id: string): Coverage | null => byId.value.get(id)?.coverage ?? null;

  async function run(quiet = false, about: Ms | null = null): Promise<void> {
    if (!state.where || needed.value || (!session.open && !current.value)) return;
    cancel.abort();
    cancel = new AbortController();
    const { signal } = cancel;
    const asked = { where: state.where, span: { ...state.span } };
    const file = current.value?.id;
    if (!quiet) {
      state.busy = true;
      state.failure = null;
    }
    try {
      const found = await find(asked.where, asked.span, viewings, limit, signal);
      hits.value = found.items;
      state.done = { where: asked.where, span: found.span, more: found.more, only: found.only, outside: found.outside };
      foundFor = file;
      if (!quiet) opened(found.items, about);
    } catch (err) {
      if (stopped(err)) return;
      const f = asFailure(err);
      if (f.code === "viewing_needed") viewings.forget();
      if (!quiet) {
        state.failure = f;
        if (state.done && foundFor !== file) { // what another case allowed does not stay
          hits.value = [];
          state.done = null;
          opened([], null);
        }
      }
    } finally {
      if (!signal.aborted) state.busy = false;
    }
  }
  function stop() {
    cancel.abort();
    state.busy = false;
  }
  /** wider is the next larger radius; null: there is none. */
  const wider = computed(() => (state.where?.kind === "near" ? radii.find((r) => r > state.radius) ?? null : null));
  function widen() {
    if (wider.value && state.where?.kind === "near") {
      state.radius = wider.value;
      state.where = { ...state.where, radius: wider.value };
      void run();
    }
  }
  watch(() => state.radius, (radius) => {
    if (state.where?.kind === "near" && state.where.radius !== radius) state.where = { ...state.where, radius };
  });
  watch(() => current.value?.id, () => viewings.forget());
  whenReached(() => state.failure, run);

  /** inCase searches the time of the case. */
  function inCase() {
    if (!current.value) return;
    state.span = begun(current.value, serverNow());
    void run();
  }

  const timer = window.setInterval(() => {
    const s = state.done?.span;
    if (!s || state.busy || document.hidden) return;
    const growing = hits.value.some((h) => h.coverage.until < s.to) || s.to > serverNow() - 60_000;
    if (live || growing) void grow();
  }, fresh);
  /** grow asks for what was recorded since, without touching what is shown; in live, until now and on. It tells whether it is another time. */
  async function grow(): Promise<boolean> {
    const done = state.done;
    if (!done) return false;
    const now = Math.floor(serverNow() / 1000) * 1000;
    const span = live ? onward(done.span, now) : done.span;
    try {
      const found = await find(done.where, span, viewings, limit, cancel.signal);
      if (state.done !== done || (span !== done.span && !found.items.length)) return false; // the case may not reach until now
      hits.value = found.items;
      if (span === done.span) return false;
      state.done = { ...done, span, more: found.more, outside: found.outside };
      state.span = { from: span.from, to: now };
      if (!live) end();
      return span.from > done.span.to;
    } catch {
      return false; // what is shown stays; the next time may do
    }
  }
  /** watching is told whether what is on screen is live: its time is looked at, too, for going back in it. */
  async function watching(on: boolean): Promise<boolean> {
    live = on;
    if (on) return grow();
    end();
    return false;
  }
  function end() {
    const done = state.done;
    const now = Math.floor(serverNow() / 1000) * 1000;
    if (!done || done.span.to <= now) return;
    state.done = { ...done, span: { from: done.span.from, to: now } };
    state.span = { ...state.done.span };
  }
  onBeforeUnmount(() => {
    clearInterval(timer);
    stop();
  });

  /** first is where playing begins: where all of some cameras have footage, if that is soon. */
  function first(list: readonly Hit[]): Ms {
    const starts = list.map((h) => h.coverage.covered[0]?.from).filter((x): x is Ms => x !== undefined);
    if (!starts.length) return state.span.from;
    const [lo, hi] = [Math.min(...starts), Math.max(...starts)];
    return hi - lo < 10 * 60_000 ? hi : lo;
  }

  return { state, hits, byId, limits, coverage, run, watching, stop, inCase, wider, widen, first, viewings };
}

export type SearchModel = ReturnType<typeof useSearch>;
