// The Talk page: what can be done when, and who is told of what.

import { Agents } from "./agents.js";
import * as api from "./api.js";
import { Call } from "./call.js";
import * as credentials from "./credentials.js";
import { Devices, NoMicrophone } from "./devices.js";
import { byId, make } from "./dom.js";
import { Latency } from "./latency.js";
import { Meter } from "./meter.js";
import { problem, problemOf, sentenceOfEnd } from "./problems.js";
import { Replay } from "./replay.js";
import { Transcript } from "./transcript.js";

const STATES = {
  loading: "Looking for agents…",
  "signed-out": "Not signed in",
  idle: "Ready when you are",
  connecting: "Connecting…",
  listening: "Listening",
  thinking: "Thinking…",
  speaking: "Speaking",
};
const MOVES = {
  "bot-llm-started": "thinking",
  "bot-started-speaking": "speaking",
  "bot-stopped-speaking": "listening",
  "bot-llm-stopped": "listening",
};
const IN_CALL = new Set(["connecting", "listening", "thinking", "speaking"]);

const voice = byId("voice");
const devices = new Devices(byId("microphone"), byId("speaker"), voice);
const meter = new Meter(byId("level"));
const transcript = new Transcript(byId("transcript"));
const latency = new Latency(byId("times"), byId("latency"));
const agents = new Agents();
const replay = new Replay();

let attempt = 0; // of those to call, the one that counts
let call = null;
let callId = null;
let microphone = null;
let endedBecause = "";

const state = () => document.body.dataset.state;

function show(next, words = STATES[next]) {
  document.body.dataset.state = next;
  byId("state").textContent = words;
  const inCall = IN_CALL.has(next);
  const talks = inCall && next !== "connecting";
  byId("talk").textContent = inCall ? "Hang up" : "Talk";
  byId("talk").disabled = !inCall && !agents.chosen;
  byId("mute").disabled = !microphone;
  byId("message").disabled = byId("write").querySelector("button").disabled = !talks;
  byId("sign-in").hidden = next !== "signed-out";
  byId("desk").hidden = next === "signed-out" || next === "loading";
  byId("forget").hidden = next === "signed-out" || !credentials.kept();
  agents.isLocked = inCall;
}

// `again`: what may help.
function complain({ code, sentence }, again) {
  document.body.dataset.problem = code;
  const parts = [make("p", {}, sentence)];
  if (again) {
    const button = make("button", { type: "button" }, "Try again");
    button.addEventListener("click", () => {
      byId("talk").focus();
      again();
    });
    parts.push(button);
  }
  byId("problem").replaceChildren(...parts);
}

function forgive() {
  delete document.body.dataset.problem;
  byId("problem").replaceChildren();
}

async function load() {
  forgive();
  show("loading");
  try {
    agents.show(await api.agents());
  } catch (error) {
    return failToLoad(problemOf(error));
  }
  show("idle", agents.chosen ? STATES.idle : "Nobody is there to talk with");
  if (!agents.chosen) complain(problem("no-agents"), load);
  else if (!isSecureContext) complain(problem("insecure"));
  byId("talk").focus();
  return undefined;
}

function failToLoad(trouble) {
  if (trouble.code === "server-gone") return complain(trouble, load);
  if (trouble.code === "token-refused" && !credentials.kept()) forgive();
  else complain(trouble);
  credentials.forget();
  show("signed-out");
  return byId("token").focus();
}

async function begin() {
  forgive();
  replay.hide();
  transcript.clear();
  latency.clear();
  byId("conversation").hidden = false;
  callId = null;
  endedBecause = "";
  show("connecting");
  mute(false);
  const mine = ++attempt;
  await openMicrophone();
  if (mine !== attempt && state() !== "connecting") closeMicrophone();
  try {
    const reach = await api.iceServers();
    if (mine === attempt) await ring(new Call(microphone?.getAudioTracks()[0], reach));
  } catch (error) {
    if (mine === attempt) refused(error);
  }
}

async function ring(mine) {
  call = mine;
  for (const [name, listen] of Object.entries({ message: told, voice: hear, wavers, over })) {
    mine.addEventListener(name, ({ detail }) => call === mine && listen(detail));
  }
  await mine.begin(agents.chosen);
}

async function openMicrophone() {
  try {
    microphone = await devices.open();
    meter.show(microphone);
  } catch (error) {
    if (!(error instanceof NoMicrophone)) throw error;
    microphone = null;
    complain(problem(error.message));
  }
  mute(isMuted());
}

function closeMicrophone() {
  meter.hide();
  devices.close();
  microphone = null;
}

function refused(error) {
  closeMicrophone();
  call = null;
  const trouble = problemOf(error);
  if (trouble.code === "token-refused") return failToLoad(trouble);
  complain(trouble, begin);
  return show("ended", "There was no call.");
}

function hear(stream) {
  voice.srcObject = stream;
  voice.play().catch(() => complain(problem("silent"), () => voice.play().then(forgive)));
}

function wavers(isLooking) {
  show(state(), isLooking ? "Reconnecting…" : undefined);
}

async function told(message) {
  const { type, data } = message;
  if (MOVES[type]) show(MOVES[type]);
  transcript.told(message);
  switch (type === "server-message" ? data.type : type) {
    case "bot-ready":
      return show("listening");
    case "call-started":
      return (callId = data.call_id);
    case "call-ended":
      return (endedBecause = data.reason);
    case "metrics":
      return latency.told(data, await call.delayS());
    case "error":
      return complain({ code: "call-failed", sentence: data.error }, data.fatal ? begin : undefined);
    default:
      return undefined;
  }
}

async function over(why) {
  closeMicrophone();
  call = null;
  transcript.over();
  voice.srcObject = null;
  const isLost = why === "lost" && !endedBecause;
  if (isLost) complain(problem("call-lost"), begin);
  const hasFailed = isLost || document.body.dataset.problem === "call-failed";
  show("ended", hasFailed ? "The call is over." : `The call is over. ${sentenceOfEnd(endedBecause)}`);
  await showReplay();
}

async function showReplay() {
  try {
    if (callId) await replay.show(callId);
  } catch (error) {
    complain(problemOf(error), () => {
      forgive();
      showReplay();
    });
  }
}

function hangUp() {
  attempt++;
  endedBecause ||= "hung_up";
  if (call) return call.hangUp();
  closeMicrophone();
  return show("idle");
}

const isMuted = () => byId("mute").getAttribute("aria-pressed") === "true";

function mute(wanted) {
  byId("mute").setAttribute("aria-pressed", String(wanted));
  microphone?.getAudioTracks().forEach((track) => (track.enabled = !wanted));
}

byId("talk").addEventListener("click", () => (IN_CALL.has(state()) ? hangUp() : begin()));
byId("mute").addEventListener("click", () => mute(!isMuted()));

byId("write").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = byId("message").value.trim();
  if (text && call) call.write(text);
  byId("message").value = "";
});

byId("sign-in").addEventListener("submit", (event) => {
  event.preventDefault();
  credentials.keep(byId("token").value.trim(), byId("keep").checked);
  byId("token").value = "";
  load();
});

byId("forget").addEventListener("click", () => {
  if (call) hangUp();
  credentials.forget();
  location.reload();
});

devices.addEventListener("microphone", async () => {
  if (!call) return;
  await openMicrophone();
  await call.hear(microphone?.getAudioTracks()[0] ?? null);
});

addEventListener("pagehide", () => call?.hangUp());
addEventListener("hashchange", () => {
  credentials.takeFromAddress();
  if (!call) load();
});

credentials.takeFromAddress();
load();
