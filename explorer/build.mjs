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

// The file of the tree that a map names; null if it is none. The compiler writes names relative to its working directory or to the map,
// or whole ones; and the tree's own, which -ffile-prefix-map makes, the linker takes for names in the working directory, once or
// (emscripten 3.1.69) twice.
function inTree(whole) {
  const name = whole.replace(/^.*\bsabotages\/\d+\//, "");
  for (const folder of [root, path.join(root, "build/wasm"), engine]) {
    const found = path.relative(root, path.resolve(folder, name)).replace(/^(build\/wasm\/)+/, "");
    if (/^(mm|kernel|arch|base|interleave|explorer)\//.test(found) && fs.existsSync(path.join(root, found))) return found;
  }
  return null;
}

// The map of a module. Null: the module is being linked just now, and has no NAME.js yet, or half a map.
function mapOf(module) {
  const of = (ending) => path.join(engine, module + ending);
  if (![".js", ".wasm", ".wasm.map"].every((ending) => fs.existsSync(of(ending)))) return null;
  try {
    return JSON.parse(fs.readFileSync(of(".wasm.map"), "utf8"));
  } catch {
    return null;
  }
}

// The modules, with maps that name files of the tree, and those files.
const to = path.join(output, "engine");
fs.mkdirSync(to, { recursive: true });
const built = fs.readdirSync(engine);
const table = path.join(engine, "sabotages.json"), sabotages = fs.existsSync(table) ? JSON.parse(fs.readFileSync(table, "utf8")) : [];
for (const name of built.filter((each) => each.endsWith(".json"))) fs.copyFileSync(path.join(engine, name), path.join(to, name));
for (const module of built.filter((each) => each.endsWith(".wasm")).map((each) => each.slice(0, -".wasm".length))) {
  const map = mapOf(module);
  if (!map) continue;
  for (const ending of [".js", ".wasm"]) fs.copyFileSync(path.join(engine, module + ending), path.join(to, module + ending));
  map.sources = map.sources.map((source) => inTree(source) ?? source);
  fs.writeFileSync(path.join(to, `${module}.wasm.map`), JSON.stringify(map));
  const broken = sabotages.find((each) => each.module === module);
  if (broken) { // the file as it was compiled
    const changed = path.join(output, "sources", module, broken.file);
    fs.mkdirSync(path.dirname(changed), { recursive: true });
    fs.copyFileSync(path.join(root, "build/wasm/sabotages", module.replace("sabotage_", ""), broken.file), changed);
  }
  for (const source of map.sources.filter((each) => /^(mm|kernel|arch)\//.test(each))) {
    fs.mkdirSync(path.join(output, "sources", path.dirname(source)), { recursive: true });
    fs.copyFileSync(path.join(root, source), path.join(output, "sources", source));
  }
}
