/**
 * A chat model for these tests alone: it speaks the real streaming interface over HTTP, slowly
 * enough to be watched and stopped, and says always the same invented words. It is no medical model.
 */

import { createServer } from "node:http";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";

const WORDS = "（测试模型）建议在门诊完善相关检查，结合肾功能选择药物，并于一周后复诊复查血压与尿蛋白。";

/** `pause` is in milliseconds, before each piece. `stopped` counts answers that the client left. */
export async function startModel({ pause = 120, words = WORDS } = {}) {
  const state = { asked: 0, stopped: 0, bodies: [] };
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => (body += chunk));
    request.on("end", () => {
      state.asked += 1;
      state.bodies.push(body);
      answer(response, words, pause, state);
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  return { ...state, state, port, host: `127.0.0.1:${port}`, close: () => server.close() };
}

function answer(response, words, pause, state) {
  response.writeHead(200, { "content-type": "text/event-stream" });
  const pieces = [...words].reduce((made, letter, index) => (index % 3 === 0 ? [...made, letter] : [...made.slice(0, -1), made.at(-1) + letter]), []);
  let next = 0;
  const timer = setInterval(() => {
    const piece = pieces[next];
    next += 1;
    const choice = piece === undefined ? { delta: {}, finish_reason: "stop" } : { delta: { content: piece }, finish_reason: null };
    response.write(`data: ${JSON.stringify({ choices: [{ index: 0, ...choice }] })}\n\n`);
    if (piece === undefined) {
      clearInterval(timer);
      response.end("data: [DONE]\n\n");
    }
  }, pause);
  response.on("close", () => {
    clearInterval(timer);
    if (!response.writableEnded) {
      state.stopped += 1;
    }
  });
}

/** The folder of models that names the model at `url`, for the setting `models.folder`. */
export async function writeModelFolder(folder, { id, url, name = "test" }) {
  await mkdir(path.join(folder, id), { recursive: true });
  const manifest = `id = "${id}"
version = "1"
kind = "openai"
licence = "MIT"
source = "the end-to-end tests"
languages = ["zh", "en"]
context_length = 16384

[description]
zh = "端到端测试用的模型。"
en = "A model for the end-to-end tests."

[limits]
zh = "只用于测试。"
en = "For tests alone."

[remote]
url = "${url}"
model = "${name}"
`;
  await writeFile(path.join(folder, id, "model.toml"), manifest);
}
