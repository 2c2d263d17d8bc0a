import { Gesture, type Touch, wheel } from "./gesture";
import { hit } from "./layout";
import type { Controls } from "./scene";

const shapes: Record<string, string> = { label: "pointer", header: "pointer", bookmark: "pointer", cursor: "ew-resize", flag: "ew-resize" };

/** listenPointer leads the canvas's mouse, touch and wheel to a Gesture. */
export function listenPointer(canvas: HTMLCanvasElement, on: Controls): Gesture {
  const gesture = new Gesture(on);
  const place = (e: MouseEvent) => {
    const r = canvas.getBoundingClientRect();
    return { x: e.clientX - r.left, y: e.clientY - r.top };
  };
  const touch = (e: PointerEvent): Touch => ({ ...place(e), id: e.pointerId, finger: e.pointerType === "touch", time: e.timeStamp });
  canvas.addEventListener("pointerdown", (e) => {
    if (e.button) return;
    canvas.setPointerCapture(e.pointerId);
    gesture.press(touch(e));
  });
  canvas.addEventListener("pointermove", (e) => {
    if (gesture.busy) return gesture.move(touch(e));
    const at = place(e);
    canvas.style.cursor = shapes[hit(on.scene, at.x, at.y).kind] ?? "default";
    on.hover(at);
  });
  canvas.addEventListener("pointerup", (e) => gesture.lift(touch(e)));
  canvas.addEventListener("pointercancel", (e) => gesture.cancel(e.pointerId));
  canvas.addEventListener("pointerleave", () => on.hover(null));
  canvas.addEventListener(
    "wheel",
    (e) => {
      const unit = e.deltaMode === WheelEvent.DOM_DELTA_PIXEL ? 1 : e.deltaMode === WheelEvent.DOM_DELTA_LINE ? 33 : 400;
      const ours = wheel(on, { ...place(e), dx: e.deltaX * unit, dy: e.deltaY * unit, shift: e.shiftKey, ctrl: e.ctrlKey });
      if (!ours) return;
      e.preventDefault();
      if (!gesture.busy) on.hover(place(e));
    },
    { passive: false },
  );
  return gesture;
}
