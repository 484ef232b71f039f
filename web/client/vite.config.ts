import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

import vue from "@vitejs/plugin-vue";
import { defineConfig } from "vitest/config";

// One file in src/pages is one page's entry; a template asks the manifest for its hashed name.
const pages = fileURLToPath(new URL("./src/pages", import.meta.url));

export default defineConfig({
  base: "/static/build/",
  plugins: [vue()],
  define: {
    __VUE_OPTIONS_API__: "false",
    __VUE_PROD_DEVTOOLS__: "false",
    __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: "false",
  },
  build: {
    outDir: "../static/build",
    emptyOutDir: true,
    manifest: true,
    target: "chrome109",
    // The content policy has no data: sources for scripts and fonts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: {
      input: [
        ...readdirSync(pages)
          .filter((name) => name.endsWith(".ts"))
          .map((name) => `src/pages/${name}`),
        // The server hands it out at the root, with the list of the files that the phone page needs.
        "src/worker/worker.ts",
      ],
    },
  },
  test: {
    environment: "node",
    include: ["src/**/*.test.ts"],
  },
});
