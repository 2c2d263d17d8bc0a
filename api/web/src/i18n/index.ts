import { createI18n } from "vue-i18n";
import en from "./en";
import zh from "./zh-CN";

export const languages = { "zh-CN": zh, en };
export type Language = keyof typeof languages;

const remembered = "qianshao.language";

const chosen = localStorage.getItem(remembered);

export const i18n = createI18n({ legacy: false, locale: chosen === "en" ? "en" : "zh-CN", fallbackLocale: "zh-CN", messages: languages });

export function speak(language: Language) {
  i18n.global.locale.value = language;
  localStorage.setItem(remembered, language);
  document.documentElement.lang = language;
}

/** known is a word for a machine's name, or the name itself. */
export function known(group: "cause" | "carrier", name: string): string {
  const key = `${group}.${name}`;
  return i18n.global.te(key, "zh-CN") ? i18n.global.t(key) : name;
}
