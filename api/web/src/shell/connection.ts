import { ref, watch } from "vue";
import { type Failure, onReached } from "@/server/client";

/** again is how often a server that cannot be reached is tried, ms. */
const again = 2000;

/** offline is whether the server could not be reached lately. */
export const offline = ref(false);

let timer = 0;

/** whenReached runs what failed once the server is reached again. Who comes back may be gone again in the same moment: each time counts. */
export function whenReached(failure: () => Failure | null | undefined, again: () => unknown) {
  watch(offline, (away) => !away && failure()?.code === "offline" && void again(), { flush: "sync" });
}

/** watchConnection begins to follow whether the server is reached; back is called when it is there again. */
export function watchConnection(back: () => void) {
  onReached((ok) => {
    if (ok === !offline.value) return;
    offline.value = !ok;
    clearInterval(timer);
    if (ok) back();
    else timer = window.setInterval(() => void fetch("/healthz", { cache: "no-store" }).then((r) => r.ok && found(back), () => {}), again);
  });
}

function found(back: () => void) {
  if (!offline.value) return;
  offline.value = false;
  clearInterval(timer);
  back();
}
