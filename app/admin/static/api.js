// Requests to the server that this page came from.

import { kept } from "./credentials.js";

export class Refused extends Error {
  constructor(status, code, message, retryAfterS) {
    super(message);
    Object.assign(this, { status, code, retryAfterS });
  }
}

export class Unreachable extends Error {}

async function send(method, path, body) {
  const token = kept();
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  if (body !== undefined) headers["Content-Type"] = "application/json";
  try {
    return await fetch(path, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: token ? "omit" : "same-origin",
    });
  } catch {
    throw new Unreachable();
  }
}

async function answered(method, path, body) {
  let answer = await send(method, path, body);
  if (answer.status === 401 && !kept()) {
    const renewed = await send("POST", "/bot/api/auth/refresh");
    if (renewed.ok) answer = await send(method, path, body);
  }
  if (answer.ok) return answer;
  const said = await answer.json().catch(() => ({}));
  const retryAfterS = Number(answer.headers.get("Retry-After")) || 0;
  throw new Refused(answer.status, said.code ?? "", said.error ?? answer.statusText, retryAfterS);
}

const json = async (...request) => (await answered(...request)).json();

export const agents = () => json("GET", "/bot/api/agents");
export const iceServers = () => json("GET", "/bot/api/ice-servers");
export const offer = (body) => json("POST", "/bot/api/offer", body);
export const addCandidates = (body) => json("PATCH", "/bot/api/offer", body);
export const call = (id) => json("GET", `/bot/api/calls/${id}`);
export const recording = async (path) => (await answered("GET", path)).blob();
