/** The side preview's page: draws the state it is sent, and says what the doctor chose. */

import type { FromPreview, Piece, PreviewState, ToPreview, TurnView } from "../drafts/view";
import { button, element, filled, keyed } from "./elements";

const host = acquireVsCodeApi();
const root = document.getElementById("root") ?? document.body;
const live = element("div", { role: "status", "aria-live": "polite", class: "quiet" });
const header = element("header");
const banner = element("p", { class: "banner", role: "note" });
const turns = element("main");
const actions = element("div", { class: "actions", role: "toolbar" });
const form = element("form", { class: "ask" });
const question = element("textarea", { rows: "2", id: "question" });
const askLabel = element("label", { for: "question", class: "quiet" });
const askButton = element("button", { type: "submit" });
form.append(askLabel, question, askButton);
const footer = element("footer");
footer.append(actions, form);
root.append(live, header, banner, turns, footer);

const drawn = new Map<string, string>();

function send(message: FromPreview): void {
  host.postMessage(message);
}

function draw(state: PreviewState): void {
  document.documentElement.lang = state.labels.language === "zh" ? "zh-CN" : "en";
  changed("header", [state.title, state.note, state.labels.review], () => {
    header.replaceChildren(
      element("h1", {}, state.title),
      element("p", { class: "note" }, `${state.note} · ${state.labels.review}`),
    );
  });
  banner.textContent = state.banner;
  banner.hidden = state.banner === "";
  turns.setAttribute("aria-label", state.labels.conversation);
  turns.setAttribute("aria-busy", String(state.busy));
  state.turns.forEach((turn, index) => {
    drawTurn(turn, index, state);
  });
  while (turns.children.length > state.turns.length) {
    drawn.delete(`turn${turns.children.length - 1}`);
    turns.lastElementChild?.remove();
  }
  drawActions(state);
  drawForm(state);
  if (live.textContent !== state.announcement) {
    live.textContent = state.announcement;
  }
}

function drawTurn(turn: TurnView, index: number, state: PreviewState): void {
  const section = keyed(turns, index, "section");
  const isLatest = index === state.turns.length - 1;
  changed(`turn${index}`, [turn, state.labels, isLatest], () => {
    const body = element("div", { class: `text ${turn.state}` });
    turn.pieces.forEach((piece) => {
      body.append(...pieceNodes(piece, turn, index, state));
    });
    section.replaceChildren(
      ...(turn.question === null ? [] : [element("h2", { class: "question" }, `${state.labels.you}: ${turn.question}`)]),
      ...(turn.notice === "" ? [] : [element("p", { class: `notice ${turn.state}` }, turn.notice)]),
      body,
      ...(turn.state === "streaming" ? [element("p", { class: "drafting" }, state.labels.drafting)] : []),
      ...list(state.labels.gaps, "gaps", turn.gaps),
      ...findings(turn, index, state),
      ...sources(turn, index, state),
      ...(turn.provenance === "" ? [] : [element("p", { class: "provenance" }, turn.provenance)]),
      ...turnActions(turn, index, state),
    );
    if (turn.state === "streaming") {
      section.scrollIntoView({ block: "end" });
    }
  });
}

function pieceNodes(piece: Piece, turn: TurnView, index: number, state: PreviewState): Node[] {
  const words = piece.gap
    ? element("mark", { class: "gap", title: state.labels.gapMark }, piece.text)
    : document.createTextNode(piece.text);
  return [marked(words, piece, turn, index), ...piece.refs.map((number) => reference(number, turn, index, state))];
}

/** The words with what was found about them: seen, in a tooltip, and read out behind them. */
function marked(words: Node, { finding }: Piece, turn: TurnView, index: number): Node {
  const said = finding === null ? undefined : turn.findings[finding];
  if (finding === null || said === undefined) {
    return words;
  }
  const name = findingName(index, finding);
  const attributes = { class: `finding ${said.severity}`, title: `${said.kind}: ${said.text}`, tabindex: "-1", "data-finding": name };
  const spoken = element("span", { class: "quiet" }, ` (${said.kind}: ${said.text}) `);
  return element("mark", attributes, words, spoken);
}

function findingName(turn: number, finding: number): string {
  return `${turn}.${finding}`;
}

/** The list of what was found, each line a way to its words. */
function findings(turn: TurnView, index: number, state: PreviewState): Node[] {
  const lines = turn.findings.map(({ severity, kind, text }, at) => {
    const line = button("", () => {
      turns.querySelector<HTMLElement>(`[data-finding="${findingName(index, at)}"]`)?.focus();
    });
    line.className = `found ${severity}`;
    line.append(element("strong", {}, kind), ` ${text}`);
    return line;
  });
  return list(state.labels.findings, "findings", lines);
}

