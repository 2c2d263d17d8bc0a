import { defineConfig } from "@playwright/test";

// The site is started by TestWorkbench and TestWorkbenchAccounts in cmd/qianshao, which run these.
export default defineConfig({
  testDir: "e2e",
  testMatch: process.env.BENCH ? "bench.ts" : process.env.ACCOUNTS ? "accounts*.spec.ts" : "*.spec.ts",
  testIgnore: process.env.ACCOUNTS ? [] : "accounts*.spec.ts", // they want a site with accounts
  outputDir: "test-results",
  workers: 1,
  retries: 0,
  timeout: 90_000,
  reporter: "list",
  snapshotPathTemplate: "{testDir}/looks/{arg}{ext}",
  expect: { timeout: 15_000, toHaveScreenshot: { maxDiffPixelRatio: 0.005, animations: "disabled" } },
  use: {
    viewport: { width: 1440, height: 900 },
    timezoneId: "America/New_York", // the site's times are Shanghai's all the same
    locale: "zh-CN",
    launchOptions: {
      executablePath: "/usr/bin/chromium",
      args: ["--no-sandbox", "--disable-gpu", "--autoplay-policy=no-user-gesture-required", "--font-render-hinting=none"],
    },
  },
});
