/** Driving the workbench as a doctor does: by keyboard where there is a key for it. */

import { readFile } from "node:fs/promises";
import path from "node:path";

export class Workbench {
  constructor(page, folder, shots) {
    this.page = page;
    this.folder = folder;
    this.shots = shots;
  }

  static async open(browser, server, { shots, locale }) {
    const context = await browser.newContext({
      viewport: { width: 1440, height: 900 },
      locale: locale === "zh" ? "zh-CN" : "en-US",
      permissions: ["clipboard-read", "clipboard-write"],
    });
    const page = await context.newPage();
    await page.goto(server.url);
    await page.waitForSelector(".monaco-workbench .part.statusbar", { timeout: 60_000 });
    return new Workbench(page, server.folder, shots);
  }

  async shot(name) {
    if (this.shots !== undefined) {
      await this.page.screenshot({ path: path.join(this.shots, `${name}.png`) });
    }
  }

  saved(name) {
    return readFile(path.join(this.folder, name), "utf8");
  }

  async press(...keys) {
    for (const key of keys) {
      await this.page.keyboard.press(key);
    }
  }

  /** `delay` is in milliseconds between keys. */
  async type(text, delay = 20) {
    await this.page.keyboard.type(text, { delay });
  }

  /** Text as an input method puts it in: at once. */
  async insert(text) {
    await this.page.keyboard.insertText(text);
  }

  /** Opens a box for input with `key` and puts `text` into it. */
  async ask(key, text) {
    const input = this.page.locator(".quick-input-widget:visible input");
    await until(
      async () => {
        await this.press(key);
        return input.waitFor({ timeout: 1_500 }).then(
          () => true,
          () => false,
        );
      },
      15_000,
      async () => `${key} opened nothing`,
    );
    await input.fill(text);
    await this.page.waitForTimeout(350);
  }

  async command(name) {
    await this.ask("F1", `>${name}`);
    await this.press("Enter");
    await this.page.waitForTimeout(150);
  }

  /** Opens the note in the first group; beside it stands the preview. */
  async openFile(name) {
    await this.press("Control+Digit1");
    await this.ask("Control+KeyP", name);
    await this.page.waitForSelector(`.quick-input-list .monaco-list-row >> text=${name}`);
    await this.press("Enter");
    await this.page.waitForSelector(`.tab.active[data-resource-name="${name}"]`);
    await this.page.waitForSelector(".editor-instance .view-line");
  }

  async goToLine(line, column = 1) {
    await this.ask("Control+KeyG", `:${line}:${column}`);
    await this.press("Enter");
    await this.page.waitForTimeout(150);
  }

  /** Opens the list behind the lightbulb; the row that has `text`. */
  async lightbulb(text) {
    const row = this.page.locator(".action-widget .monaco-list-row", { hasText: text }).first();
    await until(
      async () => {
        await this.press("Control+Period");
        return row.waitFor({ timeout: 4_000 }).then(
          () => true,
          () => false,
        );
      },
      30_000,
      async () => `no action ${text}`,
    );
    return row;
  }

  async save() {
    await this.press("Control+KeyS");
    await this.page.waitForTimeout(400);
  }

  /** Saves until the file is `expected`: what a key did may take a moment to arrive. */
  async savedAs(name, expected, explain) {
    await until(
      async () => {
        await this.save();
        return (await this.saved(name)) === expected;
      },
      10_000,
      async () => `${explain}; the file is ${JSON.stringify((await this.saved(name)).slice(-400))}`,
    );
  }

  /** Writes `text` at the end of the note, and saves until it stands there. */
  async append(name, text) {
    await this.openFile(name);
    await this.page.locator(".editor-instance .monaco-editor.focused").first().waitFor();
    await this.press("Control+End");
    await this.insert(text);
    await until(
      async () => {
        await this.save();
        return (await this.saved(name)).endsWith(text);
      },
      10_000,
      async () => `${name} does not end with what was written: ${JSON.stringify((await this.saved(name)).slice(-80))}`,
    );
  }

  /** One step back in the note. */
  async undo(name) {
    await this.page.locator(`.tab.active[data-resource-name="${name}"]`).first().waitFor();
    await this.press("Control+Digit1", "Control+KeyZ");
  }

  status() {
    return this.page.locator('.statusbar-item[id*="doctorflan.status"]');
  }

  /** Waits until the status bar says something that `pattern` fits. */
  async statusSays(pattern, timeout = 30_000) {
    await until(async () => pattern.test((await this.status().textContent()) ?? ""), timeout, async () => `status bar: ${await this.status().textContent()}`);
  }

  notifications() {
    return this.page.locator(".notification-toast .notification-list-item");
  }

  async notified(pattern, timeout = 30_000) {
    const toast = this.notifications().filter({ hasText: pattern }).first();
    await toast.waitFor({ timeout });
    return toast;
  }

  quickPick() {
    return this.page.locator(".quick-input-widget:visible");
  }

  /** The frame of the webview whose page has `selector`. */
  async frameWith(selector, timeout = 20_000) {
    let found;
    await until(
      async () => {
        for (const frame of this.page.frames()) {
          const there = await frame.$(selector).catch(() => null);
          if (there !== null && (await there.isVisible().catch(() => false))) {
            found = frame;
            return true;
          }
        }
        return false;
      },
      timeout,
      async () => `no webview with ${selector}`,
    );
    return found;
  }
}

/** Asks until `condition` holds; throws what `explain` says where it never does. */
export async function until(condition, timeout = 20_000, explain = async () => "the condition never held") {
  const end = Date.now() + timeout;
  while (Date.now() < end) {
    if (await condition()) {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(await explain());
}
