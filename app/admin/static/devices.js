// Microphones and speakers: which there are, which is used, and why there is none.

import { make } from "./dom.js";

// Echo is the browser's to cancel: the agent would else hear itself.
const WANTED = {
  echoCancellation: true,
  noiseSuppression: true,
  autoGainControl: true,
  channelCount: 1,
};
const REASONS = { NotAllowedError: "microphone-denied", SecurityError: "microphone-denied" };

export class NoMicrophone extends Error {}

export class Devices extends EventTarget {
  #microphones;
  #speakers;
  #voice;
  #stream = null;

  constructor(microphones, speakers, voice) {
    super();
    this.#microphones = microphones;
    this.#speakers = speakers;
    this.#voice = voice;
    microphones.addEventListener("change", () => this.dispatchEvent(new Event("microphone")));
    speakers.addEventListener("change", () => this.#speak());
    navigator.mediaDevices?.addEventListener("devicechange", () => this.show());
    this.show();
  }

  // The stream of the chosen microphone. Raises NoMicrophone with the reason as its message.
  async open() {
    this.close();
    if (!navigator.mediaDevices) throw new NoMicrophone("insecure");
    const id = this.#microphones.value;
    try {
      this.#stream = await navigator.mediaDevices.getUserMedia({
        audio: id ? { ...WANTED, deviceId: { ideal: id } } : WANTED,
      });
    } catch (error) {
      throw new NoMicrophone(REASONS[error.name] ?? "no-microphone");
    }
    await this.show();
    return this.#stream;
  }

  close() {
    this.#stream?.getTracks().forEach((track) => track.stop());
    this.#stream = null;
  }

  // Names are told once the microphone was allowed.
  async show() {
    const all = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
    const inUse = this.#stream?.getAudioTracks()[0]?.getSettings().deviceId;
    fill(this.#microphones, all, "audioinput", inUse);
    fill(this.#speakers, all, "audiooutput", this.#voice.sinkId);
    this.#speakers.disabled ||= !this.#voice.setSinkId;
  }

  async #speak() {
    try {
      await this.#voice.setSinkId(this.#speakers.value);
    } catch {
      await this.show();
    }
  }
}

function fill(select, all, kind, inUse) {
  const known = all.filter((device) => device.kind === kind && device.deviceId);
  const options = known.map((device) => {
    const option = make("option", { value: device.deviceId }, device.label || "Unnamed");
    option.selected = device.deviceId === inUse;
    return option;
  });
  if (!options.length) options.push(make("option", { value: "" }, "The browser's choice"));
  select.replaceChildren(...options);
  select.disabled = options.length < 2;
}
