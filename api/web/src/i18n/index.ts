import type { Ref } from "vue";
import { createI18n, useI18n as composer } from "vue-i18n";
import en from "./en";
import zh from "./zh-CN";

export const languages = { "zh-CN": zh, en };
export type Language = keyof typeof languages;
/** languageNames are what their readers call them. */
export const languageNames: Record<Language, string> = { "zh-CN": "中文", en: "English" };

type Leaves<W, P extends string = ""> = { [K in keyof W & string]: W[K] extends string ? `${P}${K}` : Leaves<W[K], `${P}${K}.`> }[keyof W & string];

/** Word is the key of a word: "place.label". What is no key is found when the types are checked. */
export type Word = Leaves<typeof zh>;
/** Say is a word in the reader's language, with its values in place. */
export type Say = (key: Word, values?: Record<string, unknown>) => string;

const remembered = "qianshao.language";

const chosen = localStorage.getItem(remembered);

export const i18n = createI18n({ legacy: false, locale: chosen === "en" ? "en" : "zh-CN", fallbackLocale: "zh-CN", messages: languages });

export function speak(language: Language) {
  i18n.global.locale.value = language;
  localStorage.setItem(remembered, language);
  document.documentElement.lang = language;
}

/** useI18n are the words as components say them. */
export const useI18n = () => composer() as unknown as { t: Say; locale: Ref<Language> };

/** say is a word outside of components. */
export const say: Say = (key, values) => i18n.global.t(key, values ?? {});

/** isWord is whether there is a word for a key. */
export const isWord = (key: string): key is Word => i18n.global.te(key, "zh-CN");

/** known is a word for a machine's name, or the name itself. In keys a dot of a name is a _. */
export function known(group: "cause" | "carrier" | "camera.state" | "account.role" | "audit.kinds" | "audit.acts" | "audit.results", name: string): string {
  const key = `${group}.${name.replaceAll(".", "_")}`;
  return isWord(key) ? say(key) : name;
}
