// A call that is over: its recording and its words, each of which can be gone to.

import * as api from "./api.js";
import { byId, clock, make } from "./dom.js";
import { Waveform } from "./waveform.js";

const LOOK_AGAIN_MS = 500;
const TRIES = 20;

export class Replay {
  #section = byId("replay");
  #about = byId("replay-about");
  #player = byId("player");
  #sound = byId("recording");
  #position = byId("position");
  #turns = byId("replay-turns");
  #waveform = new Waveform(byId("waveform"));
  #address = null;
  #lengthS = 0;
  #wanted = null;

  constructor() {
    const sound = this.#sound;
    byId("play").addEventListener("click", () => (sound.paused ? sound.play() : sound.pause()));
    this.#position.addEventListener("input", () => this.#goTo(this.#position.valueAsNumber));
    byId("waveform").addEventListener("click", ({ offsetX, target }) => {
      this.#goTo((offsetX / target.clientWidth) * this.#lengthS);
    });
    this.#section.addEventListener("click", (event) => {
      const at = event.target.dataset.at;
      if (at !== undefined) this.#playFrom(Number(at));
    });
    for (const name of ["play", "pause", "ended"]) {
      sound.addEventListener(name, () => (byId("play").textContent = sound.paused ? "Play" : "Pause"));
    }
    sound.addEventListener("timeupdate", () => this.#moved());
  }

  hide() {
    this.#wanted = null;
    this.#section.hidden = true;
    this.#sound.pause();
    this.#sound.removeAttribute("src");
    if (this.#address) URL.revokeObjectURL(this.#address);
    this.#address = null;
  }

  async show(callId) {
    this.hide();
    this.#wanted = callId;
    const call = await this.#whenOver(callId);
    if (!call || this.#wanted !== callId) return;
    this.#section.dataset.call = callId;
    const turns = call.transcript.filter(({ role }) => role !== "developer");
    this.#turns.replaceChildren(...turns.map(turnOf));
    this.#player.hidden = !call.recording_path;
    this.#section.hidden = false;
    this.#about.textContent = call.recording_path
      ? `${clock(call.duration)} of sound.`
      : "This call was not recorded.";
    if (call.recording_path) await this.#load(call);
  }

  async #whenOver(callId) {
    for (let tries = 0; tries < TRIES; tries++) {
      const call = await api.call(callId);
      if (call.ended_at) return call;
      await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
    }
    return null;
  }

  async #load(call) {
    const blob = await api.recording(call.recording_path);
    if (this.#wanted !== call.id) return;
    this.#address = URL.createObjectURL(blob);
    this.#sound.src = this.#address;
    Object.assign(byId("download"), { href: this.#address, download: `call-${call.id}.ogg` });
    this.#lengthS = await this.#waveform.show(blob);
    this.#position.max = Math.ceil(this.#lengthS);
    const name = `Waveform of the call, ${clock(this.#lengthS)} long: you above, the agent below`;
    byId("waveform").setAttribute("aria-label", name);
    this.#moved();
  }

  #playFrom(seconds) {
    if (!this.#address) return;
    this.#goTo(seconds);
    this.#sound.play();
  }

  #goTo(seconds) {
    this.#sound.currentTime = Math.min(Math.max(0, seconds), this.#lengthS);
    this.#moved();
  }

  #moved() {
    const now = this.#sound.currentTime;
    this.#position.value = now;
    this.#position.setAttribute("aria-valuetext", `${clock(now)} of ${clock(this.#lengthS)}`);
    byId("clock").textContent = `${clock(now)} / ${clock(this.#lengthS)}`;
    this.#waveform.played(this.#lengthS ? now / this.#lengthS : 0);
    for (const word of this.#turns.querySelectorAll(".word")) {
      word.classList.toggle("now", now >= Number(word.dataset.at) && now < Number(word.dataset.until));
    }
  }
}

// The record has the times of a turn; those of its words are in proportion to their letters.
function turnOf({ role, text, start, end, is_cut: isCut }) {
  const words = text.split(/\s+/).filter(Boolean);
  const letters = words.reduce((sum, word) => sum + word.length + 1, 0);
  let at = start;
  const parts = words.flatMap((word) => {
    const until = at + ((end - start) * (word.length + 1)) / letters;
    const times = { "data-at": at.toFixed(2), "data-until": until.toFixed(2) };
    at = until;
    return [make("span", { class: "word", ...times }, word), " "];
  });
  const goes = { type: "button", "data-at": String(start), "aria-label": `Play from ${clock(start)}` };
  return make("li", { "data-turn": role, "data-role": role },
    make("button", goes, clock(start)), " ",
    make("span", { class: "who" }, role === "user" ? "You" : "Agent"), " ",
    make("span", { class: "words" }, ...parts),
    ...(isCut ? [make("span", { class: "note" }, "(interrupted)")] : []),
  );
}
