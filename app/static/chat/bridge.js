/**
 * The page's side of the talk with a site's page around it (`postMessage`, version 1). The site's page opens the session, since
 * only its own requests carry its origin, and hands it over; what happens here is told back, and only to the origin that the frame
 * was made for. The browser already refused every other one (`frame-ancestors`).
 */

import { ApiError } from "./api.js";

const SOURCE = "ai-manager";
const VERSION = 1;
const THEMES = new Set(["auto", "light", "dark"]);

/** What a host's network failure is called: it will be tried again. */
const PASSING = new Set(["network", "unavailable", "server"]);

/** The origin in the frame's own address, or null when it is not one. */
function hostOrigin() {
  const given = new URLSearchParams(window.location.search).get("origin");
  try {
    return new URL(given).origin === given ? given : null;
  } catch {
    return null;
  }
}

/**
 * An entrance (conversation.js) with `tell(type, data)` and `hear(acts)`: what the site's page asks is handed to
 * `acts.send(id, text)`, `acts.upload(id, file)`, `acts.shown(open)`, `acts.replaced()`.
 */
export function createBridge() {
  const origin = hostOrigin();
  const framed = window.parent !== window && origin !== null;
  let acts = {};
  let context = null;
  let open = true;
  let handed = null;
  let denied = false;
  let waiting = null;
  let arrived;
  const arrival = new Promise((resolve) => (arrived = resolve));

  const tell = (type, data = {}) => framed && window.parent.postMessage({ source: SOURCE, v: VERSION, type, ...data }, origin);

  function dress(theme) {
    if (THEMES.has(theme)) document.documentElement.dataset.theme = theme;
  }

  const heard = {
    start(data) {
      const other = handed && handed.session_id !== data.session.session_id;
      handed = data.session;
      arrived();
      context = null;
      denied = false;
      dress(data.theme);
      waiting?.resolve();
      waiting = null;
      if (other) acts.replaced?.();
    },
    denied({ code, message }) {
      denied = true;
      waiting?.reject(new ApiError(code, String(message || ""), { status: PASSING.has(code) ? 503 : 403 }));
      waiting = null;
    },
    context: (data) => (context = { ...context, ...data.context }),
    theme: (data) => dress(data.theme),
    visible(data) {
      open = data.open !== false;
      acts.shown?.(open);
    },
    send: ({ id, text }) => typeof text === "string" && acts.send?.(id, text.trim()),
    upload({ id, file, name }) {
      if (!(file instanceof Blob)) return;
      const called = String(name || file.name || "document");
      acts.upload?.(id, file instanceof File && file.name === called ? file : new File([file], called, { type: file.type }));
    },
  };

  window.addEventListener("message", ({ source, origin: from, data }) => {
    if (source !== window.parent || from !== origin || data?.source !== SOURCE || data.v !== VERSION) return;
    if (Object.hasOwn(heard, data.type)) heard[data.type](data);
  });
  tell("ready");

  return {
    keeps: false,
    tell,
    hear: (given) => (acts = given),
    watched: () => open,

    /** What the site's page told since the session began, for the next message. */
    context: () => (context ? { context } : {}),

    /** The session that the site's page hands over; after a refusal it is asked again. */
    async enter() {
      if (!framed) throw new ApiError("domain_not_allowed", "", { status: 403 });
      if (!handed) {
        if (denied) tell("open");
        await new Promise((resolve, reject) => (waiting = { resolve, reject }));
      }
      tell("started", { session_id: handed.session_id, session_token: handed.session_token });
      return handed;
    },

    /** The visitor wants to write and no session was handed yet: a site's page may wait for this. */
    ask: () => waiting && tell("open"),

    /** Another conversation, in place of this one. */
    anew() {
      handed = null;
      tell("restart");
    },

    /** What this device keeps is kept under the session's own name, once it is known. */
    async name() {
      await arrival;
      return `conversation:${handed?.session_id}`;
    },
  };
}
