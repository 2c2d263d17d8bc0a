import type { Gap, Ms, Span } from "../time/span";

// What the timeline shows, as plain data. The painters and the hands read it;
// only the Timeline changes it.

/** One camera. Lists ascend and do not overlap. */
export interface Row {
  id: string;
  label: string;
  /** number of the tile it plays in, 1 to 9 */
  number?: number;
  covered: Span[];
  gaps: Gap[];
  /** covered and gaps hold up to here */
  until: Ms;
  loading?: boolean;
  error?: string;
  /** downloaded already */
  taken?: Span[];
}

/** A bookmark. */
export interface Mark {
  at: Ms;
  text: string;
}

/** In and out of the piece to be exported. */
export interface Marks {
  in: Ms | null;
  out: Ms | null;
}

/** The words of the language in use. */
export interface Words {
  /** cause names a gap's machine word, camera_offline */
  cause(c: string): string;
  /** neither footage nor gap: not yet, or not enrolled */
  none: string;
  loading: string;
  now: string;
  /** gap says that there is none, given the cause as cause() names it */
  gap(cause: string): string;
  footage: string;
  /** what the whole thing is called */
  label: string;
}

/** Size in CSS pixels; ratio: device pixels to one of them. */
export interface Box {
  width: number;
  height: number;
  ratio: number;
}

/** Where the pointer rests. */
export interface Hover {
  x: number;
  y: number;
}

export interface Scene {
  words: Words;
  box: Box;
  rows: Row[];
  span: Span;
  limits: Span | null;
  cursor: Ms | null;
  marks: Marks;
  bookmarks: Mark[];
  current: string | null;
  now: Ms | null;
  hover: Hover | null;
  /** pixels that the rows are scrolled up by */
  scroll: number;
}

/** What the hands (pointer, wheel, keys) can do to it. */
export interface Controls {
  readonly scene: Scene;
  /** show moves the view, as far as the limits allow */
  show(span: Span): void;
  seek(t: Ms, final: boolean): void;
  pick(id: string): void;
  mark(which: keyof Marks, t: Ms): void;
  scroll(by: number): void;
  hover(at: { x: number; y: number } | null): void;
}
