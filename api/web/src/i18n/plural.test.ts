import { expect, it, vi } from "vitest";

vi.stubGlobal("localStorage", { getItem: () => null, setItem() {} });

it("one is not many", async () => {
  const { i18n } = await import(".");
  const { t, locale } = i18n.global;
  locale.value = "en";
  expect([0, 1, 2].map((n) => t("settings.lacking", { n }))).toEqual(["0 abilities are missing; this is what it means.", "One ability is missing; this is what it means.", "2 abilities are missing; this is what it means."]);
  expect([0, 1, 2].map((n) => t("search.results", { n }))).toEqual(["0 cameras", "One camera", "2 cameras"]);
  expect([1, 2].map((n) => t("downloads.gaps", { n }))).toEqual(["One gap", "2 gaps"]);
  locale.value = "zh-CN";
  expect(t("settings.lacking", { n: 1 })).toBe("有 1 项不具备，影响如下。");
});
