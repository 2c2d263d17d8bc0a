import createClient from "openapi-fetch";
import { heard } from "@/time/now";
import type { components, paths } from "./schema";

type Schemas = components["schemas"];
export type Problem = Schemas["Problem"];

/** Failure is an answer that is none, told.ts says it. status 0: the server was not reached, or the browser itself could not go on. */
export class Failure extends Error {
  constructor(
    readonly status: number,
    readonly problem: Partial<Problem>,
  ) {
    super(problem.detail || problem.title || `HTTP ${status}`);
    this.name = "Failure";
  }
  get code(): string {
    return this.problem.code ?? (this.status === 0 ? "offline" : "");
  }
}

/** stopped reports whether somebody lost interest: not an error to show. */
export const stopped = (err: unknown) => err instanceof DOMException && err.name === "AbortError";

/** onReached is told after each request whether the server was reached. */
let reached = (_: boolean) => {};
export function onReached(f: (ok: boolean) => void) {
  reached = f;
}

/** unreached is told where something else than a request found that out. */
export const unreached = () => reached(false);

/** asFailure makes one of whatever was thrown: by fetch, and by what reads its answer, a TypeError where the line is broken. */
export function asFailure(err: unknown): Failure {
  if (err instanceof Failure) return err;
  return new Failure(0, { code: err instanceof TypeError ? "offline" : "unexpected", detail: err instanceof Error ? err.message : String(err) });
}

/** server is the API, typed by the document that it serves. */
export const server = createClient<paths>({ baseUrl: "/", cache: "no-store", credentials: "same-origin" });

type Answer<T> = { data?: T; error?: unknown; response: Response };

/** answer is what a call gives, or throws a Failure. */
export async function answer<T>(call: Promise<Answer<T>>): Promise<T> {
  let a: Answer<T>;
  try {
    a = await call;
  } catch (err) {
    if (stopped(err)) throw err;
    reached(false);
    throw asFailure(err);
  }
  reached(true);
  heard(a.response.headers.get("Date"));
  if (a.error !== undefined || !a.response.ok) throw refused(a.response.status, a.error);
  return a.data as T;
}

/** send asks by hand, for what is not JSON. */
export async function send(url: string, init?: RequestInit): Promise<Response> {
  let r: Response;
  try {
    r = await fetch(url, { credentials: "same-origin", ...init });
  } catch (err) {
    if (stopped(err)) throw err;
    reached(false);
    throw asFailure(err);
  }
  reached(true);
  heard(r.headers.get("Date"));
  if (r.ok) return r;
  const json = (r.headers.get("Content-Type") ?? "").includes("problem+json");
  throw refused(r.status, json ? await r.json().catch(() => ({})) : {});
}

/** signIn is called where the server wants to know who asks. */
let signIn = () => {};
export function onSignIn(f: () => void) {
  signIn = f;
}

function refused(status: number, error: unknown): Failure {
  const problem = error && typeof error === "object" ? (error as Partial<Problem>) : {};
  const f = new Failure(status, problem);
  if (f.code === "sign_in") signIn();
  return f;
}

/** file is the address of footage of a camera. */
export function file(camera: string, name: string, params: Record<string, string | number | undefined | null>): string {
  const q = new URLSearchParams();
  for (const [k, v] of Object.entries(params)) if (v !== undefined && v !== null && v !== "") q.set(k, String(v));
  return `/api/v1/cameras/${encodeURIComponent(camera)}/${name}?${q}`;
}
