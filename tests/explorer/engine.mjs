// The engine's module in Node: each run on a fresh machine, from one compiled module.
import fs from "node:fs";
import path from "node:path";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

export const BUILT = path.join(path.dirname(fileURLToPath(import.meta.url)), "../../build/explorer");

// Returns a function that makes a machine: an object of the engine's functions.
export async function load(name, directory = BUILT) {
  const make = createRequire(import.meta.url)(path.join(directory, `${name}.js`));
  const compiled = await WebAssembly.compile(fs.readFileSync(path.join(directory, `${name}.wasm`)));
  return async () => {
    const module = await make({
      instantiateWasm(imports, done) {
        WebAssembly.instantiate(compiled, imports).then((instance) => done(instance, compiled));
        return {};
      },
    });
    const wrap = (name, result, ...types) => module.cwrap(`engine_${name}`, result, types);
    return {
      on_switch: (told) => (module.onSwitch = told),
      presets: wrap("presets", "string"),
      scenarios: wrap("scenarios", "string"),
      stations: wrap("stations", "string"),
      open: wrap("open", null, "string", "string"),
      error: wrap("error", "string"),
      step: wrap("step", null, "number"),
      replay: wrap("replay", null, "string"),
      run: wrap("run", null, "number", "string", "number"),
      state: wrap("state", "string"),
      explore: wrap("explore", null, "string", "string", "number", "number"),
      found: wrap("found", "string"),
    };
  };
}
