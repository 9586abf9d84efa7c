// What can go wrong, in words for whoever wanted to talk, and what to do about it.

import { Refused, Unreachable } from "./api.js";

const SENTENCES = {
  "token-refused": "This token is not accepted. It may have been replaced since; ./parley tokens renew-admin makes another.",
  "not-permitted": "This token may not do that: it needs the scopes read and call.",
  "server-gone": "Parley does not answer. It may have been stopped, or the network is away.",
  "no-agents": "There is no agent to talk with. Make one with POST /bot/api/agents.",
  "microphone-denied": "This browser does not let the page use the microphone. You can still write; to speak, allow it in the address bar and call again.",
  "no-microphone": "No microphone was found. You can still write.",
  insecure: "Browsers give pages a microphone over https:// or on localhost only. You can still write; to speak, open this page on the machine that runs Parley, or put TLS before it.",
  "call-lost": "The connection was lost.",
  silent: "This browser plays no sound before somebody presses something.",
};

export function problemOf(error) {
  if (error instanceof Unreachable) return problem("server-gone");
  if (!(error instanceof Refused)) {
    return { code: "call-failed", sentence: `This browser could not make the call: ${error.message}` };
  }
  if (error.status === 401) return problem("token-refused");
  if (error.status === 403) return problem("not-permitted");
  return { code: "call-refused", sentence: `No call now: ${error.message}.`.replace(/\.\.$/, ".") };
}

export const problem = (code) => ({ code, sentence: SENTENCES[code] });

const ENDS = {
  hung_up: "You hung up.",
  silence: "Nobody said anything for a while, and the agent hung up.",
  shutdown: "Parley is being stopped.",
  ended_by_user: "Somebody ended it.",
  transferred: "The agent handed the call over.",
};

export const sentenceOfEnd = (reason) => ENDS[reason] ?? `The agent hung up${reason ? ` (${reason})` : ""}.`;
