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
// or whole ones; and the tree's own, which -ffile-prefix-map makes, the linker takes for names in the working directory.
function inTree(whole) {
  const name = whole.replace(/^.*\bsabotages\/\d+\//, "");
  for (const folder of [root, path.join(root, "build/wasm"), engine]) {
    const found = path.relative(root, path.resolve(folder, name)).replace(/^build\/wasm\//, "");
    if (/^(mm|kernel|arch|base|interleave|explorer)\//.test(found) && fs.existsSync(path.join(root, found))) return found;
  }
  return null;
}

// A module that is being linked just now has no NAME.js yet, or half a map.
function isWhole(name) {
  if (name.endsWith(".json")) return true;
  const of = (ending) => path.join(engine, name.split(".")[0] + ending);
  if (![".js", ".wasm", ".wasm.map"].every((ending) => fs.existsSync(of(ending)))) return false;
  return fs.readFileSync(of(".wasm.map"), "utf8").trimEnd().endsWith("}");
}

// The modules, with maps that name files of the tree, and those files.
fs.mkdirSync(path.join(output, "engine"), { recursive: true });
for (const name of fs.readdirSync(engine).filter((each) => /\.(js|wasm|map|json)$/.test(each) && isWhole(each))) {
  const to = path.join(output, "engine", name);
  if (!name.endsWith(".map")) {
    fs.copyFileSync(path.join(engine, name), to);
    continue;
  }
  const map = JSON.parse(fs.readFileSync(path.join(engine, name), "utf8"));
  map.sources = map.sources.map((source) => inTree(source) ?? source);
  fs.writeFileSync(to, JSON.stringify(map));
  for (const source of map.sources.filter((each) => /^(mm|kernel|arch)\//.test(each))) {
    fs.mkdirSync(path.join(output, "sources", path.dirname(source)), { recursive: true });
    fs.copyFileSync(path.join(root, source), path.join(output, "sources", source));
  }
}
