import type { Failure } from "@/server/client";
import type { Coverage, Ms, Span } from "@/time/span";

/** hasSub reports whether a camera has a sub-stream that every browser plays. */
export const hasSub = (c?: { streams?: readonly { role: string; codec?: string }[] | null }) => (c?.streams ?? []).some((s) => s.role === "sub" && (s.codec ?? "").startsWith("h264"));

/** What a tile needs to know of its camera, and whom it asks. */
export interface TileSource {
  camera: string;
  /** sub: there is an H.264 sub-stream to fall back to. */
  readonly sub: boolean;
  /** viewing gets leave to see a span: the viewing's id, undefined where none is needed. */
  viewing(span: Span): Promise<string | undefined>;
  coverage(): Coverage | null;
  limits(): Span;
}

/** How a tile gets its pictures. preview: coded anew by the server; pictures and livepreview: single ones, decoded by it. */
export type Way = "video" | "sub" | "preview" | "pictures" | "live" | "livesub" | "livepreview";

/** What a tile shows. */
export type Shown =
  | { kind: "empty" }
  | { kind: "loading" }
  | { kind: "picture"; way: Way }
  | { kind: "gap"; span: Span; cause: string; before: Ms | null; after: Ms | null }
  | { kind: "ahead"; before: Ms | null }
  | { kind: "none"; before: Ms | null; after: Ms | null }
  | { kind: "away"; state: string; cause: string; since: Ms | null; before: Ms | null } // live, and no pictures come
  | { kind: "failed"; failure: Failure };

/** codingOf is the first coding a Content-Type names: avc1.64001f. */
export const codingOf = (type: string) => /codecs="?([^",]+)/.exec(type)?.[1] ?? "";

const probe = typeof document === "undefined" ? null : document.createElement("video");

/** playable reports whether this browser plays a type. */
export function playable(type: string): boolean {
  const coding = codingOf(type);
  if (/^(jpeg|mp4v|mjp)/.test(coding)) return false;
  if (!coding) return true;
  return probe?.canPlayType(`video/mp4; codecs="${coding}"`) !== "";
}
