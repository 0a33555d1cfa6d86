/** Serves the package's folder as a hospital's page would, under a strict policy. */

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import path from "node:path";

const ROOT = path.join(import.meta.dirname, "../..");
const TYPES = { ".html": "text/html", ".css": "text/css", ".js": "text/javascript" };

/** `replaced` is put into the pages in the place of its keys. */
export async function serveFiles(socket, replaced) {
  const policy = `default-src 'none'; script-src 'self'; style-src 'self'; connect-src ${socket}`;
  const server = createServer(async (request, response) => {
    const file = path.join(ROOT, path.normalize(new URL(request.url, "http://x").pathname));
    try {
      const body = await readFile(file, "utf8");
      const text = file.endsWith(".html") ? Object.entries(replaced).reduce((done, [old, now]) => done.replaceAll(old, now), body) : body;
      const type = `${TYPES[path.extname(file)] ?? "text/plain"}; charset=utf-8`;
      response.writeHead(200, { "content-type": type, "content-security-policy": policy }).end(text);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { origin: `http://127.0.0.1:${server.address().port}`, close: () => server.close() };
}
