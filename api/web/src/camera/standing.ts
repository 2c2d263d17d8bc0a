import type { Camera } from "@/search/cameras";

/** standing is a camera's lifecycle while it is not active, else how its main stream fares. */
export function standing(c: Pick<Camera, "lifecycle" | "state">) {
  return c.lifecycle === "active" ? c.state : c.lifecycle;
}

/** left are the lifecycles of cameras that were recorded and are no longer. */
export const left: readonly Camera["lifecycle"][] = ["suspended", "withdrawn", "decommissioned"];
