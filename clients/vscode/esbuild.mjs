import { rm } from "node:fs/promises";
import { build, context } from "esbuild";

const watch = process.argv.includes("--watch");
const debug = watch || process.argv.includes("--debug");

const shared = {
  bundle: true,
  minify: !debug,
  sourcemap: debug ? "linked" : false,
  target: "es2022",
  logLevel: "warning",
  legalComments: "none",
};

const bundles = [
  {
    ...shared,
    entryPoints: ["src/extension.ts"],
    outfile: "dist/extension.js",
    platform: "node",
    format: "cjs",
    external: ["vscode"],
    mainFields: ["module", "main"],
  },
  {
    ...shared,
    entryPoints: ["src/webview/main.ts"],
    outfile: "dist/preview.js",
    platform: "browser",
    format: "iife",
  },
];

await rm("dist", { recursive: true, force: true });
if (watch) {
  for (const options of bundles) {
    await (await context(options)).watch();
  }
} else {
  await Promise.all(bundles.map((options) => build(options)));
}
