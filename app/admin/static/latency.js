// Where the time before each answer went: a row an answer, a bar of its parts. What was made before the
// turn was over is held until then.

import { make } from "./dom.js";

const PARTS = new Map([
  ["asr", ["recognition", "Recognition"]],
  ["endpointing", ["endpointing", "Turn end"]],
  ["llm", ["thinking", "Thinking"]],
  ["sentence", ["sentence", "Sentence"]],
  ["tts", ["speaking", "Voice"]],
  ["held", ["held", "Held"]],
  ["network", ["network", "Network"]],
]);

export class Latency {
  #section;
  #rows;

  constructor(section, table) {
    this.#section = section;
    this.#rows = table.tBodies[0];
    const columns = ["Answer", "Total", ...[...PARTS.values()].map(([, title]) => title), ""];
    table.tHead.rows[0].replaceChildren(
      ...columns.map((title) => title ? make("th", { scope: "col" }, title) : make("td")),
    );
  }

  clear() {
    this.#rows.replaceChildren();
    this.#section.hidden = true;
  }

  // `networkS`: what the server cannot know.
  told({ processing = [] }, networkS) {
    const seconds = new Map(processing.map(({ processor, value }) => [processor, value]));
    if (!seconds.size) return;
    seconds.set("network", networkS);
    const total = [...seconds.values()].reduce((sum, each) => sum + each, 0);
    this.#section.hidden = false;
    this.#rows.append(make("tr", {},
      make("th", { scope: "row" }, String(this.#rows.rows.length + 1)),
      make("td", { "data-part": "total" }, ms(total)),
      ...[...PARTS].map(([processor, [part]]) => make("td", { "data-part": part }, ms(seconds.get(processor)))),
      make("td", { class: "bar-cell" }, bar(seconds)),
    ));
  }
}

const ms = (seconds) => (seconds === undefined ? "–" : String(Math.round(seconds * 1000)));

function bar(seconds) {
  const pieces = [...PARTS].filter(([processor]) => seconds.get(processor) > 0).map(([processor, [part]]) => {
    const piece = make("span", { class: `piece ${part}` });
    piece.style.flexGrow = seconds.get(processor);
    return piece;
  });
  return make("span", { class: "bar", "aria-hidden": "true" }, ...pieces);
}
