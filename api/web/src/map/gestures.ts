import type OlMap from "ol/Map.js";
import type MapBrowserEvent from "ol/MapBrowserEvent.js";
import type { Extent } from "ol/extent.js";
import { toLonLat } from "ol/proj.js";
import type { Cameras, Hit } from "./cameras";
import { moves } from "./controls";
import type { Hand } from "./draw";
import { wider } from "./groups";
import type { MapEvents } from "./types";

type PointerEvt = MapBrowserEvent<PointerEvent>;

/** What a click may bring the map to do. */
export interface Show {
  extent(e: Extent): void;
  spot(place: number[]): void;
}

/** Gestures say what a click, a key or a resting mouse means: a camera, a group of them, or the ground. */
export class Gestures {
  private readonly met = new WeakSet<Event>(); // clicks that met a camera or a group
  private pointed: string | null = null;
  private readonly undo = new AbortController();

  constructor(
    private readonly el: HTMLElement,
    private readonly map: OlMap,
    private readonly cameras: Cameras,
    private readonly hand: Hand,
    private readonly on: MapEvents,
    private readonly show: Show,
  ) {
    map.on("click", (e) => this.click(e as PointerEvt));
    // The ground waits: the second click of a double one zooms.
    map.on("singleclick", (e) => {
      if (!hand.mine(e) && !this.met.has(e.originalEvent)) this.pick(e.coordinate);
    });
    map.on("pointermove", (e) => this.hover(e as PointerEvt));
    const { signal } = this.undo;
    el.addEventListener("pointerleave", () => this.point(null), { signal });
    el.addEventListener("keydown", (e) => this.key(e), { signal });
    // A drawing ends by Escape wherever the focus is, except where one types.
    document.addEventListener("keydown", (e) => this.drawKey(e), { signal, capture: true });
  }

  destroy() {
    this.undo.abort();
  }

  cursor(name: string) {
    const style = this.map.getViewport()?.style;
    if (style) style.cursor = name;
  }

  private click(e: PointerEvt) {
    if (this.hand.mine(e)) return;
    const hit = this.hit(e.coordinate, e.originalEvent.pointerType === "touch" ? 22 : 12);
    if (!hit) return;
    this.met.add(e.originalEvent);
    this.meet(hit, additive(e.originalEvent));
  }

  private meet(hit: NonNullable<Hit>, more: boolean) {
    if ("camera" in hit) this.on.camera?.(hit.camera.id, more);
    else if (wider(hit.group)) this.show.extent(hit.group);
    else this.show.spot(hit.group.slice(0, 2));
  }

  private pick(place: number[]) {
    const [lon, lat] = toLonLat(place);
    this.on.pick?.(lon!, lat!);
  }

  private hit(place: number[], reach: number): Hit {
    return this.cameras.at(place, this.map.getView().getResolution()!, reach);
  }

  private hover(e: PointerEvt) {
    if (e.dragging || this.hand.drawing || this.hand.changing || e.originalEvent.pointerType === "touch") return;
    const grip = this.hand.over(e);
    const hit = this.hit(e.coordinate, 12);
    this.cursor(grip === "rim" ? "nesw-resize" : grip ? "move" : hit ? "pointer" : "");
    this.point(hit && "camera" in hit ? hit.camera.id : null);
  }

  private point(id: string | null) {
    if (id === this.pointed) return;
    this.pointed = id;
    this.cameras.point(id);
    this.on.hover?.(id);
  }

  private key(e: KeyboardEvent) {
    if (e.target !== this.el) return;
    const centre = this.map.getView().getCenter();
    if (e.key === "Enter" && centre && !this.hand.drawing) {
      const hit = this.hit(centre, 12);
      if (hit) this.meet(hit, additive(e));
      else this.pick(centre);
    } else if (!moves(e)) return;
    e.stopPropagation(); // to the page an arrow is a step in time
  }

  private drawKey(e: KeyboardEvent) {
    if (e.target instanceof Element && e.target.closest("input, textarea, select, [contenteditable]")) return;
    // Enter on a button of the page presses it.
    if (e.key === "Enter" && e.target !== this.el) return;
    if (!this.hand.key(e.key)) return;
    e.preventDefault();
    e.stopPropagation();
  }
}

/** additive is whether a click adds to what is chosen. */
function additive(e: PointerEvent | KeyboardEvent): boolean {
  return e.shiftKey || e.ctrlKey || e.metaKey;
}
