import { keep, type Still } from "@/basket/stills";
import { say } from "@/i18n";
import { asFailure, file, send } from "@/server/client";
import { told } from "@/server/told";
import { current, nameOf } from "@/session/cases";
import { notify } from "@/shell/notices";
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

type Filmed = { id: string; name: string; fps: number };

/** takeStill saves the picture that was on screen. null: it was not saved, and somebody was told why. */
export async function takeStill(camera: Filmed, picture: Ms, viewing: () => Promise<string | undefined>): Promise<Still | null> {
  try {
    return await decoded(camera, picture, await viewing());
  } catch (err) {
    const { what, next } = told(asFailure(err));
    notify(`${say("app.of", { what: say("play.stillFailed"), of: what })} ${next}`, { bad: true });
    return null;
  }
}

/** decoded is a picture as the server decodes it from the recording. The list of stills has its time and hash. */
async function decoded(camera: Filmed, picture: Ms, viewing: string | undefined): Promise<Still> {
  const half = 500 / (camera.fps || 25); // before this picture and behind the one before
  const url = file(camera.id, "still.jpg", { from: iso(Math.ceil(picture - half)), to: iso(picture + 5000), viewing });
  const r = await send(url, { cache: "no-store" });
  const at = moment(r.headers.get("X-Picture-Time") ?? "");
  const hash = r.headers.get("X-Picture-SHA256") ?? "";
  const still = { camera: camera.name, at, file: fileName(camera.name, at, "jpg"), hash, case: current.value ? nameOf(current.value) : "" };
  save(await r.blob(), still.file);
  keep(still);
  return still;
}
