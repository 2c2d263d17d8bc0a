// Words that are looked up by a name: `t(\`group.${name}\`)`, with all names that there can be.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { kinds, texts } from "@/audit/filter";
import { weekdays } from "@/search/month";
import { checks } from "@/settings/browser";
import { paces } from "@/trace/next";
import { keyTable } from "@/wall/keys";

const repo = join(__dirname, "../../../..");
const text = (path: string) => readFileSync(join(repo, path), "utf8");
const web = (path: string) => text(`api/web/src/${path}`);

/** named are the names in a text: the first group of a pattern, or all quoted ones of what it meets. */
const named = (from: string, pattern: RegExp) => [...new Set([...from.matchAll(pattern)].map((m) => m[1]!))];
const quoted = (from: string, pattern: RegExp) => named(pattern.exec(from)?.[1] ?? "", /"([\w.-]+)"/g);

const schemas = (JSON.parse(text("api/web/openapi.json")) as { components: { schemas: Record<string, { properties: Record<string, { enum?: string[] }> }> } }).components.schemas;
const enumOf = (schema: string, field: string) => schemas[schema]!.properties[field]!.enum!;

/** goFiles are the server's sources. */
function goFiles(dir: string): string[] {
  return readdirSync(dir, { withFileTypes: true }).flatMap((e) => {
    const path = join(dir, e.name);
    if (e.isDirectory()) return e.name === "web" ? [] : goFiles(path);
    return e.name.endsWith(".go") && !e.name.endsWith("_test.go") ? [path] : [];
  });
}
const go = (...dirs: string[]) => dirs.flatMap((d) => goFiles(join(repo, d))).map((f) => readFileSync(f, "utf8")).join("\n");

const under = (names: readonly string[]) => names.map((n) => n.replaceAll(".", "_"));
/** showing are the actions that show footage. */
function showing(go: string): string[] {
  const shown = /Shows\(\) bool {[^}]*case (.*):/.exec(go)![1]!.split(", ");
  return shown.map((name) => new RegExp(`${name} +Action = "([\\w.]+)"`).exec(go)![1]!);
}
const causes = named(text("storage/timeline/cause.go"), /^\t\w+ +Cause = "(\w+)"/gm);
const views = enumOf("CameraJSON", "view");
const pages = named(web("router.ts"), /page: "(\w+)"/g);
const parts = quoted(web("map/types.ts"), /type Part = (.*);/);
const troubles = quoted(web("basket/row.ts"), /const told = \[([^\]]*)\]/);
/** acts are what the server writes into the register: what shows footage, and what changes something. */
export const acts = [
  ...showing(text("registry/access/access.go")),
  ...named(go("cmd/qianshao", "api", "registry"), /(?:registered\(|changing\(|toChange\(r, |\bact\(r, |\bact\(ctx, .*, |\bentry\(|\b[aA]ct(?::| :?=) *)"([a-z-]+\.[a-z-]+)"/g),
];
/** codes are those of failures: the server's, of which two come from the archive behind it, and the app's own. */
export const codes = [...new Set([
  ...named(go("api"), /\bCode(?:: +|, p\.Next = )"(\w+)"/g), "footage_locked", "consent_withdrawn",
  ...["server/client", "search/footage", "player/video"].flatMap((f) => named(web(`${f}.ts`), /\bcode: .*?"(\w+)"/g)), "unexpected", "not_played",
])];

/** groups are all names of each lookup. */
export const groups: Record<string, readonly string[]> = {
  search: views,
  "trace.wind": quoted(web("trace/next.ts"), /const winds = (.*) as const/),
  "trace.paces": paces,
  "cases.is": [...new Set([...quoted(web("cases/useCaseList.ts"), /const standings = (.*) as const/), ...enumOf("CaseJSON", "state")])],
  "cases.largeIs": enumOf("Large", "what"),
  "audit.kinds": under([...new Set([...kinds, ...named(text("registry/register/entry.go"), /Kind = "([\w.]+)"/g)])]),
  "audit.acts": under(acts),
  "audit.by": texts,
  "audit.wrong": enumOf("Fault", "wrong"),
  "audit.results": named(text("registry/register/act.go"), /^\t\w+ += "(\w+)"/gm).filter((r) => r !== "allowed"),
  "place.kind": enumOf("PlaceItem", "kind"),
  "map.grip": parts,
  "map.keys": parts.filter((p) => p !== "edge"),
  // How a stream fares, the standing of a camera that is not active, and the list's word for those that were.
  "camera.state": [...enumOf("CameraJSON", "state"), ...enumOf("CameraJSON", "lifecycle").filter((l) => l !== "active"), "removed"],
  "household.pauses": ["hour", "day", "open", "daily"],
  "household.left": enumOf("WithdrawalJSON", "state"),
  "camera.weekday": weekdays,
  "camera.kind": quoted(web("camera/calendar.ts"), /kind: (.*);/),
  "account.title": quoted(web("account/useSignIn.ts"), /as ("setUp".*)\)/),
  "account.role": named(text("registry/account/account.go"), /Role = "(\w+)"/g),
  "account.failed": named(text("api/directory.go"), /"(directory_\w+)"/g),
  nav: pages,
  "settings.what": checks,
  "settings.fine": checks,
  "settings.lack": checks,
  keys: keyTable.map(([, what]) => what),
  "trouble.what": codes,
  "trouble.next": codes,
  "downloads.trouble": troubles,
  "downloads.next": troubles,
  cause: causes,
  carrier: ["mobile", "telecom", "unicom", "demo", "local"], // those that exist, and the server's own; a site may have others
};

/** some have words, of many that have none: nothing is said then. */
export const some: Record<string, readonly string[]> = {
  "camera.fix": causes,
};
