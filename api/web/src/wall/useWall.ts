import { computed, onBeforeUnmount, reactive, watch } from "vue";
import type { TileSource } from "@/player/state";
import { Tile } from "@/player/tile";
import type { Shown } from "@/player/state";
import { Wall } from "@/player/wall";
import { showTime } from "@/shell/time";
import { laid } from "./layout";
import { offsetAt } from "@/time/offset";
import { next, type Coverage, type Ms, type Span } from "@/time/span";

/** TileCamera is what a tile says of its camera. */
export interface TileCamera {
  id: string;
  name: string;
  fps: number;
  sub: boolean;
  distance: number | null; // m, from what was looked for
  view?: "facing" | "beside" | "away" | "unknown";
}

export interface Slot {
  camera: TileCamera;
  shown: Shown;
  picture: Ms | null;
}

export interface WallContext {
  coverage(camera: string): Coverage | null;
  limits(): Span;
  viewing(camera: string, span: Span): Promise<string | undefined>;
}

export const rates = [0.5, 1, 2, 4, 8, 16] as const;
export const layouts = [1, 4, 9] as const;

/** useWall is the wall of tiles as components see it. */
export function useWall(ctx: WallContext) {
  const slots = reactive<Slot[]>([]);
  const tiles = new Map<string, Tile>();
  const state = reactive({
    now: 0 as Ms, playing: false, live: false, held: false, rate: 1, drift: 0,
    current: "", large: "", loud: false, layout: 4 as number,
    marks: { in: null as Ms | null, out: null as Ms | null },
    zoomed: null as Span | null, // what the timeline shows, where somebody chose that
  });
  let gone = false; // a picture may come when the page has been left
  const wall = new Wall({
    tick(now) {
      if (gone) return;
      state.now = now;
      showTime(slots.length ? now : null);
      for (const s of slots) s.picture = tiles.get(s.camera.id)?.picture ?? null;
    },
    state() {
      Object.assign(state, { playing: wall.clock.playing || wall.live, live: wall.live, held: wall.held, rate: wall.clock.rate });
    },
  });
  const figures = window.setInterval(() => (state.drift = wall.drift), 1000);

  const order = () => wall.set(slots.flatMap((s) => tiles.get(s.camera.id) ?? []));

  /** attach gives a tile its element. */
  function attach(camera: TileCamera, host: HTMLElement): () => void {
    const source: TileSource = {
      camera: camera.id,
      get sub() {
        return camera.sub;
      },
      viewing: (span) => ctx.viewing(camera.id, span),
      coverage: () => ctx.coverage(camera.id),
      limits: ctx.limits,
    };
    const tile = new Tile(host, source, (shown) => {
      const s = slots.find((x) => x.camera.id === camera.id);
      if (s) s.shown = shown;
    });
    tiles.set(camera.id, tile);
    sound();
    order();
    return () => {
      tile.dispose();
      if (tiles.get(camera.id) === tile) tiles.delete(camera.id);
      order();
    };
  }

  function sound() {
    for (const [id, tile] of tiles) tile.sound(state.loud && id === state.current);
  }
  watch(() => [state.loud, state.current], sound);

  function open(cameras: readonly TileCamera[]) {
    // A camera that stays keeps its tile, which tells nothing anew until something changes.
    slots.splice(0, slots.length, ...cameras.slice(0, state.layout).map((camera): Slot => ({ camera, shown: tiles.get(camera.id)?.shown ?? { kind: "loading" }, picture: null })));
    state.current = slots[0]?.camera.id ?? "";
    state.large = "";
    if (!slots.length) showTime(null);
  }
  function add(camera: TileCamera) {
    if (slots.some((s) => s.camera.id === camera.id)) return void (state.current = camera.id);
    if (slots.length >= 9) slots.pop();
    slots.push({ camera, shown: { kind: "loading" }, picture: null });
    if (slots.length > state.layout) state.layout = slots.length > 4 ? 9 : 4;
    state.current = camera.id;
  }
  function remove(id: string) {
    const i = slots.findIndex((s) => s.camera.id === id);
    if (i >= 0) slots.splice(i, 1);
    if (state.current === id) state.current = slots[Math.min(i, slots.length - 1)]?.camera.id ?? "";
    if (state.large === id) state.large = "";
  }
  /** lay changes the number of tiles; found are the cameras that there are more of. The chosen tile and the clock stay. */
  function lay(n: number, found: readonly TileCamera[]) {
    const stand = new Map(slots.map((s) => [s.camera.id, s]));
    const more = new Map(found.map((c) => [c.id, c]));
    const ids = laid(n, [...stand.keys()], state.current, [...more.keys()]);
    slots.splice(0, slots.length, ...ids.map((id): Slot => stand.get(id) ?? { camera: more.get(id)!, shown: { kind: "loading" }, picture: null }));
    Object.assign(state, { layout: n, large: "", current: ids.includes(state.current) ? state.current : ids[0] ?? "" });
  }
  const current = computed(() => slots.find((s) => s.camera.id === state.current) ?? null);
  const currentTile = () => tiles.get(state.current) ?? null;

  function step(n: 1 | -1) {
    const tile = currentTile();
    if (tile) void wall.step(tile, n, current.value?.camera.fps ?? 25);
  }
  /** nextFootage is where the tiles' footage begins again. */
  function nextFootage(): Ms | null {
    let best: Ms | null = null;
    for (const s of slots) {
      const c = ctx.coverage(s.camera.id);
      const t = c ? next(c.covered, state.now + 50)?.from : undefined;
      if (t !== undefined && (best === null || t < best)) best = t;
    }
    return best;
  }
  function setMark(which: "in" | "out", t: Ms | null) {
    state.marks[which] = t;
    const { in: a, out: b } = state.marks;
    if (a !== null && b !== null && b <= a) state.marks[which === "in" ? "out" : "in"] = null;
  }

  onBeforeUnmount(() => {
    gone = true;
    clearInterval(figures);
    wall.dispose();
    showTime(null);
  });

  return {
    slots, state, current, wall, attach, open, add, remove, lay, step, nextFootage, setMark,
    retry: (id: string) => tiles.get(id)?.retry(),
    picture: (id: string) => tiles.get(id)?.picture ?? null,
    offset: (id: string) => offsetAt(ctx.coverage(id)?.offsets, state.now),
    element: (id: string) => tiles.get(id)?.element ?? null,
    seek: (t: Ms, playing?: boolean) => wall.seek(t, playing),
  };
}

export type WallModel = ReturnType<typeof useWall>;
