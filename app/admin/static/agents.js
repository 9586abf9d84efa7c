// Which agent is called, and what is behind it.

import { byId, make } from "./dom.js";

const languageNames = new Intl.DisplayNames(["en"], { type: "language" });

export class Agents {
  #select = byId("agent");
  #about = byId("agent-about");
  #agents = [];

  constructor() {
    this.#select.addEventListener("change", () => this.#tell());
  }

  get chosen() {
    return this.#select.value;
  }

  set isLocked(isLocked) {
    this.#select.disabled = isLocked;
  }

  show(agents) {
    const before = this.chosen;
    this.#agents = agents;
    this.#select.replaceChildren(...agents.map(({ id, name }) => make("option", { value: id }, name)));
    if (agents.some(({ id }) => id === before)) this.#select.value = before;
    this.#tell();
  }

  #tell() {
    const agent = this.#agents.find(({ id }) => id === this.chosen);
    this.#about.textContent = agent ? about(agent) : "";
  }
}

function about({ graph, language, voice }) {
  const behind = graph
    ? `A dialogue graph${graph.name ? ` (“${graph.name}”)` : ""} answers: it asks for what it needs, and no language model is behind it.`
    : "A language model answers.";
  const spoken = language ? [language] : graph?.languages ?? [];
  const languages = spoken.length ? `Language: ${spoken.map(nameOf).join(", ")}. ` : "";
  return `${behind} ${languages}Voice: ${voice}.`;
}

function nameOf(code) {
  try {
    return languageNames.of(code);
  } catch {
    return code;
  }
}
