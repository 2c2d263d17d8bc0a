import type { components } from "@/server/schema";
import { facts } from "./site";

// Answers of the server that are the same on every day, for how pages look.

type Schemas = components["schemas"];
type Entry = Schemas["EntryJSON"];

const { past } = facts;
const [first, second, third] = past.cameras.map((c) => c.id);
/** on is a moment of the recorded day, so many minutes after its beginning. */
const on = (minutes: number) => new Date(past.from + minutes * 60_000).toISOString();
const span = { from: on(20), to: on(40) };
const theirs = { who: "li.wei", unit: "XY", address: "10.8.3.21", case: "A522301202611240017", reason: "三头黄牛被盗", viewing: "v_jq5t2m7xk3ab" };

/** entries are of every kind that the register has, the newest first. */
const entries: Omit<Entry, "seq" | "chain" | "hash" | "at">[] = [
  { kind: "viewing.close", ...theirs, ...span, act: "footage.read", result: "allowed", cameras: [first!, second!, third!], requests: 214, bytes: 186_400_000 },
  { kind: "viewing.more", ...theirs, ...span, act: "picture.read", result: "allowed", cameras: [third!] },
  { kind: "viewing.open", ...theirs, ...span, act: "footage.read", result: "allowed", cameras: [first!, second!] },
  { kind: "viewing.open", ...theirs, who: "wang.fang", viewing: "v_8w2n4c6ydp5h", from: on(60), to: null, act: "live.watch", result: "allowed", cameras: [first!], reason: "走失老人，查找去向", case: "" },
  { kind: "admin", who: "wang.fang", unit: "XY", address: "10.8.3.22", act: "footage.read", result: "refused", cameras: [second!], from: null, to: null, note: "outside the case" },
  { kind: "admin", who: "li.wei", unit: "XY", address: "10.8.3.21", act: "case.open", result: "allowed", from: null, to: null, case: "A522301202611240017", reason: "三头黄牛被盗" },
  { kind: "admin", who: "li.wei", unit: "XY", address: "10.8.3.21", act: "session.begin", result: "allowed", from: null, to: null },
  { kind: "admin", who: "operator", act: "camera.import", result: "failed", of: 3, from: null, to: null, note: "connection refused" },
  { kind: "admin", who: "operator", act: "account.add", result: "allowed", from: null, to: null, note: "li.wei, investigator, XY" },
  { kind: "start", who: "", from: null, to: null },
];
export const register: Schemas["RegisterOutBody"] = {
  next: "10", items: entries.map((e, i) => ({ ...e, seq: 20 - i, chain: "r_abcdefgh234567ab", hash: "", at: on(100 - 9 * i) })),
};
export const verified: Schemas["VerifyOutBody"] = {
  intact: true,
  chains: [{ chain: "r_abcdefgh234567ab", own: true, entries: 20, first: 1, last: 20, from: on(-60), to: on(100), hash: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", stored: 20 }],
};

const file = {
  area: { divisions: [facts.villages?.[0] ?? ""] }, area_names: ["兴义市万峰林街道下纳灰村"], by: "li.wei", unit: "XY", class: "盗窃", reason: "三头黄牛被盗", members: ["li.wei", "wang.fang"],
  opened: on(90), expires: on(60 * 24 * 14), from: on(0), to: on(480), may: { approve: false, review: false, work: true },
};
/** cases are one in each state. */
export const cases: Schemas["CasesOutBody"] = {
  more: 3,
  items: [
    { ...file, id: "k_1", number: "A522301202611240017", state: "open", growth: true, hops: [{ camera: first!, at: on(30), added: on(95), by: "li.wei" }], due_for_review: true },
    { ...file, id: "k_2", class: "", reason: "走失老人，查找去向", state: "open", emergency: true, due_for_review: true, members: ["li.wei"], area: { circles: [{ lon: 104.9, lat: 25.09, radius_m: 2000 }] }, area_names: [] },
    { ...file, id: "k_3", number: "A522301202611200009", class: "诈骗", reason: "冒充收购商，收货后失联", by: "wang.fang", state: "waiting", large: [{ what: "hours", is: 56, most: 24 }], may: { approve: true, review: false, work: false } },
    { ...file, id: "k_4", number: "A522301202611020004", class: "交通肇事", reason: "路口两车相撞", state: "closed", closed: { by: "li.wei", at: on(60), note: "责任已认定" } },
  ],
};
