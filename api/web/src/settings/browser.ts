// What this browser can do, and what is missing where it cannot.

/** least is the oldest Chromium that the app is built for. */
export const least = 87;

/** Probes ask the browser. */
export interface Probes {
  userAgent: string;
  /** plays is whether a video element plays a type. */
  plays(type: string): boolean;
  /** buffers is whether Media Source takes a type; null: there is no Media Source. */
  buffers: ((type: string) => boolean) | null;
  frameCallback: boolean;
  dialog: boolean;
}

export const checks = ["chromium", "h264", "h265", "aac", "flac", "mse", "frames", "dialog"] as const;

/** Finding is the answer to one question. */
export interface Finding {
  what: (typeof checks)[number];
  ok: boolean;
  detail: string; // a version
}

// As cameras send them: High profile at level 4, HEVC Main at level 4.
const types = {
  h264: 'video/mp4; codecs="avc1.640028"',
  h265: 'video/mp4; codecs="hvc1.1.6.L120.90"',
  hev1: 'video/mp4; codecs="hev1.1.6.L120.90"',
  aac: 'audio/mp4; codecs="mp4a.40.2"',
  flac: 'audio/mp4; codecs="flac"',
};

/** chromiumOf is the major version of Chromium; 0: it is another browser. */
export const chromiumOf = (userAgent: string) => Number(/Chrom(?:e|ium)\/(\d+)/.exec(userAgent)?.[1] ?? 0);

/** examine answers all questions. */
export function examine(p: Probes): Finding[] {
  const version = chromiumOf(p.userAgent);
  const ok: Record<Finding["what"], boolean> = {
    chromium: version >= least,
    h264: p.plays(types.h264),
    h265: p.plays(types.h265) || p.plays(types.hev1),
    aac: p.plays(types.aac),
    flac: p.plays(types.flac),
    mse: p.buffers?.(types.h264) ?? false,
    frames: p.frameCallback,
    dialog: p.dialog,
  };
  return checks.map((what) => ({ what, ok: ok[what], detail: what === "chromium" && version ? String(version) : "" }));
}

/** thisBrowser are the probes of the browser that the page runs in. */
export function thisBrowser(): Probes {
  const video = document.createElement("video");
  return {
    userAgent: navigator.userAgent,
    plays: (type) => video.canPlayType(type) !== "",
    buffers: window.MediaSource ? (type) => MediaSource.isTypeSupported(type) : null,
    frameCallback: "requestVideoFrameCallback" in video,
    dialog: typeof window.HTMLDialogElement === "function" && "showModal" in HTMLDialogElement.prototype,
  };
}
