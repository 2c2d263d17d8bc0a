import { computed, reactive, readonly } from "vue";
import { answer, asFailure, type Failure, server } from "@/server/client";
import type { components } from "@/server/schema";
import { moment } from "@/time/shanghai";
import type { Span } from "@/time/span";
import { may, session } from "./session";

export type Case = components["schemas"]["CaseJSON"];
export type NewCase = components["schemas"]["OpenCaseInBody"];

const remembered = "qianshao.case";

const state = reactive({
  loaded: false,
  items: [] as Case[],
  current: new URLSearchParams(location.search).get("case") ?? localStorage.getItem(remembered) ?? "",
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
    state.items = (list.items ?? []).filter((c) => c.may.work); // others may only be approved
    state.failure = null;
    // One that the address names is chosen: pages whose address holds no case keep it, too.
    if (state.items.some((c) => c.id === state.current)) choose(state.current);
    else choose(state.items.length === 1 ? state.items[0]!.id : "");
  } catch (err) {
    state.failure = asFailure(err);
  }
  state.loaded = true;
}

export function choose(id: string) {
  state.current = id;
  localStorage.setItem(remembered, id);
}

/** openCase opens a case, or an emergency, and chooses it. */
export async function openCase(body: NewCase): Promise<Case> {
  const c = await answer(server.POST("/api/v1/cases", { body }));
  await loadCases();
  if (c.state === "open") choose(c.id);
  return c;
}
