/** Asks whether to discard, and why, if the doctor wants to say so. */

import type { Reason } from "../lsp/types";
import type { Say } from "../strings";
import { button, el } from "./dom";

/** The reason's id, "" for none, undefined where the doctor thought better of it. */
export function askReason(host: HTMLElement, reasons: readonly Reason[], say: Say): Promise<string | undefined> {
  return new Promise((resolve) => {
    const select = el("select", { "aria-label": say("reason.title") });
    for (const { id, title } of [{ id: "", title: say("reason.none") }, ...reasons]) {
      const option = el("option", {}, title);
      option.value = id;
      select.append(option);
    }
    const dialog = el("dialog", { class: "df-dialog", "aria-label": say("reason.title") });
    const end = (reason: string | undefined): void => {
      dialog.close();
      dialog.remove();
      resolve(reason);
    };
    const form = el(
      "form",
      {},
      el("p", {}, say("reason.title")),
      select,
      el(
        "div",
        { class: "df-row" },
        el("button", { type: "submit", class: "df-primary" }, say("discard")),
        button(say("cancel"), () => {
          end(undefined);
        }),
      ),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      end(select.value);
    });
    dialog.addEventListener("cancel", (event) => {
      event.preventDefault();
      end(undefined);
    });
    dialog.append(form);
    host.append(dialog);
    dialog.showModal();
    select.focus();
  });
}
