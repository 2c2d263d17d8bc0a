import { reactive } from "vue";
import { dateOf, timeOf } from "@/time/shanghai";
import type { Ms } from "@/time/span";

/** masterTime is what the header shows: the moment that all tiles stand at. */
export const masterTime = reactive({ text: "" });

export function showTime(t: Ms | null) {
  masterTime.text = t === null ? "" : `${dateOf(t)} ${timeOf(t, true)}`;
}
