// Requests to the server. A failed one throws a Failure, with what to do next.

export class Failure extends Error {
  constructor(problem, status) {
    super(problem.detail || String(status));
    this.status = status; // 0: the server was not reached
    this.problem = problem;
  }
}

async function ask(url, options) {
  let r;
  try {
    r = await fetch(url, { credentials: "same-origin", ...options });
  } catch (err) {
    if (err.name === "AbortError") throw err;
    throw new Failure({ code: "offline", detail: err.message }, 0);
  }
  if (r.ok) return r;
  let problem = {};
  if ((r.headers.get("Content-Type") || "").includes("problem+json")) problem = await r.json().catch(() => ({}));
  if (problem.code === "sign_in" && location.pathname !== "/sign-in") {
    location.assign(`/sign-in?back=${encodeURIComponent(location.pathname + location.hash)}`);
  }
  throw new Failure(problem, r.status);
}

const query = (params) => {
  const q = new URLSearchParams();
  for (const [k, v] of Object.entries(params || {})) if (v !== undefined && v !== "") q.set(k, v);
  const s = q.toString();
  return s ? "?" + s : "";
};

export const address = (path, params) => "/api/v1/" + path + query(params);

export const json = async (path, params, signal) => (await ask(address(path, params), { signal, cache: "no-store" })).json();

/** send sends a body as JSON, and returns the answer's, if it has one. */
export const send = async (method, path, body) => {
  const r = await ask(address(path), { method, headers: { "Content-Type": "application/json" }, body: body && JSON.stringify(body) });
  return r.status === 204 ? null : r.json();
};

/** head asks what a file is: its final address and headers. */
export const head = (url, signal) => ask(url, { method: "HEAD", signal });

/** open begins a response whose body is read bit by bit. */
export const open = (url, signal) => ask(url, { signal, cache: "no-store" });
