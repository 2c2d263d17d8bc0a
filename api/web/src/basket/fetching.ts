import { Failure, file, send, stopped } from "@/server/client";
import { moment } from "@/time/shanghai";
import { joint, type Ms, type Span } from "@/time/span";

/** spill is how much is gathered before the browser gets it as a Blob, which it may keep on disk. */
const spill = 16 << 20;

/** Facts are what a clip says about itself. */
export interface Facts {
  size: number; // bytes; NaN: not told
  from: Ms; // of the first frame
  to: Ms; // end of the last one
  gaps: Span[]; // of the whole window, among the first 32; a mark between two frames leaves none
  gapCount: number;
  offset: Ms | null; // the camera's clock minus the server's
  rest: string | null; // where the next file begins: the coding changes there
}

/** factsOf reads the headers of clip.mp4. */
export function factsOf(h: Headers): Facts {
  const list = (name: string) => (h.get(name) ?? "").split(",").map((s) => s.trim()).filter(Boolean);
  const holes = list("X-Clip-Gaps").map((s) => {
    const [from, to] = s.split("/") as [string, string];
    return { from: moment(from), to: moment(to) };
  });
  const gaps = holes.filter((g) => g.to - g.from > joint);
  const length = h.get("Content-Length");
  const offset = Number.parseInt(h.get("X-Clip-Clock-Offset-Us") ?? "", 10);
  return {
    size: length === null ? NaN : Number(length),
    from: moment(h.get("X-Clip-From") ?? ""), to: moment(h.get("X-Clip-To") ?? ""),
    gaps, gapCount: Number(h.get("X-Clip-Gap-Count") ?? holes.length) - (holes.length - gaps.length),
    offset: Number.isNaN(offset) ? null : offset / 1000,
    rest: list("X-Clip-Parts")[1]?.split("/")[0] ?? null,
  };
}

/** partsMost bounds how many files one clip falls into. */
const partsMost = 200;

/** look asks what a clip is, without its bytes: that of its first file, with the size of all. */
export async function look(camera: string, from: string, to: string, viewing: string | undefined, signal?: AbortSignal): Promise<Facts & { files: number }> {
  const ask = (at: string) => headOf(file(camera, "clip.mp4", { from: at, to, viewing }), signal);
  const first = await ask(from);
  const all = { ...first, files: 1 };
  for (let at = first.rest; at && all.files < partsMost; all.files++) {
    const next = await ask(at);
    all.size += next.size;
    all.to = next.to;
    at = next.rest;
  }
  return all;
}

/** headOf asks by HEAD; a refusal of that has no body, so that the reason is asked for by a GET of one byte. */
async function headOf(url: string, signal?: AbortSignal): Promise<Facts> {
  const init = { signal, cache: "no-store" } as const;
  try {
    return factsOf((await send(url, { ...init, method: "HEAD" })).headers);
  } catch (err) {
    if (!(err instanceof Failure) || err.status === 0) throw err;
    const r = await send(url, { ...init, headers: { Range: "bytes=0-0" } });
    void r.body?.cancel();
    throw err;
  }
}

/** Broken is a download that ended before its end. What came is kept: run goes on there. */
export class Broken extends Error {
  constructor(readonly received: number, readonly size: number) {
    super(`${received} of ${size} bytes came`);
    this.name = "Broken";
  }
}

/** Fetching is the download of one file, byte for byte as the server has it. */
export class Fetching {
  facts: Facts | null = null;
  received = 0;
  private parts: Blob[] = [];
  private etag = "";
  private asOf = ""; // a window that still grows is pinned by the server

  constructor(readonly camera: string, readonly from: string, readonly to: string) {}

  /** run fetches what is missing. begun may throw when the headers say what nobody wants. */
  async run(viewing: string | undefined, signal: AbortSignal, progress: (received: number) => void, begun: (f: Facts) => void = () => {}): Promise<Blob> {
    const r = await this.ask(viewing, signal);
    if (r.status !== 206) {
      this.reset();
      this.facts = factsOf(r.headers);
      this.etag = r.headers.get("ETag") ?? "";
      this.asOf = r.url ? new URL(r.url).searchParams.get("as_of") ?? "" : "";
      try {
        begun(this.facts);
      } catch (err) {
        void r.body?.cancel();
        throw err;
      }
    }
    const { size } = this.facts!;
    await this.read(r, size, progress);
    if (this.received !== size) {
      const short = new Broken(this.received, size);
      if (!(this.received < size)) this.reset(); // too much, or a length that nobody told: nothing to go on from
      throw short;
    }
    return new Blob(this.parts, { type: "video/mp4" });
  }

  private async ask(viewing: string | undefined, signal: AbortSignal): Promise<Response> {
    const url = file(this.camera, "clip.mp4", { from: this.from, to: this.to, as_of: this.asOf, viewing });
    const headers: Record<string, string> = this.received && this.etag ? { Range: `bytes=${this.received}-`, "If-Range": this.etag } : {};
    try {
      const r = await send(url, { signal, headers, cache: "no-store" });
      if (r.status !== 206 || r.headers.get("Content-Range")?.startsWith(`bytes ${this.received}-`)) return r;
      void r.body?.cancel();
    } catch (err) {
      if (err instanceof Failure && (err.status === 410 || err.status === 416)) this.reset(); // from the beginning next time
      throw err;
    }
    this.reset();
    return send(url, { signal, cache: "no-store" });
  }

  private async read(r: Response, size: number, progress: (received: number) => void) {
    let held: BlobPart[] = [];
    let n = 0;
    const keep = () => {
      if (held.length) this.parts.push(new Blob(held));
      held = [];
      n = 0;
    };
    const reader = r.body!.getReader();
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        held.push(value as Uint8Array<ArrayBuffer>);
        n += value.length;
        this.received += value.length;
        if (n >= spill) keep();
        progress(this.received);
      }
    } catch (err) {
      if (stopped(err)) throw err;
      throw new Broken(this.received, size);
    } finally {
      keep();
    }
  }

  private reset() {
    this.parts = [];
    this.received = 0;
    this.etag = this.asOf = "";
  }
}

/** hashMost bounds what is hashed: all of it must lie in memory for that. */
const hashMost = 512 << 20;

/** hashable is whether this page may compute hashes: browsers allow it over TLS and on this machine alone. */
export const hashable = () => globalThis.crypto?.subtle !== undefined;

/** hashOf is the SHA-256 of a file in hex; "": it cannot be had here. */
export async function hashOf(b: Blob): Promise<string> {
  if (!hashable() || b.size > hashMost) return "";
  try {
    const sum = await crypto.subtle.digest("SHA-256", await b.arrayBuffer());
    return [...new Uint8Array(sum)].map((x) => x.toString(16).padStart(2, "0")).join("");
  } catch {
    return ""; // no memory for it
  }
}
