import { ref } from "vue";
import { onReached } from "@/server/client";

/** again is how often a server that cannot be reached is tried, ms. */
const again = 2000;

/** offline is whether the server could not be reached lately. */
export const offline = ref(false);

let timer = 0;

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
