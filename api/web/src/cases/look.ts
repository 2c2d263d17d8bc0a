import { useI18n } from "@/i18n";
import { useRouter } from "vue-router";
import { addressOf, unmoved } from "@/search/address";
import { type Case, choose } from "@/session/cases";
import { begun } from "@/session/reach";
import { serverNow } from "@/time/now";
import { placeOf } from "./draft";

/** useLook leads to the footage of a case: it is chosen, and its time and place are searched. */
export function useLook() {
  const { t } = useI18n();
  const router = useRouter();
  return (c: Case) => {
    choose(c.id);
    const where = placeOf(c.area, (code) => c.area_names?.[c.area.divisions?.indexOf(code) ?? -1] ?? code, t("place.drawn"));
    const query = addressOf({ where, span: begun(c, serverNow()), tiles: [], current: "", live: false, at: null, rate: 1, layout: 4, ...unmoved });
    void router.push({ path: "/", query: { case: c.id, ...query } });
  };
}
