import { computed, onBeforeUnmount, reactive, shallowRef, watch } from "vue";
import type { Point } from "@/map/types";
import { hasSub } from "@/player/state";
import type { Camera } from "@/search/cameras";
import { coverageOf, type Hit } from "@/search/footage";
import { answer, asFailure, type Failure, server, stopped } from "@/server/client";
import { current as currentCase, loadCases, needed } from "@/session/cases";
import { whenReached } from "@/shell/connection";
import { Viewings } from "@/session/viewings";
import { serverNow } from "@/time/now";
import { hour, iso } from "@/time/shanghai";
import type { Coverage, Ms, Span } from "@/time/span";
import { type Slot, type TileCamera, useWall } from "@/wall/useWall";
import { one } from "@/session/allowed";
import { allowedTo, lookAround } from "./near";
import { headingOf, newest, type Next, type Pace, rank, shown, windowOf, worn } from "./next";
import { grown } from "@/session/reach";
import { type Hop, keep, most, stored } from "./route";

/** fresh is how often the footage of a window that still grows is asked for again, ms. */
const fresh = 10_000;

/** useTrace is a route that is followed from camera to camera, on a wall whose first tile is where it is. */
export function useTrace() {
  const state = reactive({
    hops: [] as Hop[], pace: "ride" as Pace, busy: false, beginning: false, growing: false,
    failure: null as Failure | null, window: windowOf(serverNow()),
    outside: 0, others: 0, looked: false,
  });
  const hits = shallowRef<Hit[]>([]);
  const next = shallowRef<Next[]>([]);
  const covers = shallowRef(new Map<string, Coverage>());
  const cameras = new Map<string, Camera>();
  const allowed = new Map<string, Span>();
  const viewings = new Viewings(() => grown(currentCase.value));
  const wall = useWall({ coverage, limits: () => state.window, viewing: (id, span) => viewings.cover([id], span) });
  wall.state.layout = 9;

  const here = computed<Hop | null>(() => state.hops[state.hops.length - 1] ?? null);
  const caseId = computed(() => currentCase.value?.id ?? "");
  const away = computed(() => here.value !== null && !within(state.window, wall.state.now));
  let cancel = new AbortController();
  let tried = 0;
  let asked: Parameters<typeof begin> | null = null;

  /** coverage outside of the window is not known. */
  function coverage(id: string): Coverage | null {
    return within(state.window, wall.wall.clock.now) ? covers.value.get(id) ?? null : null;
  }
  /** leave is a viewing of what is known of a camera's footage. */
  const leave = (id: string) => viewings.cover([id], allowed.get(id) ?? state.window);

  /** load looks for the cameras around, and their footage. quiet: what is shown stays meanwhile. */
  async function load(quiet = false) {
    const hop = here.value;
    if (!hop || needed.value) return;
    cancel.abort();
    const mine = (cancel = new AbortController());
    const { signal } = mine;
    tried = Date.now();
    const t = wall.state.now;
    const window = quiet && !worn(state.window, t) ? state.window : windowOf(t);
    if (!quiet) Object.assign(state, { busy: true, failure: null });
    try {
      const known = hop.lon !== null && covers.value.has(hop.id) && same(window, state.window) ? null : footage(hop.id, t, window, signal);
      known?.catch(() => {}); // told below, or the search is what failed
      if (hop.lon === null || hop.lat === null) {
        await known;
        take([], window);
      } else {
        const near = await lookAround([hop.lon, hop.lat], t, window, viewings, signal);
        for (const c of near.cameras) cameras.set(c.id, c);
        for (const [id, span] of near.allowed) allowed.set(id, span);
        await known?.catch(() => {}); // the search found it too
        take(near.hits, window);
        Object.assign(state, { outside: near.outside, others: near.cameras.filter((c) => c.id !== hop.id).length });
      }
    } catch (err) {
      if (stopped(err)) return;
      const f = asFailure(err);
      if (f.code === "viewing_needed") viewings.forget();
      if (!quiet) Object.assign(state, { failure: f, looked: false });
      if (!quiet) put(hits.value = []);
    } finally {
      if (cancel === mine) state.busy = false;
    }
  }
  /** footage is shown of the camera itself before its neighbours are found. */
  async function footage(id: string, t: Ms, window: Span, signal: AbortSignal) {
    const span = await allowedTo(cameras.get(id), t, window, signal);
    const query = { from: iso(span.from), to: iso(span.to) };
    const r = await answer(server.GET("/api/v1/cameras/{id}/timeline", { params: { path: { id }, query }, signal }));
    state.window = window;
    allowed.set(id, span);
    covers.value = new Map(covers.value).set(id, coverageOf(r, span.to));
  }
  function take(found: Hit[], window: Span) {
    const old = here.value && covers.value.get(here.value.id);
    const list = new Map(found.map((h) => [h.id, h.coverage]));
    if (here.value && old && !list.has(here.value.id)) list.set(here.value.id, old);
    Object.assign(state, { window, outside: 0, others: 0, looked: true });
    covers.value = list;
    hits.value = found;
    put(found);
  }
  function put(found: readonly Hit[]) {
    const hop = here.value;
    const at: Point | null = hop && hop.lon !== null && hop.lat !== null ? [hop.lon, hop.lat] : null;
    next.value = hop && at ? rank(found, { id: hop.id, at }, headingOf(state.hops), state.pace).slice(0, shown) : [];
    lay();
  }
  watch(() => state.pace, () => put(hits.value));

  /** lay puts the camera one is at and the next ones on the wall. Tiles that stay go on playing. */
  function lay() {
    const hop = here.value;
    const ids = hop ? [hop.id, ...next.value.map((n) => n.hit.id)] : [];
    if (ids.join() !== wall.slots.map((s) => s.camera.id).join()) {
      const old = new Map(wall.slots.map((s) => [s.camera.id, s]));
      wall.slots.splice(0, wall.slots.length, ...ids.map((id): Slot => old.get(id) ?? { camera: tileOf(id), shown: { kind: "loading" }, picture: null }));
    }
    wall.state.current = hop?.id ?? "";
  }
  function tileOf(id: string): TileCamera {
    const c = cameras.get(id);
    const hit = hits.value.find((h) => h.id === id);
    const name = hit?.name ?? state.hops.find((h) => h.id === id)?.name ?? id;
    return { id, name, fps: c?.fps || 25, sub: hasSub(c), distance: null };
  }

  /** begin sets out anew, with hops whose names and places are not known yet. */
  async function begin(list: readonly { id: string; at: Ms }[], at: Ms | null) {
    clear();
    if (!list.length) return;
    asked = [list, at];
    state.beginning = true;
    const mine = cancel;
    try {
      const found = await Promise.allSettled(list.map((h) => one(h.id, mine.signal)));
      if (mine.signal.aborted) return;
      const failed = found.find((f) => f.status === "rejected");
      if (failed && found.every((f) => f.status === "rejected")) throw failed.reason;
      const hops = list.map((h, i): Hop => {
        const f = found[i]!;
        if (f.status === "rejected") return { id: h.id, name: h.id, lon: null, lat: null, at: h.at };
        cameras.set(f.value.id, f.value);
        return { id: f.value.id, name: f.value.name || f.value.carrier_device_id, lon: f.value.lon, lat: f.value.lat, at: h.at };
      });
      resume(hops, at);
    } catch (err) {
      if (!stopped(err)) Object.assign(state, { beginning: false, failure: asFailure(err) });
    }
  }
  /** newestOf is the moment to begin at of a camera, by its footage of the last half hour. */
  async function newestOf(id: string): Promise<Ms> {
    const now = Math.floor(serverNow());
    state.beginning = true;
    try {
      const c = await one(id, cancel.signal);
      const { from, to } = await allowedTo(c, now, { from: now - hour / 2, to: now }, cancel.signal);
      const r = await answer(server.GET("/api/v1/cameras/{id}/timeline", { params: { path: { id: c.id }, query: { from: iso(from), to: iso(to) } }, signal: cancel.signal }));
      return newest(coverageOf(r, to).covered, now);
    } catch {
      return newest([], now); // to begin there says what is wrong
    }
  }
  /** resume goes on with a route. */
  function resume(hops: readonly Hop[], at: Ms | null) {
    clear();
    state.hops = [...hops];
    if (!here.value) return save();
    state.window = windowOf(at ?? here.value.at);
    lay();
    wall.seek(at ?? here.value.at, true);
    save();
    void load();
  }
  /** append goes on to a camera. The clock goes on as it went. */
  function append(id: string) {
    const hit = hits.value.find((h) => h.id === id);
    if (!hit || id === here.value?.id || state.hops.length >= most) return;
    state.hops.push({ id, name: hit.name, lon: hit.lon, lat: hit.lat, at: Math.round(wall.state.now) });
    moved();
  }
  function undo() {
    state.hops.pop();
    if (here.value) moved();
    else clear();
    save();
  }
  function moved() {
    save();
    state.looked = false;
    // The chosen one is large at once; the others stay until their successors are found.
    next.value = next.value.filter((n) => n.hit.id !== here.value?.id);
    lay();
    void load();
  }
  function clear() {
    cancel.abort();
    cancel = new AbortController();
    Object.assign(state, { hops: [], busy: false, beginning: false, failure: null, outside: 0, others: 0, looked: false });
    hits.value = next.value = [];
    covers.value = new Map();
    wall.open([]);
  }
  const save = () => keep(caseId.value, state.hops);

  /** grow asks for what lies around this camera at this moment to be added to the case; null: it was. */
  async function grow(): Promise<Failure | null> {
    const hop = here.value;
    if (!hop || !caseId.value) return null;
    state.growing = true;
    try {
      const body = { camera: hop.id, at: iso(wall.state.now) };
      await answer(server.POST("/api/v1/cases/{case}/hops", { params: { path: { case: caseId.value } }, body }));
      await loadCases();
      void load();
      return null;
    } catch (err) {
      return asFailure(err);
    } finally {
      state.growing = false;
    }
  }

  /** again asks for what could not be had: the hops of the route, or what is around. */
  const again = () => (here.value ? load() : asked && begin(...asked));
  whenReached(() => state.failure, again);
  watch(away, (out) => out && void load());
  const timer = window.setInterval(() => {
    if (!here.value || state.busy || state.failure || document.hidden) return;
    const growing = state.window.to > serverNow() - 60_000;
    const due = worn(state.window, wall.state.now) && !same(windowOf(wall.state.now), state.window) ? 3000 : growing ? fresh : Infinity;
    if (Date.now() - tried >= due) void load(!away.value);
  }, 1000);
  onBeforeUnmount(() => {
    clearInterval(timer);
    cancel.abort();
  });

  const lines = computed(() => {
    const names = here.value ? [{ id: here.value.id, name: here.value.name }, ...next.value.map((n) => ({ id: n.hit.id, name: n.hit.name }))] : [];
    return names.map((n) => ({ ...n, coverage: covers.value.get(n.id) ?? null }));
  });
  return { state, wall, hits, next, here, lines, caseId, viewings, leave, load, begin, newestOf, again, resume, append, undo, clear: () => (clear(), save()), grow, stored: () => stored(caseId.value) };
}

const within = (s: Span, t: Ms) => t >= s.from && t < s.to;
const same = (a: Span, b: Span) => a.from === b.from && a.to === b.to;

export type TraceModel = ReturnType<typeof useTrace>;
