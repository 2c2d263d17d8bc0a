import { computed, reactive } from "vue";
import { answer, asFailure, type Failure, server } from "@/server/client";
import { landing } from "./back";

/** Given is a one-time link, or the set-up link that makes the first administrator; what stands behind # is never sent in an address. */
export interface Given {
  link: string;
  setUp: boolean;
}

export function givenBy(hash: string): Given | null {
  const q = new URLSearchParams(hash.replace(/^#/, ""));
  const setUp = q.get("setup");
  const link = setUp || q.get("link");
  return link ? { link, setUp: Boolean(setUp) } : null;
}

/** least is how many characters a password has. */
export const least = 10;

/** useSignIn signs somebody in; with a link it sets their password first. */
export function useSignIn(given: Given | null, back: string) {
  const fields = reactive({ name: "", login: "", password: "", again: "", code: "" });
  const state = reactive({ busy: false, coded: false, wrong: null as "differ" | "short" | null, failure: null as Failure | null });
  let as = ""; // whose password it is

  const title = computed(() => (given?.setUp ? "setUp" : given ? "setPassword" : "signIn") as "setUp" | "setPassword" | "signIn");

  async function go() {
    state.failure = null;
    state.wrong = !given || as ? null : fields.password.length < least ? "short" : fields.password !== fields.again ? "differ" : null;
    if (state.wrong) return;
    state.busy = true;
    const login = fields.login.trim().toLowerCase();
    const { password } = fields;
    try {
      if (!given) as = login;
      else if (!as) { // the link is used up by this
        const body = given.setUp ? { link: given.link, password, login, name: fields.name.trim() } : { link: given.link, password };
        as = (await answer(server.POST("/api/v1/links", { body }))).login;
      }
      const code = fields.code.trim() || undefined;
      const who = await answer(server.POST("/api/v1/session", { body: { login: as, password, code } }));
      location.assign(landing(who.roles ?? [], back, location.origin)); // a page that knows nothing of who was here before
      return;
    } catch (err) {
      const f = asFailure(err);
      if (f.code === "need_code" && !state.coded) state.coded = true;
      else state.failure = f;
    }
    state.busy = false;
  }
  return { fields, state, title, go };
}
