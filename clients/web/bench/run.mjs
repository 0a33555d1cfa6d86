/**
 * Typing latency, from a key's press to the frame that shows it, with and without the server, in
 * the same run: the ratio is what says something, the milliseconds are this machine's. `marked` is
 * without the server too, after it has marked the note: what the colours cost, not the connection.
 */

import { launch, NotePage } from "../e2e/lib/page.mjs";
import { startDemo } from "../e2e/lib/server.mjs";

const KEYS = Number(process.env.KEYS ?? 300);
const ROUNDS = 3;
/** A fast typist's. */
const PAUSE_MS = 60;
const SENTENCE = "现病史：患者2周前出现上腹痛，餐后加重，无黑便，BP 152/94mmHg，WBC 11.6×10^9/L，服用氨氯地平片 5mg 口服 每日1次。\n";

const NOTES = [
  ["2,000 characters", 2_000],
  ["100 KB", 34_000],
];

function noteOf(characters) {
  return SENTENCE.repeat(Math.ceil(characters / SENTENCE.length)).slice(0, characters);
}

/** The latencies of `count` keys, in milliseconds. */
async function latencies(note, count) {
  await note.note.evaluate((element) => {
    window.latencies = [];
    const content = element.shadowRoot.querySelector(".cm-content");
    const channel = new MessageChannel();
    let pressed = 0;
    // A message that a frame sends comes after its paint.
    channel.port1.onmessage = () => window.latencies.push(performance.now() - pressed);
    content.addEventListener(
      "keydown",
      ({ timeStamp }) => {
        pressed = timeStamp;
        requestAnimationFrame(() => channel.port2.postMessage(0));
      },
      { capture: true },
    );
  });
  for (let index = 0; index < count; index += 1) {
    await note.page.keyboard.press(index % 12 === 11 ? "Space" : "abcdefghijk"[index % 12]);
    await note.page.waitForTimeout(PAUSE_MS);
  }
  await note.page.waitForTimeout(200);
  return note.page.evaluate(() => window.latencies);
}

function percentile(sorted, part) {
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))];
}

async function detach(note) {
  await note.note.evaluate((element) => (element.server = ""));
  await note.state("idle");
}

async function measured(browser, url, side, text, keys) {
  const note = await NotePage.open(browser, url);
  await note.state("connected");
  if (side === "alone") {
    await detach(note);
  }
  await note.set(text);
  if (side === "marked") {
    await note.note.locator(".df-t-namespace").first().waitFor();
    await note.page.waitForTimeout(1500);
    await detach(note);
  }
  // Into the middle, where there is text on both sides.
  await note.note.evaluate((element) => element.focus());
  await note.press("Control+Home", "ArrowDown", "ArrowDown", "ArrowDown", "End");
  await note.page.waitForTimeout(1500);
  const found = await latencies(note, keys);
  await note.page.close();
  return found;
}

const server = await startDemo();
const browser = await launch();
try {
  for (const [name, characters] of NOTES) {
    const text = noteOf(characters);
    const found = { alone: [], marked: [], attached: [] };
    // By turns, so that what else the machine does falls on all.
    for (let round = 0; round < ROUNDS; round += 1) {
      const sides = Object.keys(found);
      for (const side of [...sides.slice(round), ...sides.slice(0, round)]) {
        found[side].push(...(await measured(browser, server.url, side, text, Math.ceil(KEYS / ROUNDS))));
      }
    }
    const sorted = Object.values(found).map((all) => all.sort((a, b) => a - b));
    console.log(`${name}: ${sorted.map(({ length }) => length).join(", ")} keys`);
    for (const [label, part] of [["p50", 0.5], ["p95", 0.95], ["p99", 0.99]]) {
      const [alone, marked, attached] = sorted.map((all) => percentile(all, part));
      const each = `${alone.toFixed(1)} ms without the server, ${marked.toFixed(1)} marked, ${attached.toFixed(1)} with it`;
      console.log(`  ${label}: ${each}; with/without ${(attached / alone).toFixed(2)}, with/marked ${(attached / marked).toFixed(2)}`);
    }
  }
} finally {
  await browser.close();
  await server.kill();
}
