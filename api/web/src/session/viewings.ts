import { answer, asFailure, server } from "@/server/client";
import { iso } from "@/time/shanghai";
import type { Ms, Span } from "@/time/span";
import { type Case, spanOf } from "./cases";
import { within } from "./reach";

/** most is how many cameras a viewing holds. */
export const most = 100;

interface Viewing {
  id: string;
  cameras: Set<string>;
  span: Span;
  used: Ms;
}

/** idle is how long a viewing is trusted to be open without a request: the server closes it after 15 minutes. */
const idle: Ms = 10 * 60_000;

/**
 * Viewings gets leave to see footage: for each camera and span a viewing of the case, opened when there is none yet that
 * contains them. Without accounts none is needed.
 */
export class Viewings {
  private list: Viewing[] = [];
  private pending = new Map<string, Promise<string>>();

  constructor(private readonly of: () => Case | null) {}

  /** cover gives a viewing that contains the cameras and the span, cut to what the case allows. */
  async cover(cameras: readonly string[], span: Span): Promise<string | undefined> {
    const c = this.of();
    if (!c) return undefined;
    const want = within(span, spanOf(c)) ?? span; // the server says why not
    const now = Date.now();
    this.list = this.list.filter((v) => now - v.used < idle);
    const have = this.list.find((v) => v.span.from <= want.from && v.span.to >= want.to && cameras.every((x) => v.cameras.has(x)));
    if (have) {
      have.used = now;
      return have.id;
    }
    const key = `${c.id} ${[...cameras].sort().join()} ${want.from} ${want.to}`;
    let p = this.pending.get(key);
    if (!p) {
      p = this.open(c, cameras, want).finally(() => this.pending.delete(key));
      this.pending.set(key, p);
    }
    return p;
  }

  /** forget lets the next footage open new ones: the server closed one, or another case was chosen. */
  forget() {
    this.list = [];
  }

  private async open(c: Case, cameras: readonly string[], span: Span): Promise<string> {
    const body = { case: c.id, cameras: cameras.slice(0, most), from: iso(Math.floor(span.from)), to: iso(Math.ceil(span.to)) };
    try {
      const v = await answer(server.POST("/api/v1/viewings", { body }));
      this.list.push({ id: v.viewing, cameras: new Set(cameras.slice(0, most)), span, used: Date.now() });
      return v.viewing;
    } catch (err) {
      throw asFailure(err);
    }
  }
}
