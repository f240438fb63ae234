/** Follows one reply to its end over server-sent events, through drops, sleeps and proxies that swallow streams. */

import { ApiError, backoff, pause } from "./api.js";

/** The server speaks at once, then at least every 15 s: longer silence is a dead or swallowed connection. */
const FIRST_BYTE = 6000;
const SILENCE = 25000;
const FINAL = new Set(["completed", "failed", "cancelled"]);

/** Reads an event stream; yields `{id, name, data}`. `alive` is called for every piece that arrives, comments included. */
async function* events(body, alive) {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let pending = "";
  let id = null;
  let name = "message";
  let data = [];
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    alive();
    const rows = (pending + decoder.decode(value, { stream: true })).split(/\r\n|\n|\r(?!$)/);
    pending = rows.pop();
    for (const row of rows) {
      if (row === "") {
        if (data.length) yield { id, name, data: JSON.parse(data.join("\n")) };
        name = "message";
        data = [];
        continue;
      }
      const colon = row.indexOf(":");
      const field = colon < 0 ? row : row.slice(0, colon);
      const content = colon < 0 ? "" : row.slice(colon + 1).replace(/^ /, "");
      if (field === "id") id = content;
      else if (field === "event") name = content;
      else if (field === "data") data.push(content);
    }
  }
}

/**
 * Follows reply `messageId`. `tell` receives:
 * `{name: "text", text}` (the whole text so far), `{name: "tool", label}`, `{name: "restart"}`, `{name: "done", message}`,
 * `{name: "error", error}` (the reply failed, or may no longer be read), `{name: "link", up}` (connection lost, found).
 * Answers a function that stops following.
 */
export function follow(api, messageId, tell) {
  let stopped = false;
  let controller = null;
  let lastId = null;
  let streamed = "";
  let polled = "";
  let heardAt = 0;

  const say = (event) => stopped || tell(event);
  // What was polled may be ahead of what was streamed: the longer of the two is the later.
  const text = () => (polled.length > streamed.length ? polled : streamed);

  function end(event) {
    say({ name: "link", up: true });
    say(event);
    stop();
  }

  function take({ id, name, data }) {
    if (id) lastId = id;
    if (name === "token") {
      streamed += data.text;
      say({ name: "text", text: text() });
    } else if (name === "restart") {
      streamed = polled = "";
      say({ name });
    } else if (name === "tool") say({ name, label: data.label });
    else if (name === "done") end({ name, message: data.message });
    else if (name === "error") end({ name, error: new ApiError(data.code, data.message, { status: 200 }) });
  }

  async function listen() {
    controller = new AbortController();
    const { signal } = controller;
    let timer = setTimeout(() => controller.abort(), FIRST_BYTE);
    const alive = () => {
      heardAt = Date.now();
      clearTimeout(timer);
      timer = setTimeout(() => controller.abort(), SILENCE);
      say({ name: "link", up: true });
    };
    try {
      const body = await api.stream(messageId, lastId, signal);
      for await (const event of events(body, alive)) {
        if (stopped) return;
        take(event);
      }
    } finally {
      clearTimeout(timer);
      controller.abort();
    }
  }

  async function poll() {
    const { status, content, message } = await api.call("GET", `/message/${messageId}/status`);
    say({ name: "link", up: true });
    if (FINAL.has(status)) end({ name: "done", message });
    else if (content) {
      polled = content;
      say({ name: "text", text: text() });
    }
  }

  async function run() {
    let failures = 0;
    while (!stopped) {
      const before = lastId;
      try {
        await listen();
      } catch (error) {
        if (error instanceof ApiError && !error.passing) return end({ name: "error", error });
      }
      if (stopped) return;
      failures = lastId === before ? failures + 1 : 0;
      try {
        await poll();
      } catch (error) {
        if (error.passing) say({ name: "link", up: false });
        else return end({ name: "error", error });
      }
      if (!stopped) await pause(Math.min(backoff(failures), 3000));
    }
  }

  /** A page that wakes up does not wait for the silence to be noticed. */
  function wake() {
    if (document.visibilityState === "visible" && Date.now() - heardAt > 5000) controller?.abort();
  }

  function stop() {
    stopped = true;
    controller?.abort();
    document.removeEventListener("visibilitychange", wake);
    window.removeEventListener("online", wake);
  }

  document.addEventListener("visibilitychange", wake);
  window.addEventListener("online", wake);
  run();
  return stop;
}
