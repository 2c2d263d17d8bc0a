import { computed, reactive, readonly } from "vue";
import { answer, asFailure, type Failure, server } from "@/server/client";
import type { components } from "@/server/schema";
import { moment } from "@/time/shanghai";
import type { Span } from "@/time/span";
import { may, session } from "./session";

export type Case = components["schemas"]["CaseJSON"];
export type NewCase = components["schemas"]["OpenCaseInBody"];

const remembered = "qianshao.case";

/** named is the case of the address that the app was opened at, until it is known whether footage can be seen for it. */
let named = new URLSearchParams(location.search).get("case");

/** Missed is a case that a link names and that no footage can be seen for. null: it does not exist, or is not theirs. */
export type Missed = Pick<Case, "state"> & { name: string } | null;

const state = reactive({
  loaded: false,
  items: [] as Case[],
  current: named ?? localStorage.getItem(remembered) ?? "",
  missed: undefined as Missed | undefined, // undefined: none
  failure: null as Failure | null,
});

/** cases are those that footage can be seen in. */
export const cases = readonly(state) as Readonly<typeof state>;

/** current is the case that footage is seen for; null: none, or none is needed. */
export const current = computed<Case | null>(() => (state.items.find((c) => c.id === state.current) as Case | undefined) ?? null);

/** needed is whether a case must be chosen first. */
export const needed = computed(() => !session.open && current.value === null);

/** nameOf is what people call a case: an emergency has a reason alone. */
export const nameOf = (c: Case) => c.number || c.reason || c.id;

/** spanOf is the footage that may be seen in a case. */
export const spanOf = (c: Case): Span => ({ from: moment(c.from), to: moment(c.to) });

export async function loadCases() {
  if (session.open || !may("search")) return;
  try {
    const list = await answer(server.GET("/api/v1/cases", { params: { query: { state: "open", limit: 200 } } }));
    const items = (list.items ?? []).filter((c) => c.may.work); // others may only be approved
    const has = items.some((c) => c.id === state.current);
    const missed = named && !has ? await look(named) : undefined;
    Object.assign(state, { items, failure: null });
    named = null;
    // One that the address names is chosen: pages whose address holds no case keep it, too. In the place of one that is over none is.
    if (has) choose(state.current);
    else if (missed !== undefined) Object.assign(state, { missed, current: "" });
    else if (state.missed === undefined) choose(items.length === 1 ? items[0]!.id : "");
  } catch (err) {
    state.failure = asFailure(err);
  }
  state.loaded = true;
}

/** look finds out what became of a case that is not open. */
async function look(id: string): Promise<Missed> {
  try {
    const c = await answer(server.GET("/api/v1/cases/{case}", { params: { path: { case: id } } }));
    return c.state === "open" ? null : { name: nameOf(c), state: c.state };
  } catch (err) {
    if (asFailure(err).status === 404) return null;
    throw err;
  }
}

/** inAddress is the case as pages' addresses hold it. */
export const inAddress = (): Record<string, string> => (current.value ? { case: current.value.id } : {});

export function choose(id: string) {
  Object.assign(state, { current: id, missed: undefined });
  localStorage.setItem(remembered, id);
}

/** openCase opens a case, or an emergency, and chooses it. */
export async function openCase(body: NewCase): Promise<Case> {
  const c = await answer(server.POST("/api/v1/cases", { body }));
  await loadCases();
  if (c.state === "open") choose(c.id);
  return c;
}
