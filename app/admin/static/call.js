// One call: a WebRTC connection with sound both ways and a channel for RTVI messages. Knows no page.
//
// Tells: "message" (detail: an RTVI message), "voice" (detail: the stream of the agent), "wavers"
// (detail: whether the other end is looked for), "over" (detail: null where the call ended as it
// should, else "lost").

import * as api from "./api.js";

const LOST_MS = 12_000; // no longer than the server waits for who has vanished
const PING_MS = 1000;
const FAREWELL_MS = 1000;
const LABEL = "rtvi-ai";

export class Call extends EventTarget {
  #pc;
  #channel;
  #sender;
  #id = null;
  #found = [];
  #isAgreed = false; // the candidates that are found are those of what was answered
  #lostTimer = null;
  #isOver = false;
  #timers = [];
  #sent = 0;
  #smoothed = { sum: 0, count: 0 };

  // `track`: none where nobody is heard. `reach`: the servers that help two ends to meet.
  constructor(track, reach) {
    super();
    this.#pc = new RTCPeerConnection(reach);
    this.#channel = this.#pc.createDataChannel("chat", { ordered: true });
    const direction = track ? "sendrecv" : "recvonly";
    this.#sender = this.#pc.addTransceiver(track ?? "audio", { direction }).sender;
    this.#pc.addEventListener("track", ({ track }) => this.#tell("voice", new MediaStream([track])));
    this.#pc.addEventListener("icecandidate", (event) => this.#add(event.candidate));
    this.#pc.addEventListener("connectionstatechange", () => this.#moved());
    this.#channel.addEventListener("open", () => this.#opened());
    this.#channel.addEventListener("message", (event) => this.#received(event.data));
    this.#channel.addEventListener("close", () => this.#end("lost"));
  }

  // Raises what the server answered where it takes no call.
  async begin(agentId) {
    try {
      await this.#agree({ agent_id: agentId });
      if (this.#pc.connectionState !== "connected") this.#lookFor();
    } catch (error) {
      if (this.#isOver) return;
      this.#isOver = true;
      this.#pc.close();
      throw error;
    }
  }

  // Another microphone, or none.
  async hear(track) {
    await this.#sender.replaceTrack(track);
  }

  write(text) {
    this.#send("send-text", { content: text, options: { run_immediately: true } });
  }

  hangUp() {
    this.#send("disconnect-bot");
    const farewellMs = this.#channel.readyState === "open" ? FAREWELL_MS : 0;
    this.#timers.push(setTimeout(() => this.#end(null), farewellMs));
  }

  // How late sound arrives here, in seconds: there, back, and since the last time that somebody asked
  // through the buffer that smooths it.
  async delayS() {
    let delay = 0;
    for (const report of (await this.#pc.getStats()).values()) {
      if (report.type === "candidate-pair" && report.nominated) delay += report.currentRoundTripTime ?? 0;
      if (report.type === "inbound-rtp" && report.kind === "audio") delay += this.#smoothedS(report);
    }
    return delay;
  }

  #smoothedS({ jitterBufferDelay: sum = 0, jitterBufferEmittedCount: count = 0 }) {
    const before = this.#smoothed;
    this.#smoothed = { sum, count };
    return count > before.count ? (sum - before.sum) / (count - before.count) : 0;
  }

  #opened() {
    this.#send("client-ready", { version: "2.1.0", about: { library: "parley-talk" } });
    this.#timers.push(setInterval(() => this.#sendText(`ping: ${Date.now()}`), PING_MS));
  }

  #received(data) {
    const message = JSON.parse(data);
    if (message.type === "signalling" && message.message?.type === "peerLeft") this.#end(null);
    else if (message.label === LABEL) this.#tell("message", message);
  }

  #send(type, data = {}) {
    this.#sendText(JSON.stringify({ label: LABEL, type, id: String(++this.#sent), data }));
  }

  #sendText(text) {
    if (this.#channel.readyState === "open") this.#channel.send(text);
  }

  async #agree(whom, options) {
    this.#isAgreed = false;
    await this.#pc.setLocalDescription(await this.#pc.createOffer(options));
    const { sdp, type } = this.#pc.localDescription;
    const answer = await api.offer({ sdp, type, ...whom });
    if (this.#isOver) return;
    this.#id = answer.pc_id;
    await this.#pc.setRemoteDescription({ type: answer.type, sdp: answer.sdp });
    this.#isAgreed = true;
    this.#sendCandidates();
  }

  #add(candidate) {
    this.#found.push({
      candidate: candidate?.candidate ?? "",
      sdp_mid: candidate?.sdpMid ?? null,
      sdp_mline_index: candidate?.sdpMLineIndex ?? null,
    });
    this.#sendCandidates();
  }

  // A candidate that does not arrive is one way less to meet; the call may find another.
  #sendCandidates() {
    if (!this.#isAgreed || this.#isOver || !this.#found.length) return;
    api.addCandidates({ pc_id: this.#id, candidates: this.#found.splice(0) }).catch(() => {});
  }

  // The network may have changed: the same call is looked for at other addresses.
  #moved() {
    const state = this.#pc.connectionState;
    if (state === "connected") {
      clearTimeout(this.#lostTimer);
      this.#lostTimer = null;
      this.#tell("wavers", false);
    } else if ((state === "disconnected" || state === "failed") && !this.#lostTimer) {
      this.#lookFor();
      this.#tell("wavers", true);
      this.#agree({ pc_id: this.#id }, { iceRestart: true }).catch(() => this.#end("lost"));
    }
  }

  #lookFor() {
    this.#lostTimer = setTimeout(() => this.#end("lost"), LOST_MS);
  }

  #end(why) {
    if (this.#isOver) return;
    this.#isOver = true;
    [this.#lostTimer, ...this.#timers].forEach(clearTimeout);
    this.#pc.close();
    this.#tell("over", why);
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
