import { existsSync } from "node:fs";
import { playwright } from "@vitest/browser-playwright";
import { defineConfig } from "vitest/config";

// The same specs in Node.js and in Chromium; *.node.test.ts and the command line are for Node.js only.

const chromium = process.env["CHROMIUM_PATH"] ?? "/usr/bin/chromium";
const withBrowser = existsSync(chromium);
if (!withBrowser)
  process.stderr.write(
    `No Chromium at ${chromium}: the browser specs are left out. Set CHROMIUM_PATH to run them.\n`,
  );

const source = "@lineament/source";

const node = {
  resolve: { conditions: [source, "node"] },
  ssr: { resolve: { conditions: [source, "node"] } },
  test: { name: "node", environment: "node", include: ["packages/*/test/**/*.test.ts"], testTimeout: 30_000 },
};

const browser = {
  resolve: { conditions: [source, "browser", "module"] },
  // SharedArrayBuffer, and with it threads, exists only on cross-origin isolated pages.
  server: {
    headers: { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" },
  },
  optimizeDeps: { include: ["ml-matrix", "zod"] },
  test: {
    name: "browser",
    include: ["packages/lineament/test/**/*.test.ts"],
    exclude: ["**/*.node.test.ts"],
    testTimeout: 30_000,
    browser: {
      enabled: true,
      headless: true,
      screenshotFailures: false,
      provider: playwright({
        launchOptions: {
          executablePath: chromium,
          args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
        },
      }),
      instances: [{ browser: "chromium" as const }],
    },
  },
};

export default defineConfig({ test: { projects: withBrowser ? [node, browser] : [node] } });
