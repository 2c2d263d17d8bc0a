import { keep, type Still } from "@/basket/stills";
import { file, send } from "@/server/client";
import { dateOf, iso, moment, timeOf } from "@/time/shanghai";
import type { Ms } from "@/time/span";

/** save hands a file to the browser to keep. */
export function save(blob: Blob, name: string) {
  const a = document.createElement("a");
  a.href = URL.createObjectURL(blob);
  a.download = name;
  a.click();
  window.setTimeout(() => URL.revokeObjectURL(a.href), 60_000);
}

/** fileName is safe on every system. */
export const fileName = (name: string, t: Ms, end: string) => `${name.replace(/[\\/:*?"<>|\s]+/g, "_")}_${dateOf(t)}_${timeOf(t, true).replaceAll(":", "").replace(".", "-")}.${end}`;

/** takeStill saves the picture that was on screen, as the server decodes it from the recording. The list of stills has its time and hash. */
export async function takeStill(camera: { id: string; name: string; fps: number }, picture: Ms, viewing: string | undefined, caseName: string): Promise<Still> {
  const half = 500 / (camera.fps || 25); // before this picture and behind the one before
  const url = file(camera.id, "still.jpg", { from: iso(Math.ceil(picture - half)), to: iso(picture + 5000), viewing });
  const r = await send(url, { cache: "no-store" });
  const at = moment(r.headers.get("X-Picture-Time") ?? "");
  const hash = r.headers.get("X-Picture-SHA256") ?? "";
  const still = { camera: camera.name, at, file: fileName(camera.name, at, "jpg"), hash, case: caseName };
  save(await r.blob(), still.file);
  keep(still);
  return still;
}
