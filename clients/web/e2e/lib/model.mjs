/**
 * A chat model for these tests alone: it speaks the real streaming interface over HTTP, slowly
 * enough to be watched and stopped, and says always the same invented words.
 */

import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";

const ID = "e2e-slow";
const WORDS = "（测试模型）建议完善相关检查，结合肾功能选择药物，一周后复诊。";

function answer(response, { pause, words }, counts) {
  response.writeHead(200, { "content-type": "text/event-stream" });
  const pieces = words.match(/.{1,3}/gu);
  const timer = setInterval(() => {
    const content = pieces.shift();
    const choice = content === undefined ? { delta: {}, finish_reason: "stop" } : { delta: { content }, finish_reason: null };
    response.write(`data: ${JSON.stringify({ choices: [{ index: 0, ...choice }] })}\n\n`);
    if (content === undefined) {
      clearInterval(timer);
      response.end("data: [DONE]\n\n");
    }
  }, pause);
  response.on("close", () => {
    clearInterval(timer);
    counts.stopped += response.writableEnded ? 0 : 1;
  });
}

/** `settings` put the model in place; `counts.stopped` are answers that the server left. */
export async function startModel(pause, words = WORDS) {
  const counts = { asked: 0, stopped: 0 };
  const server = createServer((request, response) => {
    request.resume().on("end", () => {
      counts.asked += 1;
      answer(response, { pause, words }, counts);
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const host = `127.0.0.1:${server.address().port}`;
  const folder = await mkdtemp(path.join(tmpdir(), "clinical-note-models-"));
  await mkdir(path.join(folder, ID));
  const manifest = [
    `id = "${ID}"`,
    'version = "1"',
    'kind = "openai"',
    'licence = "MIT"',
    'source = "the end-to-end tests"',
    'languages = ["zh", "en"]',
    "context_length = 16384",
    "[description]",
    'zh = "端到端测试用的模型。"',
    'en = "A model for the end-to-end tests."',
    "[limits]",
    'zh = "只用于测试。"',
    'en = "For tests alone."',
    "[remote]",
    `url = "http://${host}/v1"`,
    'model = "test"',
  ];
  await writeFile(path.join(folder, ID, "model.toml"), `${manifest.join("\n")}\n`);
  return {
    counts,
    settings: [`models.folder=${folder}`, `models.use=*=${ID}`, `network.hosts=${host}`],
    async close() {
      server.closeAllConnections();
      server.close();
      await rm(folder, { recursive: true });
    },
  };
}
