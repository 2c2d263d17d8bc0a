import { i18n, known } from "@/i18n";
import type { Camera } from "@/search/cameras";

/** troubleOf says in the reader's words what a camera's last error was about, and what to do; the server's own are for who mends it. */
export function troubleOf(c: Pick<Camera, "cause" | "state">): string {
  const { t, te } = i18n.global;
  if (!c.cause) return t(`camera.state.${c.state}`);
  const what = known("cause", c.cause);
  return te(`camera.fix.${c.cause}`, "zh-CN") ? `${what} · ${t(`camera.fix.${c.cause}`)}` : what;
}
