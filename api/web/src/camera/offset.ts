import { i18n } from "@/i18n";
import type { Camera } from "@/search/cameras";
import { offsetText } from "@/time/offset";

/** offsetOf is how far a camera's clock is off now, in words; null: it is not known. */
export function offsetOf(c: Pick<Camera, "streams">): string | null {
  const s = c.streams?.[0];
  return !s || s.clock_offset_ms === null ? null : i18n.global.t("camera.seconds", { n: offsetText(s.clock_offset_ms, s.clock_uncertainty_ms) });
}
