// Bundles the page into a folder that any static host can serve, beside the engine's modules.
//
//     node build.mjs ENGINE OUTPUT    ENGINE: where the modules are; OUTPUT: the folder
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const [engine, output] = process.argv.slice(2).map((each) => path.resolve(each));
const here = path.dirname(fileURLToPath(import.meta.url)), root = path.dirname(here);

await build({
  absWorkingDir: here,
  entryPoints: { page: "page/main.tsx", search: "page/search_worker.ts" },
  outdir: output, bundle: true, minify: true, format: "iife", target: "es2022", jsx: "automatic", jsxImportSource: "preact",
  legalComments: "none", logLevel: "warning",
});
await build({ absWorkingDir: here, entryPoints: ["page/page.css"], outdir: output, bundle: true, minify: true, logLevel: "warning" });
fs.copyFileSync(path.join(here, "page/index.html"), path.join(output, "index.html"));

// The modules, and the sources that their maps name.
fs.mkdirSync(path.join(output, "engine"), { recursive: true });
const named = new Set();
for (const name of fs.readdirSync(engine).filter((each) => /\.(js|wasm|map|json)$/.test(each))) {
  fs.copyFileSync(path.join(engine, name), path.join(output, "engine", name));
  if (!name.endsWith(".map")) continue;
  for (const source of JSON.parse(fs.readFileSync(path.join(engine, name), "utf8")).sources) named.add(source.replace(/^(\.\.\/)+|^\//, ""));
}
for (const name of named) {
  const from = path.join(root, name);
  if (!/^(mm|kernel|arch)\//.test(name) || !fs.existsSync(from)) continue;
  fs.mkdirSync(path.join(output, "sources", path.dirname(name)), { recursive: true });
  fs.copyFileSync(from, path.join(output, "sources", name));
}
