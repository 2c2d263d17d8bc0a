import { isWord, known, say } from "@/i18n";
import type { Camera } from "@/search/cameras";

/** troubleOf says in the reader's words what a camera's last error was about, and what to do; the server's own are for who mends it. */
export function troubleOf(c: Pick<Camera, "cause" | "state">): string {
  if (!c.cause) return say(`camera.state.${c.state}`);
  const what = known("cause", c.cause);
  const fix = `camera.fix.${c.cause}`;
  return isWord(fix) ? `${what} · ${say(fix)}` : what;
}
