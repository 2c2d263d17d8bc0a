import { createRouter, createWebHistory, type RouteRecordRaw } from "vue-router";
import SearchPage from "./search/SearchPage.vue"; // with the first load: it is what most people open
import type { Page } from "./session/session";

declare module "vue-router" {
  interface RouteMeta {
    page?: Page | "signIn";
    /** For who has not signed in, too. */
    anybody?: boolean;
  }
}

const routes: RouteRecordRaw[] = [
  { path: "/", name: "search", component: SearchPage, meta: { page: "search" } },
  { path: "/trace", name: "trace", component: () => import("./trace/TracePage.vue"), meta: { page: "trace" } },
  { path: "/camera/:id", name: "camera", component: () => import("./camera/CameraPage.vue"), meta: { page: "camera" } },
  { path: "/cameras", name: "cameras", component: () => import("./cameras/CamerasPage.vue"), meta: { page: "camera" } },
  { path: "/downloads", name: "downloads", component: () => import("./basket/DownloadsPage.vue"), meta: { page: "downloads" } },
  { path: "/cases", name: "cases", component: () => import("./cases/CasesPage.vue"), meta: { page: "cases" } },
  { path: "/audit", name: "audit", component: () => import("./audit/AuditPage.vue"), meta: { page: "audit" } },
  { path: "/settings", name: "settings", component: () => import("./settings/SettingsPage.vue"), meta: { page: "settings" } },
  { path: "/me", name: "me", component: () => import("./account/MePage.vue"), meta: { page: "me" } },
  { path: "/sign-in", name: "signIn", component: () => import("./account/SignInPage.vue"), meta: { page: "signIn", anybody: true } },
  { path: "/:rest(.*)*", name: "lost", component: () => import("./pages/LostPage.vue") },
];

export const router = createRouter({ history: createWebHistory(), routes });
