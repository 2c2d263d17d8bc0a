import { Failure, send } from "@/server/client";

/** patience is how long a socket may take to open, ms. */
const patience = 5000;
/** most is how much may wait to be read, bytes: who does not keep up is cut off, as the server would. */
const most = 16 << 20;

/** Feed is what a camera sees now, as the server sends it. */
export interface Feed {
  /** type is its Content-Type, start the moment of its time 0. */
  type: string;
  start: string;
  /** read waits for what comes next; null: the server has ended it. */
  read(): Promise<Uint8Array | null>;
}

/**
 * liveFeed asks for …/live.mp4: through a socket, of which a browser opens as many as there are tiles, else plainly. Why a handshake failed
 * nobody is told: the plain request plays, where a proxy passes no sockets, or says what the server has against it.
 */
export async function liveFeed(url: string, signal: AbortSignal): Promise<Feed> {
  const messages = await dial(url, signal);
  if (!messages) return plain(url, signal);
  const text = await messages.next();
  if (text === null) throw gone(); // the server stops
  const head = JSON.parse(text as string);
  if (head.status) throw new Failure(head.status, head);
  return {
    type: head.content_type,
    start: head.media_start,
    read: async () => {
      const m = await messages.next();
      return m === null ? null : new Uint8Array(m as ArrayBuffer);
    },
  };
}

async function plain(url: string, signal: AbortSignal): Promise<Feed> {
  const r = await send(url, { signal, cache: "no-store" });
  const reader = r.body!.getReader();
  return {
    type: r.headers.get("Content-Type") ?? "",
    start: r.headers.get("X-Media-Start") ?? "",
    read: async () => (await reader.read()).value ?? null,
  };
}

/** dial opens a socket; null: none comes about. */
function dial(url: string, signal: AbortSignal): Promise<Messages | null> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(stop());
    let socket: WebSocket;
    try {
      socket = new WebSocket(new URL(url, location.href).href.replace(/^http/, "ws"));
    } catch {
      return resolve(null);
    }
    const messages = new Messages(socket, signal);
    const late = setTimeout(() => {
      hangUp(socket);
      resolve(null);
    }, patience);
    socket.addEventListener("open", () => resolve(messages));
    socket.addEventListener("close", () => resolve(null));
    signal.addEventListener("abort", () => reject(stop()), { once: true });
    for (const e of ["open", "close"]) socket.addEventListener(e, () => clearTimeout(late));
  });
}

/** hangUp closes a socket. One that is about to open is let do so: a browser complains of it else. */
function hangUp(socket: WebSocket) {
  if (socket.readyState !== WebSocket.CONNECTING) socket.close();
  else socket.addEventListener("open", () => socket.close());
}

const gone = () => new Failure(0, { code: "offline", detail: "the connection broke off" });
const stop = () => new DOMException("stopped", "AbortError");

/** Messages are those of a socket, one after the other. */
class Messages {
  private readonly waiting: (string | ArrayBuffer)[] = [];
  private size = 0;
  private end: { err?: Error } | null = null;
  private wake = () => {};

  constructor(socket: WebSocket, signal: AbortSignal) {
    socket.binaryType = "arraybuffer";
    socket.addEventListener("message", ({ data }: MessageEvent<string | ArrayBuffer>) => {
      if (this.end) return;
      this.waiting.push(data);
      this.size += typeof data === "string" ? data.length : data.byteLength;
      this.wake();
      if (this.size <= most) return;
      this.waiting.length = 0;
      this.over({});
      hangUp(socket);
    });
    socket.addEventListener("close", (e) => this.over(e.wasClean ? {} : { err: gone() }));
    signal.addEventListener("abort", () => {
      this.over({ err: stop() });
      hangUp(socket);
    }, { once: true });
  }

  /** next waits for the next one; null: there are no more. */
  async next(): Promise<string | ArrayBuffer | null> {
    while (!this.waiting.length) {
      if (this.end?.err) throw this.end.err;
      if (this.end) return null;
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
    const m = this.waiting.shift()!;
    this.size -= typeof m === "string" ? m.length : m.byteLength;
    return m;
  }

  private over(end: { err?: Error }) {
    this.end ??= end;
    this.wake();
  }
}
