import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import vue from "@vitejs/plugin-vue";
import { defineConfig, type Plugin } from "vite";

// Beside each file that is worth it lies what goes over the wire: the server
// compresses nothing itself.
function precompressed(): Plugin {
  return {
    name: "precompressed",
    apply: "build",
    writeBundle({ dir }, bundle) { // what was written: other plugins change files until then
      for (const name of Object.keys(bundle)) {
        if (!dir || !/\.(js|css|svg)$/.test(name)) continue;
        const path = join(dir, name);
        const source = readFileSync(path);
        if (source.length > 1000) writeFileSync(`${path}.gz`, gzipSync(source, { level: 9 }));
      }
    },
  };
}

export default defineConfig({
  plugins: [vue(), precompressed()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  define: { __VUE_OPTIONS_API__: false, __VUE_I18N_LEGACY_API__: false, __INTLIFY_PROD_DEVTOOLS__: false },
  build: {
    target: "chrome87",
    assetsDir: "app",
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0, // the policy allows no data: addresses
    reportCompressedSize: false,
    emptyOutDir: true,
  },
  server: { proxy: { "^/(api|tiles)/": { target: process.env.QIANSHAO ?? "http://127.0.0.1:8080", ws: true } } },
  test: { include: ["src/**/*.test.ts"] },
} as Parameters<typeof defineConfig>[0]);
