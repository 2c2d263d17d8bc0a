import { computed, effectScope, reactive, watch } from "vue";
import { say } from "@/i18n";
import { Failure, stopped } from "@/server/client";
import { cases } from "@/session/cases";
import { session } from "@/session/session";
import { whenReached } from "@/shell/connection";
import { notify } from "@/shell/notices";
import { serverNow } from "@/time/now";
import { iso } from "@/time/shanghai";
import { fileName, save } from "@/wall/still";
import { basket, drop, took } from "./basket";
import { Broken, type Facts, Fetching, hashOf, look } from "./fetching";
import { lanes } from "./lanes";
import { forget, leaveFor } from "./leave";
import { busy, Gaps, keyOf, type Row, rowOf, smooth, troubleOf } from "./row";

/** again is how often a clip that broke off is gone on with before somebody is asked. */
const again = 3;
const wait = (ms: number) => new Promise((f) => window.setTimeout(f, ms));

/** Begun is how far a clip is: a later try goes on there. */
interface Begun {
  file: Fetching;
  before: number; // bytes of the files before
}

/** make is the list of downloads. It outlives the page: fetching goes on while somebody looks at something else. */
function make() {
  const rows = reactive<Row[]>([]);
  const state = reactive({ running: false, batch: [] as string[] });
  const begun = new Map<string, Begun>();
  const cancels = new Map<string, AbortController>();
  const asks = lanes(4);
  const queue: Row[] = [];

  watch(() => basket.map((x) => `${keyOf(x)} ${x.taken ?? ""}`).join(), () => {
    const have = new Map(rows.map((r) => [r.key, r]));
    const next = basket.map((item) => Object.assign(have.get(keyOf(item)) ?? reactive(rowOf(item)), { item }));
    rows.splice(0, rows.length, ...next);
  }, { immediate: true });

  const ready = () => session.open || cases.loaded;

  /** allowed does something in a viewing; one that the server closed meanwhile is opened again. */
  async function allowed<T>(row: Row, f: (viewing: string | undefined) => Promise<T>): Promise<T> {
    try {
      return await f(await leaveFor(row.item));
    } catch (err) {
      if (!(err instanceof Failure) || err.code !== "viewing_needed") throw err;
      forget(row.item);
      return f(await leaveFor(row.item));
    }
  }

  /** ask finds out how large a clip is, and whether footage is missing inside. */
  async function ask(row: Row) {
    if (row.facts || row.asking || !ready()) return;
    row.asking = true;
    try {
      await asks(async () => {
        if (rows.some((r) => r.key === row.key)) row.facts = await allowed(row, (v) => look(row.item.camera, iso(row.item.from), iso(row.item.to), v));
      });
      if (!busy(row)) row.trouble = null;
    } catch (err) {
      if (!busy(row)) row.trouble = troubleOf(err);
    }
    row.asking = false;
  }
  watch(() => [ready(), rows.filter((r) => r.chosen).map((r) => r.key).join()] as const, () => rows.forEach((r) => r.chosen && !r.trouble && void ask(r)), { immediate: true });

  /** fetchFile fetches what is missing of one file, and tries again where the line breaks. */
  async function fetchFile(row: Row, b: Begun, signal: AbortSignal): Promise<Blob> {
    for (let n = 1; ; n++) {
      let at = performance.now();
      const progress = (received: number) => {
        const now = performance.now();
        if (now - at < 200 && received !== b.file.facts?.size) return;
        row.speed = smooth(row.speed, b.before + received - row.received, now - at);
        row.received = b.before + received;
        at = now;
      };
      const known = (f: Facts) => {
        row.received = b.before;
        if (!row.facts) row.facts = { ...f, files: 1 };
        if (b.before > 0) return; // gaps are told of the whole window with its first file
        const { size, to: end } = row.facts;
        Object.assign(row.facts, f, row.facts.files > 1 ? { size, to: end } : {}); // a window that grows is longer by now
        if (f.gapCount > row.agreed) throw new Gaps();
      };
      try {
        return await allowed(row, (v) => b.file.run(v, signal, progress, known));
      } catch (err) {
        const line = err instanceof Broken || (err instanceof Failure && err.status === 0);
        if (!line || n >= again) throw err;
        await wait(1000 * n);
        signal.throwIfAborted?.();
      }
    }
  }

  async function fetchRow(row: Row) {
    const { camera, name, from, to } = row.item;
    const cancel = new AbortController();
    cancels.set(row.key, cancel);
    Object.assign(row, { phase: "loading", trouble: null, speed: 0 });
    try {
      let b = begun.get(row.key);
      if (!b) {
        row.saved = [];
        b = { file: new Fetching(camera, iso(from), iso(to)), before: 0 };
      }
      for (;;) {
        begun.set(row.key, b);
        const blob = await fetchFile(row, b, cancel.signal);
        const facts: Facts = b.file.facts!;
        const saved = { name: fileName(name, facts.from, "mp4"), size: blob.size, hash: "" };
        save(blob, saved.name);
        row.phase = "hashing";
        saved.hash = await hashOf(blob);
        row.saved.push(saved);
        row.phase = "loading";
        if (!facts.rest) break;
        b = { file: new Fetching(camera, facts.rest, iso(to)), before: b.before + blob.size };
      }
      begun.delete(row.key);
      Object.assign(row, { phase: "done", chosen: false });
      took(row.item, serverNow());
    } catch (err) {
      row.phase = "idle";
      row.speed = 0;
      if (stopped(err) || cancel.signal.aborted) begun.delete(row.key);
      else row.trouble = troubleOf(err);
    }
    cancels.delete(row.key);
  }

  const leaving = (e: BeforeUnloadEvent) => {
    e.preventDefault();
    e.returnValue = ""; // old Chromium asks only then
  };

  /** start fetches clips one after the other. */
  async function start(list: readonly Row[]) {
    if (!state.running) state.batch = [];
    for (const r of list) {
      if (busy(r)) continue;
      Object.assign(r, { phase: "waiting", received: begun.has(r.key) ? r.received : 0 });
      queue.push(r);
      if (!state.batch.includes(r.key)) state.batch.push(r.key);
    }
    if (state.running || !queue.length) return;
    state.running = true;
    window.addEventListener("beforeunload", leaving);
    for (let r = queue.shift(); r; r = queue.shift()) if (r.phase === "waiting") await fetchRow(r);
    window.removeEventListener("beforeunload", leaving);
    state.running = false;
    const done = batch.value.filter((r) => r.phase === "done").length;
    const failed = batch.value.filter((r) => r.trouble).length;
    if (done || failed) notify(say("downloads.finished", { done, failed }), { bad: failed > 0 });
  }
  function stop(row: Row) {
    if (row.phase === "waiting") row.phase = "idle";
    cancels.get(row.key)?.abort();
  }
  function remove(row: Row) {
    stop(row);
    begun.delete(row.key);
    drop(row.item);
  }
  /** cut are the rows that wait for the server: those that somebody wanted to have are gone on with, the others asked about. */
  const cut = () => rows.filter((r) => r.trouble?.kind === "offline");
  whenReached(() => cut()[0]?.trouble?.failure, () => {
    const wanted = cut().filter((r) => state.batch.includes(r.key));
    for (const r of cut()) if (!wanted.includes(r)) void ask(r);
    if (wanted.length) void start(wanted);
  });
  const batch = computed(() => rows.filter((r) => state.batch.includes(r.key)));
  return {
    rows, state, batch, ready, ask, start, stop, remove,
    stopAll: () => rows.forEach(stop),
    clear: () => rows.filter((r) => r.item.taken !== undefined && !busy(r)).forEach(remove),
  };
}

export type Downloads = ReturnType<typeof make>;
let made: Downloads | null = null;
export const useDownloads = () => (made ??= effectScope(true).run(make)!);
