// Serves a folder on 127.0.0.1, for one reader.
//
//     node serve.mjs FOLDER PORT    PORT 0: any that is free
import fs from "node:fs";
import http from "node:http";
import path from "node:path";
import { fileURLToPath } from "node:url";

const TYPES = {
  ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
  ".wasm": "application/wasm", ".json": "application/json", ".map": "application/json",
};

export function serve(folder, port) {
  const root = path.resolve(folder);
  const server = http.createServer((request, response) => {
    const { pathname } = new URL(request.url, "http://127.0.0.1");
    let file = path.join(root, decodeURIComponent(pathname));
    if (file.endsWith(path.sep)) file += "index.html";
    if (!file.startsWith(root + path.sep) || !fs.existsSync(file) || !fs.statSync(file).isFile()) {
      response.writeHead(404, { "Content-Type": "text/plain" });
      return response.end("There is no such file here.\n");
    }
    response.writeHead(200, { "Content-Type": TYPES[path.extname(file)] ?? "text/plain; charset=utf-8", "Cache-Control": "no-cache" });
    fs.createReadStream(file).pipe(response);
  });
  return new Promise((resolve, reject) => {
    server.on("error", reject);
    server.listen(port, "127.0.0.1", () => resolve({ address: `http://127.0.0.1:${server.address().port}/`, close: () => server.close() }));
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [folder, port] = process.argv.slice(2);
  serve(folder, Number(port)).then(({ address }) => console.log(`The explorer is at ${address} (Ctrl-C ends it)`), (problem) => {
    console.error(problem.code === "EADDRINUSE" ? `explorer: port ${port} is in use; choose another one: --port N` : `explorer: ${problem.message}`);
    process.exit(69);
  });
}
