/** once waits for an event of a media source or buffer; its error, or a signal, ends that sooner. Nothing of it stays behind: live asks for years. */
export function once(target: EventTarget, event: string, signal?: AbortSignal): Promise<void> {
  let forget = () => {};
  return new Promise<void>((resolve, reject) => {
    const done = () => resolve();
    const broken = () => reject(new Error("media error"));
    const stop = () => reject(new DOMException("stopped", "AbortError"));
    if (signal?.aborted) return stop();
    target.addEventListener(event, done);
    target.addEventListener("error", broken);
    signal?.addEventListener("abort", stop);
    forget = () => {
      target.removeEventListener(event, done);
      target.removeEventListener("error", broken);
      signal?.removeEventListener("abort", stop);
    };
  }).finally(() => forget());
}
