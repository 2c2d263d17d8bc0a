import { onBeforeUnmount, onMounted, ref, type ShallowRef, shallowRef, watch } from "vue";
import { useI18n } from "@/i18n";
import type { CameraMap, MapEvents, PlaceName, Source, View } from "@/map/map";
import { answer, asFailure, type Failure, server } from "@/server/client";
import { chosenBase, keepBase } from "./base";
import { whenReached } from "./connection";

/**
 * useGround is a map in an element, with its borders and names, and the base map that was chosen last. draw puts on it what the
 * page has; loaded is called when the borders are there. It begins where the page says, if it says so.
 */
export function useGround(host: Readonly<ShallowRef<HTMLElement | null>>, on: MapEvents, draw: (map: CameraMap) => void, { begun = null, loaded }: { begun?: View | null; loaded?: (map: CameraMap) => void } = {}) {
  const { t, locale } = useI18n();
  const failure = ref<Failure | null>(null);
  const sources = ref<Source[]>([]);
  const base = ref("");
  let Kind: typeof CameraMap | null = null; // it comes by itself: pictures need not wait for a map
  let map: CameraMap | null = null;
  let outlines: unknown = null;
  let places: PlaceName[] = [];
  let gone = false;
  let toFit: Parameters<CameraMap["fit"]> | null = null; // asked for before there was a map
  let byHand = begun !== null; // somebody moved the map last, not the page
  /** view is where somebody moved the map to; null: it shows what the page fitted it to. */
  const view = shallowRef(begun);

  function make() {
    if (!Kind || !host.value) return;
    const before = map?.view ?? view.value;
    map?.destroy();
    map = new Kind(host.value, { ...on, moved: (v) => (view.value = byHand ? v : null) }, {
      map: t("map.label"), zoomIn: t("map.zoomIn"), zoomOut: t("map.zoomOut"), centre: t("map.centre"), rim: t("map.rim"),
      corner: (n, of) => t("map.corner", { n, of }), together: (n) => t("map.together", { n }),
    });
    if (outlines) map.setOutlines(outlines);
    map.setPlaces(places);
    map.setSources(sources.value, base.value || null);
    draw(map);
    if (before) map.view = before;
    if (toFit) map.fit(...toFit);
    toFit = null;
  }
  function fit(...what: Parameters<CameraMap["fit"]>) {
    byHand = false;
    if (map) map.fit(...what);
    else toFit = what;
  }
  async function load() {
    failure.value = null;
    try {
      await Promise.all([loadGround(), loadNames()]);
    } catch (err) {
      failure.value = asFailure(err);
    }
  }
  async function loadGround() {
    const [o, m] = await Promise.all([answer(server.GET("/api/v1/outlines")), answer(server.GET("/api/v1/maps"))]);
    outlines = o;
    sources.value = (m.items ?? []) as Source[];
    map?.setOutlines(o);
    base.value = chosenBase(sources.value);
    map?.setSources(sources.value, base.value || null);
    if (map) loaded?.(map);
  }
  async function loadNames() {
    places = (await answer(server.GET("/api/v1/names"))).items ?? [];
    map?.setPlaces(places);
  }
  whenReached(() => failure.value, load);
  /** keep says that somebody moves the map, or asked for what it was fitted to. */
  const keep = () => (byHand = true);
  onMounted(async () => {
    for (const kind of ["pointerdown", "wheel", "keydown"]) host.value?.addEventListener(kind, keep, { capture: true, passive: true });
    void load();
    try {
      Kind = (await import("@/map/map")).CameraMap;
    } catch (err) {
      failure.value = asFailure(err);
    }
    if (gone) return;
    make();
    if (map && outlines) loaded?.(map);
  });
  onBeforeUnmount(() => {
    gone = true;
    map?.destroy();
  });
  watch(locale, make);
  watch(base, (name) => {
    keepBase(name);
    map?.setSources(sources.value, name || null);
  });
  return { failure, sources, base, view, load, fit, keep, redraw: () => map && draw(map), get: () => map };
}