function reference(number: number, turn: TurnView, index: number, state: PreviewState): HTMLElement {
  const label = turn.sources[number - 1]?.label ?? "";
  const link = button(`[${number}]`, () => {
    send({ type: "goto", turn: index, reference: number });
  });
  link.className = "reference";
  link.title = label;
  link.setAttribute("aria-label", filled(state.labels.reference, [String(number), label]));
  return link;
}

function sources(turn: TurnView, index: number, state: PreviewState): Node[] {
  if (turn.sources.length === 0) {
    return [];
  }
  const items = turn.sources.map(({ number, label }) => {
    const link = button(`[${number}] ${label}`, () => {
      send({ type: "goto", turn: index, reference: number });
    });
    link.className = "source";
    return element("li", {}, link);
  });
  const details = element("details", { class: "sources" });
  details.append(element("summary", {}, `${state.labels.sources} (${turn.sources.length})`), element("ul", {}, ...items));
  return [details];
}

function list(title: string, name: string, items: readonly (string | Node)[]): Node[] {
  if (items.length === 0) {
    return [];
  }
  const block = element("section", { class: `list ${name}`, "aria-label": title });
  block.append(element("h3", {}, title), element("ul", {}, ...items.map((item) => element("li", {}, item))));
  return [block];
}

/** An earlier turn has its buttons below it; those of the latest one stand at the page's foot. */
function turnActions(turn: TurnView, index: number, state: PreviewState): Node[] {
  if (index === state.turns.length - 1 || turn.state !== "ready") {
    return [];
  }
  const row = element("div", { class: "row", role: "group", "aria-label": state.labels.actions });
  row.append(insertButton(turn, index, state), copyButton(index, state));
  return [row];
}

function insertButton(turn: TurnView, index: number, state: PreviewState): HTMLElement {
  if (turn.inserted) {
    return element("span", { class: "note" }, state.labels.inserted);
  }
  const insert = button(state.labels.insert, () => {
    send({ type: "insert", turn: index });
  });
  insert.disabled = !turn.insertable;
  insert.dataset["action"] = "insert";
  return insert;
}

function copyButton(index: number, state: PreviewState): HTMLElement {
  const copy = button(state.labels.copy, () => {
    send({ type: "copy", turn: index });
  });
  copy.classList.add("secondary");
  copy.dataset["action"] = "copy";
  return copy;
}

function drawActions(state: PreviewState): void {
  const index = state.turns.length - 1;
  const latest = state.turns[index];
  const shown = latest === undefined ? null : [latest.state, latest.inserted, latest.insertable, latest.pieces.length > 0];
  changed("actions", [state.busy, state.reviewable, state.labels, index, shown], () => {
    actions.setAttribute("aria-label", state.labels.actions);
    const focused = actions.contains(document.activeElement) || document.activeElement === document.body;
    actions.replaceChildren(...(latest === undefined ? [] : latestActions(latest, index, state)));
    if (focused) {
      actions.querySelector<HTMLButtonElement>("button:enabled")?.focus({ preventScroll: true });
    }
  });
}

function latestActions(latest: TurnView, index: number, state: PreviewState): HTMLElement[] {
  const { labels } = state;
  if (state.busy) {
    return [plainAction(labels.stop, "stop", true)];
  }
  return [
    ...(latest.state === "ready" ? [insertButton(latest, index, state)] : []),
    ...(state.reviewable ? [plainAction(labels.accept, "accept", true), plainAction(labels.discard, "discard", false)] : []),
    plainAction(labels.regenerate, "regenerate", latest.state !== "ready"),
    ...(latest.pieces.length > 0 ? [copyButton(index, state)] : []),
  ];
}

function plainAction(title: string, type: "stop" | "regenerate" | "accept" | "discard", primary: boolean): HTMLElement {
  const made = button(title, () => {
    send({ type });
  });
  made.dataset["action"] = type;
  made.classList.toggle("secondary", !primary);
  return made;
}

function drawForm(state: PreviewState): void {
  askLabel.textContent = state.labels.askLabel;
  question.placeholder = state.labels.askPlaceholder;
  askButton.textContent = state.labels.ask;
  const canAsk = !state.busy && state.turns.some(({ state: each }) => each === "ready");
  askButton.disabled = !canAsk;
  question.readOnly = !canAsk;
}

/** Draws a part only where what it shows has changed, so that focus and scroll stay. */
function changed(part: string, value: unknown, redraw: () => void): void {
  const key = JSON.stringify(value);
  if (drawn.get(part) !== key) {
    drawn.set(part, key);
    redraw();
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const asked = question.value.trim();
  if (asked !== "" && !askButton.disabled) {
    question.value = "";
    send({ type: "ask", question: asked });
  }
});

question.addEventListener("keydown", (event) => {
  // While an input method composes, Enter chooses a character.
  if (event.key === "Enter" && !event.shiftKey && !event.ctrlKey && !event.isComposing) {
    event.preventDefault();
    form.requestSubmit();
  }
});

window.addEventListener("message", (event: MessageEvent<ToPreview>) => {
  draw(event.data.state);
});

send({ type: "ready" });
