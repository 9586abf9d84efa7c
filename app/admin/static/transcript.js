// What both sides say, as it comes: the user's words until they are final, the agent's as they are
// spoken. An answer that was cut keeps what was heard, and what was not is struck out.

import { make } from "./dom.js";
import { plainly } from "./labels.js";

export class Transcript {
  #log;
  #list;
  #user = null;
  #agent = null;
  #asked = null; // the turn of the user that was answered last

  constructor(log) {
    this.#log = log;
    this.#list = log.querySelector("ol");
  }

  clear() {
    this.#list.replaceChildren();
    this.#user = this.#agent = this.#asked = null;
  }

  told({ type, data }) {
    switch (type === "server-message" ? data.type : type) {
      case "user-transcription":
        return this.#understand(data);
      case "user-llm-text":
        return this.#answerTo(data.text);
      case "turn-withdrawn":
        return this.#goOn();
      case "bot-output":
        return this.#speak(data);
      case "bot-stopped-speaking":
      case "bot-llm-stopped":
      case "bot-llm-started":
        return this.#closeAgent();
      default:
        return undefined;
    }
  }

  over() {
    this.#closeAgent();
    this.#user?.finish();
  }

  #understand({ text, final, metadata }) {
    if (!this.#user || this.#user.isOver) this.#user = new UserTurn(this.#list);
    this.#user.understand(text, final, metadata ?? {});
    this.#follow();
  }

  // The whole of a turn.
  #answerTo(text) {
    if (!this.#user || this.#user.isOver) this.#user = new UserTurn(this.#list);
    this.#user.finish(text);
    this.#asked = this.#user;
    this.#follow();
  }

  // It was not the whole: it goes on, and what was said since belongs to it.
  #goOn() {
    const before = this.#asked;
    this.#asked = null;
    if (before && before === this.#user) before.reopen();
    else if (before) this.#user.continue(before);
  }

  #speak(output) {
    this.#agent ??= new AgentTurn(this.#list);
    this.#agent.speak(output);
    this.#follow();
  }

  #closeAgent() {
    this.#agent?.finish();
    this.#agent = null;
  }

  #follow() {
    this.#log.scrollTop = this.#log.scrollHeight;
  }
}

class Turn {
  isOver = false;

  constructor(list, role, name) {
    this.words = make("span", { class: "words" });
    this.labels = make("span", { class: "labels" });
    const who = make("span", { class: "who" }, name);
    this.item = make("li", { "data-role": role, "aria-busy": "true" }, who, " ", this.words, this.labels);
    list.append(this.item);
  }

  close() {
    this.isOver = true;
    this.item.dataset.final = "true";
    this.item.setAttribute("aria-busy", "false");
  }
}

class UserTurn extends Turn {
  #final = "";
  #known = {};

  constructor(list) {
    super(list, "user", "You");
  }

  get text() {
    return this.words.textContent;
  }

  understand(text, isFinal, labels) {
    const whole = `${this.#final} ${text}`.trim();
    if (isFinal) this.#final = whole;
    this.words.textContent = whole;
    this.#label({ ...this.#known, ...labels });
  }

  reopen() {
    this.isOver = false;
    delete this.item.dataset.final;
    this.item.setAttribute("aria-busy", "true");
    this.#final = this.text;
  }

  continue(before) {
    before.item.remove();
    this.#final = `${before.text} ${this.#final}`.trim();
    this.words.textContent = `${before.text} ${this.text}`;
    this.#label({ ...before.#known, ...this.#known });
  }

  finish(text = this.text) {
    this.words.textContent = text;
    this.close();
  }

  #label(known) {
    this.#known = known;
    const told = Object.entries(known).map(([name, label]) => [name, plainly(name, String(label))]);
    this.labels.replaceChildren(...told.filter(([, plain]) => plain).map(
      ([name, plain]) => make("span", { class: "label", "data-label": name }, plain),
    ));
  }
}

class AgentTurn extends Turn {
  #sentences = new Map();

  constructor(list) {
    super(list, "agent", "Agent");
  }

  speak({ segment_id: id, text, aggregated_by: kind, spoken_progress: progress }) {
    if (!progress && (kind === "word" || this.#sentences.has(id))) return;
    this.#sentences.set(id, {
      heard: progress?.accumulated_text ?? "",
      ahead: progress ? progress.remaining_text ?? "" : text,
    });
    this.#show("span", "ahead");
  }

  // An answer of which nothing was heard was never given.
  finish() {
    if (this.isOver) return;
    const wasHeard = [...this.#sentences.values()].some((sentence) => sentence.heard);
    if (!wasHeard) this.item.remove();
    this.#show("s", "cut");
    this.close();
  }

  #show(tag, kind) {
    const sentences = [...this.#sentences.values()];
    const parts = [];
    for (const { heard, ahead } of sentences) {
      if (parts.length) parts.push(" ");
      if (heard) parts.push(make("span", { class: "spoken" }, heard));
      if (ahead.trim()) parts.push(make(tag, { class: kind }, ahead));
    }
    this.words.replaceChildren(...parts);
  }
}
