import { shallowReactive } from "vue";
import { answer, server } from "@/server/client";

/** most bounds how many cameras are asked for at a time. */
const most = 50;

/** useNames finds what people call cameras, by their ids. */
export function useNames() {
  const names = shallowReactive(new Map<string, string>());
  async function name(ids: readonly string[], signal: AbortSignal) {
    await Promise.all([...new Set(ids)].filter((id) => !names.has(id)).slice(0, most).map(async (id) => {
      try {
        const c = await answer(server.GET("/api/v1/cameras/{id}", { params: { path: { id } }, signal }));
        names.set(id, c.name || c.carrier_device_id);
      } catch {
        // Its id will do.
      }
    }));
  }
  return { names, name };
}
