import { describe, expect, it } from "vitest";
import { checks, chromiumOf, examine, type Probes } from "./browser";

const all: Probes = { userAgent: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/156.0.0.0 Safari/537.36", plays: () => true, buffers: () => true, frameCallback: true, dialog: true };
const lacking = (p: Partial<Probes>) => examine({ ...all, ...p }).filter((f) => !f.ok).map((f) => f.what);

describe("the browser check", () => {
  it("answers every question", () => {
    expect(examine(all).map((f) => f.what)).toEqual([...checks]);
    expect(lacking({})).toEqual([]);
    expect(examine(all)[0]).toEqual({ what: "chromium", ok: true, detail: "156" });
  });
  it("names what is missing", () => {
    expect(lacking({ plays: (t) => !/h(vc|ev)1/.test(t) })).toEqual(["h265"]);
    expect(lacking({ plays: (t) => !/hvc1/.test(t) })).toEqual([]); // hev1 will do
    expect(lacking({ plays: (t) => /avc1/.test(t), buffers: null })).toEqual(["h265", "aac", "flac", "mse"]);
    expect(lacking({ buffers: () => false, frameCallback: false, dialog: false })).toEqual(["mse", "frames", "dialog"]);
  });
  it("knows old and other browsers", () => {
    expect(chromiumOf("… Chrome/86.0.4240.75 Safari/537.36 QIHU 360SE")).toBe(86);
    expect(lacking({ userAgent: "… Chrome/86.0.4240.75 Safari/537.36" })).toEqual(["chromium"]);
    expect(lacking({ userAgent: "… Chromium/87.0.1" })).toEqual([]);
    expect(lacking({ userAgent: "… HeadlessChrome/156.0.0.0 Safari/537.36" })).toEqual([]);
    expect(examine({ ...all, userAgent: "Mozilla/5.0 Gecko/20100101 Firefox/140.0" })[0]).toEqual({ what: "chromium", ok: false, detail: "" });
  });
});
