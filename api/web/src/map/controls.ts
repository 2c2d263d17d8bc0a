import type Control from "ol/control/Control.js";
import ScaleLine from "ol/control/ScaleLine.js";
import Zoom from "ol/control/Zoom.js";
import DoubleClickZoom from "ol/interaction/DoubleClickZoom.js";
import DragPan from "ol/interaction/DragPan.js";
import type Interaction from "ol/interaction/Interaction.js";
import KeyboardPan from "ol/interaction/KeyboardPan.js";
import KeyboardZoom from "ol/interaction/KeyboardZoom.js";
import MouseWheelZoom from "ol/interaction/MouseWheelZoom.js";
import PinchZoom from "ol/interaction/PinchZoom.js";
import Kinetic from "ol/Kinetic.js";
import type { Labels } from "./types";

/** stillWanted is whether the reader asked for no motion. */
export function stillWanted(): boolean {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

/** controlsOf are the buttons to zoom and the scale. */
export function controlsOf(labels: Labels, still: boolean): Control[] {
  const zoom = new Zoom({ duration: still ? 0 : 200, zoomInTipLabel: labels.zoomIn, zoomOutTipLabel: labels.zoomOut });
  return [zoom, new ScaleLine({ minWidth: 80 })];
}

/** nameButtons gives the buttons names: their signs + and – are read out as nothing. */
export function nameButtons(el: HTMLElement) {
  for (const b of el.querySelectorAll<HTMLButtonElement>(".ol-zoom button")) b.setAttribute("aria-label", b.title);
}

/** interactionsOf are the ways to move the map; it is never turned. */
export function interactionsOf(still: boolean): Interaction[] {
  const duration = still ? 0 : 200;
  return [
    new DragPan({ kinetic: still ? undefined : new Kinetic(-0.005, 0.05, 100) }),
    new DoubleClickZoom({ duration }),
    new PinchZoom({ duration }),
    new MouseWheelZoom({ duration }),
    new KeyboardPan({ duration: still ? 0 : 100 }),
    new KeyboardZoom({ duration: still ? 0 : 100 }),
  ];
}

/** moves is whether a key moves the focused map; the page's own keys are then not meant. */
export function moves(e: KeyboardEvent): boolean {
  if (e.ctrlKey || e.metaKey || e.altKey) return false;
  return e.key === "+" || e.key === "-" || (!e.shiftKey && e.key.startsWith("Arrow"));
}
