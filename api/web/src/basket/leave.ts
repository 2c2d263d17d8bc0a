import { basket, type Item } from "./basket";
import { asFailure } from "@/server/client";
import { type Case, cases } from "@/session/cases";
import { session } from "@/session/session";
import { most, Viewings } from "@/session/viewings";
import { grown } from "@/session/reach";

/** NoCase: the case that a clip was marked in is not open any more, or not this account's. */
export class NoCase extends Error {}

const viewings = new Map<string, Viewings>();
const single = new Set<string>(); // spans whose cameras are asked for one by one

export const caseOf = (x: Item) => cases.items.find((c) => c.id === x.case) as Case | undefined;

/** leaveFor gets leave to fetch a clip: a viewing of its case, one for all that is wanted of the same span. */
export async function leaveFor(x: Item): Promise<string | undefined> {
  if (session.open) return undefined;
  if (!caseOf(x)) throw new NoCase();
  const v = viewings.get(x.case) ?? new Viewings(() => grown(caseOf(x) ?? null));
  viewings.set(x.case, v);
  const span = { from: x.from, to: x.to };
  const key = `${x.case} ${x.from} ${x.to}`;
  const mates = basket.filter((y) => y.case === x.case && y.from === x.from && y.to === x.to && y.taken === undefined).map((y) => y.camera);
  if (single.has(key) || !mates.includes(x.camera) || mates.length > most) return v.cover([x.camera], span);
  try {
    return await v.cover(mates, span);
  } catch (err) {
    // One camera that the case does not reach refuses the viewing for all.
    if (mates.length === 1 || ![403, 404].includes(asFailure(err).status)) throw err;
    single.add(key);
    return v.cover([x.camera], span);
  }
}

/** forget lets the next clip open a new viewing: the server closed the one there was. */
export const forget = (x: Item) => viewings.get(x.case)?.forget();
