import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

// The timeline alone, as a script that a bare page can load: for e2e/bench.ts.
export default defineConfig({
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  publicDir: false,
  build: {
    outDir: "bench-build",
    emptyOutDir: true,
    lib: { entry: "src/timeline/timeline.ts", name: "bench", formats: ["iife"], fileName: () => "timeline.js" },
  },
});
