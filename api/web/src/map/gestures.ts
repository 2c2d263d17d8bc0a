import type OlMap from "ol/Map.js";
import type { Extent } from "ol/extent.js";
import type { Cameras, Hit } from "./cameras";
import { moves } from "./controls";
import type { Hand } from "./draw";
import { Fan } from "./fan";
import { wider } from "./groups";
import type { Hold } from "./hold";
import { type PointerEvt, pointOf } from "./pointer";
import type { MapCamera, MapEvents, Part } from "./types";

/** What lies on the map, from the lowest up. */
export interface Things {
  cameras: Cameras;
  hold: Hold;
  hand: Hand;
}

/** What a gesture may bring the map to do. */
export interface Show {
  extent(e: Extent): void;
  spot(place: number[]): void;
  grip(part: Part | null): void;
  /** The words for so many cameras on one spot. */
  together(n: number): string;
}

/** Gestures say what a click, a key or a resting mouse means: a camera, several on one spot, a group, or the ground. */
export class Gestures {
  readonly fan: Fan;
  private readonly met = new WeakSet<Event>(); // clicks that met a camera or a group, or closed a fan
  private pointed: string | null = null;
  private readonly undo = new AbortController();

  constructor(
    private readonly el: HTMLElement,
    private readonly map: OlMap,
    private readonly things: Things,
    private readonly on: MapEvents,
    private readonly show: Show,
  ) {
    this.fan = new Fan(map, {
      pick: (id, e) => {
        if (!additive(e)) this.fan.close();
        this.on.camera?.(id, additive(e));
      },
      point: (id) => this.point(id, false),
      label: (n) => show.together(n),
    });
    map.on("click", (e) => this.click(e as PointerEvt));
    // The ground waits: the second click of a double one zooms.
    map.on("singleclick", (e) => {
      if (!things.hand.mine(e) && !things.hold.mine(e) && !this.met.has(e.originalEvent)) this.pick(e.coordinate);
    });
    map.on("pointermove", (e) => this.hover(e as PointerEvt));
    const { signal } = this.undo;
    el.addEventListener("pointerleave", () => this.leave(), { signal });
    el.addEventListener("keydown", (e) => this.key(e), { signal });
    // What was begun ends by Escape wherever the focus is, except where one types.
    document.addEventListener("keydown", (e) => this.begunKey(e), { signal, capture: true });
    document.addEventListener("pointerdown", (e) => e.target instanceof Node && !el.contains(e.target) && this.fan.close(), { signal, capture: true });
  }

  destroy() {
    this.undo.abort();
  }

  cursor(name: string) {
    const style = this.map.getViewport()?.style;
    if (style) style.cursor = name;
  }

  private click(e: PointerEvt) {
    if (this.things.hand.mine(e)) return;
    const hit = this.hit(e.coordinate, e.originalEvent.pointerType === "touch" ? 22 : 12);
    const same = hit !== null && "camera" in hit && this.fan.has(hit.camera.id);
    if (this.fan.close()) this.met.add(e.originalEvent); // no ground is picked by that
    if (!hit) return;
    this.met.add(e.originalEvent);
    if (!same) this.meet(hit, additive(e.originalEvent));
  }

  private meet(hit: NonNullable<Hit>, more: boolean) {
    if ("camera" in hit) this.choose(hit.camera, more);
    else if (wider(hit.group)) this.show.extent(hit.group);
    else this.show.spot(hit.group.slice(0, 2));
  }

  private choose(c: MapCamera, more: boolean) {
    const all = this.things.cameras.together(c);
    if (all.length > 1) this.fan.open(all);
    else this.on.camera?.(c.id, more);
  }

  private pick(place: number[]) {
    this.on.pick?.(...pointOf(place));
  }

  private hit(place: number[], reach: number): Hit {
    return this.things.cameras.at(place, this.map.getView().getResolution()!, reach);
  }

  private hover(e: PointerEvt) {
    const { hand, hold } = this.things;
    if (e.dragging || hand.drawing || hold.changing || e.originalEvent.pointerType === "touch" || this.fan.contains(e.originalEvent.target)) return;
    const part = hold.over(e)?.part ?? null;
    const hit = this.hit(e.coordinate, 12);
    this.show.grip(part);
    this.cursor(part === "rim" ? "nesw-resize" : part === "edge" ? "copy" : part ? "move" : hit ? "pointer" : "");
    this.point(hit && "camera" in hit ? hit.camera.id : null);
  }

  private leave() {
    this.point(null);
    if (!this.things.hold.changing) this.show.grip(null);
  }

  private point(id: string | null, named = true) {
    if (id === this.pointed) return;
    this.pointed = id;
    this.things.cameras.point(id, named);
    this.on.hover?.(id);
  }

  private key(e: KeyboardEvent) {
    if (e.target !== this.el) return;
    const centre = this.map.getView().getCenter();
    if (e.key === "Enter" && centre && !this.things.hand.drawing) {
      e.preventDefault(); // a fan's first button has the focus at once, and is not to be pressed
      const hit = this.hit(centre, 12);
      if (hit) this.meet(hit, additive(e));
      else this.pick(centre);
    } else if (!moves(e)) return;
    e.stopPropagation(); // to the page an arrow is a step in time
  }

  private begunKey(e: KeyboardEvent) {
    if (e.target instanceof Element && e.target.closest("input, textarea, select, [contenteditable]")) return;
    // Enter on a button of the page presses it.
    if (e.key === "Enter" && e.target !== this.el) return;
    const ended = e.key === "Escape" && (this.things.hold.giveUp() || this.fan.close());
    if (!ended && !this.things.hand.key(e.key)) return;
    e.preventDefault();
    e.stopPropagation();
  }
}

/** additive is whether a click adds to what is chosen. */
function additive(e: MouseEvent | KeyboardEvent): boolean {
  return e.shiftKey || e.ctrlKey || e.metaKey;
}
