import { defineConfig } from "vitest/config";
export default defineConfig({
  resolve: { conditions: ["@lineament/source", "node"] },
  ssr: { resolve: { conditions: ["@lineament/source", "node"] } },
  test: { projects: [{ extends: true, test: { name: "node", environment: "node", include: ["packages/*/test/**/*.test.ts"] } }] },
});
