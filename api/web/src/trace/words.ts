import type { Say } from "@/i18n";
import type { Ms } from "@/time/span";

/** far writes a distance in m. */
export const far = (t: Say, m: number) => (m < 1000 ? t("place.m", { n: Math.round(m) }) : t("place.km", { n: (m / 1000).toFixed(1) }));

/** about writes a time that is only thought. */
export const about = (t: Say, ms: Ms) => (ms < 90_000 ? t("trace.seconds", { n: Math.max(1, Math.round(ms / 1000)) }) : t("trace.minutes", { n: Math.round(ms / 60_000) }));
