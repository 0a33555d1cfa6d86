/** A real Chromium, and the note in its page. */

import assert from "node:assert/strict";
import path from "node:path";
import { chromium } from "playwright-core";

const SHOTS = process.env.SHOTS;

export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-renderer-backgrounding", "--disable-background-timer-throttling"],
  });
}

/** A page with what the tests ask of its note; `problems` are errors and breaches of the policy. */
export class NotePage {
  problems = [];

  constructor(page) {
    this.page = page;
    this.note = page.locator("clinical-note");
    this.content = this.note.locator(".cm-content");
    this.panel = this.note.locator(".df-panel");
    this.options = this.note.locator(".df-completion li");
    this.bar = this.note.locator(".df-bar");
    page.on("pageerror", (error) => this.problems.push(error.message));
    page.on("console", (message) => {
      // A refused connection is told by the browser itself.
      if (message.type() === "error" && !/WebSocket|Failed to load resource|net::ERR/.test(message.text())) {
        this.problems.push(message.text());
      }
    });
  }

  static async open(browser, url, options = {}) {
    const page = await browser.newPage({ viewport: { width: 1280, height: 820 }, ...options });
    const note = new NotePage(page);
    await page.exposeFunction("policyBroken", (what) => note.problems.push(`policy: ${what}`));
    await page.addInitScript(() => {
      document.addEventListener("securitypolicyviolation", (event) => {
        window.policyBroken(`${event.violatedDirective} ${event.blockedURI}`);
      });
    });
    await page.goto(url);
    return note;
  }

  value() {
    return this.note.evaluate((note) => note.getValue());
  }

  /** Another note in the editor, told to the server before the next step. */
  async set(text) {
    await this.note.evaluate((note, value) => {
      note.setValue(value);
      note.focus();
    }, text);
    await this.page.keyboard.press("Control+End");
    await this.page.waitForTimeout(120);
  }

  type(text) {
    return this.page.keyboard.type(text, { delay: 15 });
  }

  press(...keys) {
    return keys.reduce((before, key) => before.then(() => this.page.keyboard.press(key)), Promise.resolve());
  }

  async state(name) {
    await this.note.locator(`.df-note[data-state="${name}"]`).waitFor({ timeout: 20_000 });
  }

  async says(pattern) {
    await this.until(async () => pattern.test(await this.note.locator(".df-status").innerText()), String(pattern));
  }

  async labels() {
    return this.options.locator(".cm-completionLabel").allInnerTexts();
  }

  async until(condition, what, milliseconds = 10_000) {
    const end = Date.now() + milliseconds;
    while (!(await condition())) {
      if (Date.now() > end) {
        assert.fail(`not within ${milliseconds} ms: ${what}`);
      }
      await this.page.waitForTimeout(50);
    }
  }

  async holds(text) {
    await this.until(async () => (await this.value()) === text, `the note to be ${JSON.stringify(text)}, it is ${JSON.stringify(await this.value())}`);
  }

  async shot(name) {
    if (SHOTS) {
      await this.page.screenshot({ path: path.join(SHOTS, `${name}.png`) });
    }
  }

  async close() {
    await this.page.close();
    assert.deepEqual(this.problems, [], "errors or breaches of the page's policy");
  }
}
