import { onBeforeUnmount, reactive, watch } from "vue";
import { answer, asFailure, file, type Failure, send, server } from "@/server/client";
import { serverNow } from "@/time/now";
import { hour, iso, moment } from "@/time/shanghai";
import type { Ms, Span } from "@/time/span";
import type { Camera } from "./cameras";
import { queryOf } from "./place";
import type { SearchModel } from "./useSearch";

/** asked is how many of the cameras without footage are asked for what they have before and after, best first. */
const asked = 4;

/** later are those of the cameras that stand there now which were enrolled after a span, and when the first of them was. */
export function later(list: readonly Pick<Camera, "enrolled_at">[], span: Span): { cameras: number; since: Ms } {
  const times = list.flatMap((c) => (c.enrolled_at ? [moment(c.enrolled_at)] : [])).filter((t) => t >= span.to);
  return { cameras: times.length, since: Math.min(...times) };
}

/** nearest are the ends of footage nearest to a span, of what each camera says of its own. */
export function nearest(list: readonly Failure[]): { before: Ms | null; after: Ms | null } {
  const before = list.flatMap((f) => (f.problem.before ? moment(f.problem.before.to) : []));
  const after = list.flatMap((f) => (f.problem.after ? moment(f.problem.after.from) : []));
  return { before: before.length ? Math.max(...before) : null, after: after.length ? Math.min(...after) : null };
}

/** spanAt is a span as long as the one that was searched, an hour at least, that begins at a moment or ends there. */
export function spanAt(t: Ms, span: Span, which: "begins" | "ends", now: Ms): Span {
  const length = Math.max(span.to - span.from, hour);
  if (which === "ends") return { from: Math.floor((t - length) / 1000) * 1000, to: Math.ceil(t / 1000) * 1000 };
  const from = Math.floor(t / 1000) * 1000;
  return { from, to: Math.min(from + length, Math.max(Math.ceil(now / 1000) * 1000, from + 60_000)) };
}

/** useBeyond looks beyond the time that was searched where nothing was found in it: for cameras enrolled since, for footage before and after. */
export function useBeyond(search: SearchModel) {
  const state = reactive({ cameras: 0, since: 0 as Ms, before: null as Ms | null, after: null as Ms | null });
  let cancel = new AbortController();

  async function look() {
    cancel.abort();
    cancel = new AbortController();
    const { signal } = cancel;
    Object.assign(state, { cameras: 0, since: 0, before: null, after: null });
    const { done } = search.state;
    const hits = search.hits.value;
    if (!done || hits.some((h) => h.coverage.covered.length)) return;
    try {
      if (!hits.length) {
        const r = await answer(server.GET("/api/v1/cameras", { params: { query: { ...queryOf(done.where), limit: 1000 } }, signal }));
        Object.assign(state, later(r.items ?? [], done.span));
        return;
      }
      const viewing = await search.viewings.cover(hits.slice(0, 100).map((h) => h.id), done.span);
      const told = await Promise.all(hits.slice(0, asked).map((h) => none(file(h.id, "clip.mp4", { from: iso(done.span.from), to: iso(done.span.to), viewing }), signal)));
      if (!signal.aborted) Object.assign(state, nearest(told.filter((f) => f !== null)));
    } catch (err) {
      if (!signal.aborted) console.warn(asFailure(err).message); // what was searched is told all the same
    }
  }
  /** none is the answer of a camera that has no footage in a span. */
  async function none(url: string, signal: AbortSignal): Promise<Failure | null> {
    try {
      await (await send(url, { signal })).body?.cancel(); // there is some by now
      return null;
    } catch (err) {
      return asFailure(err);
    }
  }
  // A search that grows is done anew every few seconds, and says the same.
  watch(() => {
    const { done } = search.state;
    return done && `${JSON.stringify([done.where, done.span])} ${search.hits.value.length} ${search.hits.value.some((h) => h.coverage.covered.length)}`;
  }, look, { immediate: true });
  onBeforeUnmount(() => cancel.abort());

  /** go searches the same place at another time. */
  function go(t: Ms, which: "begins" | "ends") {
    search.state.span = spanAt(t, search.state.done?.span ?? search.state.span, which, serverNow());
    void search.run();
  }
  return { state, go };
}
