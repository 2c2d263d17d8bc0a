import type { Gap, Ms, Span } from "../time/span";
import type { Mark, Marks } from "./scene";

/** Where the pointer is, and what is there. text says it all in words: a bookmark's own, or the moment and what the row has. */
export interface Hovered {
  t: Ms;
  id: string | null;
  x: number;
  y: number;
  gap: Gap | null;
  mark: Mark | null;
  text: string;
}

/** What a Timeline reports. */
export interface TimelineEvents {
  /** final: false while the cursor is dragged */
  seek?(t: Ms, final: boolean): void;
  /** a click on a row, or the arrows up and down */
  row?(id: string): void;
  /** zoomed, panned or paged on; not when setSpan did it */
  view?(s: Span): void;
  hover?(at: Hovered | null): void;
  /** a flag was dragged */
  marks?(m: Marks): void;
}
