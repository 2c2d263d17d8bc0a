import { computed, reactive, readonly } from "vue";
import { answer, asFailure, type Failure, onSignIn, server } from "@/server/client";
import type { components } from "@/server/schema";

export type Person = components["schemas"]["PersonJSON"];
export type Page = "search" | "trace" | "camera" | "downloads" | "cases" | "audit" | "me" | "settings";

const state = reactive({
  ready: false,
  who: null as Person | null,
  /** open: the server has no accounts (--no-auth). */
  open: false,
  failure: null as Failure | null,
});

/** session is who is signed in. */
export const session = readonly(state) as Readonly<typeof state>;

/** begin asks who is signed in. Where nobody is, the browser is sent to sign in. */
export async function begin() {
  state.failure = null;
  try {
    state.who = await answer(server.GET("/api/v1/session"));
  } catch (err) {
    const f = asFailure(err);
    if (f.code === "no_such_route") state.open = true;
    else if (f.code === "sign_in") return; // on the way
    else {
      state.failure = f;
      return;
    }
  }
  state.ready = true;
}

export async function signOut() {
  await answer(server.DELETE("/api/v1/session"));
  location.assign("/sign-in");
}

// Where the server wants to know who asks, the page to sign in says why and leads back.
onSignIn(() => {
  if (location.pathname === "/sign-in") return;
  const why = state.who ? "ended" : "needed";
  location.assign(`/sign-in?${new URLSearchParams({ why, back: location.pathname + location.search + location.hash })}`);
});

const pagesOf: Record<string, Page[]> = {
  investigator: ["search", "trace", "camera", "downloads", "cases"],
  admin: ["camera"],
  auditor: ["audit", "cases"],
  carrier: ["camera"],
  household: [],
};

/** pages are those that the role sees; settings and one's own account are everybody's. */
export const pages = computed<Page[]>(() => {
  if (state.open) return ["search", "trace", "camera", "downloads", "audit", "settings"];
  const all = new Set<Page>((state.who?.roles ?? []).flatMap((r) => pagesOf[r] ?? []));
  return [...all, "me", "settings"];
});

export const may = (p: Page) => pages.value.includes(p);
