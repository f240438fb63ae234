/** The conversation as the server tells it: its session, its messages, the replies being written. */

import { backoff, online, pause } from "./api.js";
import { follow } from "./stream.js";

const RUNNING = new Set(["queued", "processing"]);

/** How often a shown page asks for news (the artisan may write at any time): soon after activity, then rarely. */
const NEWS_SOON = 10000;
const NEWS_LATER = 30000;
const LIVELY = 180000;

/** How often a shown page asks whether it is still welcome: what closes it is known within five seconds. */
const STANDING = 4000;

const LIMITS = { message_chars: 4000, files: 10, file_bytes: 10485760 };

/**
 * `onChange()` when messages or the session changed; `onReply(message, event)` for each step of a reply (stream.js);
 * `onNews(message)` when the artisan or the system wrote; `onLink(up)` when the connection is lost or found;
 * `onEnd(error)` when the server closes the conversation for good;
 * `onCode(hint)` when this device must be confirmed.
 * `onStanding()` each time the server says that it is open.
 * `entrance` is where a session comes from: `enter(resume)` answers its payload, `keeps` tells whether this page remembers
 * its secret (else nothing renews it), `watched()` whether the page can be seen.
 */
export function createConversation({ entrance, api, store, tabs, onChange, onReply, onNews, onLink, onEnd, onCode, onStanding }) {
  const conversation = { messages: [], status: "", limits: { ...LIMITS }, live: false };
  const followed = new Map();
  let kept = null;
  let used = false;
  let opened;
  let activeAt = Date.now();
  let asking = null;
  // Counts what this page learnt by itself: an answer asked for before that is out of date.
  let learnt = 0;
  // Whether the messages were read once: what comes after is news.
  let read = false;
  const whenOpen = new Promise((resolve) => {
    opened = resolve;
  });

  const find = (id) => conversation.messages.find((message) => message.id === id);

  function upsert(message) {
    learnt += 1;
    const index = conversation.messages.findIndex(({ id }) => id === message.id);
    if (index < 0) conversation.messages.push(message);
    else conversation.messages[index] = message;
  }

  /** Listens to every reply being written, once each. */
  function attend() {
    for (const message of conversation.messages) {
      if (message.sender !== "agent" || !RUNNING.has(message.status) || followed.has(message.id)) continue;
      followed.set(message.id, follow(api, message.id, (event) => hear(message.id, event)));
    }
  }

  function hear(id, event) {
    if (event.name === "link") return onLink(event.up);
    if (event.name === "done") upsert(event.message);
    if (event.name === "error") upsert({ ...find(id), id, status: "failed" });
    if (!find(id)) return;
    onReply(find(id), event);
    if (event.name !== "done" && event.name !== "error") return;
    followed.delete(id);
    activeAt = Date.now();
    onChange();
  }

  function replace(data) {
    const known = new Set(conversation.messages.map(({ id }) => id));
    const places = new Map(conversation.messages.map(({ id, position }) => [id, position]));
    conversation.messages = data.messages.map((message) => ({ position: places.get(message.id), ...message }));
    conversation.status = data.status ?? data.session?.status ?? conversation.status;
    attend();
    onChange();
    if (read) conversation.messages.filter(({ id, sender }) => !known.has(id) && (sender === "artisan" || sender === "system")).forEach(onNews);
    read = true;
  }

  function accept(data) {
    api.session = { id: data.session_id, token: data.session_token };
    Object.assign(conversation.limits, data.limits);
    if (used) remember();
  }

  const credentials = () => (api.session ? { session_id: api.session.id, session_token: api.session.token } : kept);

  /** Opens the session; a resumption that is no longer valid starts from the link alone. */
  async function obtain() {
    const resume = credentials();
    try {
      return await entrance.enter(resume);
    } catch (error) {
      if (!resume || error.status !== 401) throw error;
      return entrance.enter(null);
    }
  }

  async function enter(data) {
    accept(data);
    if (data.needs_code) return onCode(data.email_hint);
    // A site's page hands over the session alone; what was said in it is ours to read.
    const whole = data.messages ? data : data.resumed ? await api.own("GET", "messages") : { messages: [] };
    conversation.live = true;
    replace(whole);
    opened();
  }

  /** Writes the session's secret on the device: from the visitor's first act on, never before. */
  function remember() {
    used = true;
    if (!entrance.keeps || !api.session || kept?.session_token === api.session.token) return;
    kept = { session_id: api.session.id, session_token: api.session.token };
    store.put("session", kept);
  }

  async function open(saved) {
    kept = saved;
    used = Boolean(saved);
    for (let attempt = 0; ; attempt += 1) {
      try {
        await enter(await obtain());
        onLink(true);
        return;
      } catch (error) {
        if (!error.passing) return onEnd(error);
        onLink(false);
        await pause(error.retryAfter ? error.retryAfter * 1000 : backoff(attempt));
      }
    }
  }

  api.renew = async () => {
    if (!entrance.keeps) return false;
    try {
      const data = await obtain();
      accept(data);
      if (data.needs_code) onCode(data.email_hint);
      return !data.needs_code;
    } catch {
      return false;
    }
  };

  /** Reads the messages again; calls made meanwhile share the same request. */
  function refresh() {
    if (!conversation.live) return Promise.resolve();
    const before = learnt;
    asking ||= api
      .own("GET", "messages")
      .then((data) => before === learnt && replace(data))
      .catch((error) => error.passing || onEnd(error))
      .finally(() => {
        asking = null;
        if (before !== learnt) refresh();
      });
    return asking;
  }

  const watched = () => document.visibilityState === "visible" && entrance.watched();

  async function news() {
    for (;;) {
      await pause(Date.now() - activeAt < LIVELY ? NEWS_SOON : NEWS_LATER);
      if (watched() && !followed.size) await refresh();
    }
  }

  /** Asks whether the conversation is still open, while the page is seen and no reply is being written. */
  async function stand() {
    let failures = 0;
    for (;;) {
      await pause(failures ? Math.max(STANDING, backoff(failures)) : STANDING);
      if (!conversation.live || !watched() || !online() || followed.size) continue;
      try {
        await api.own("GET", "state");
        failures = 0;
        onStanding();
      } catch (error) {
        if (error.passing) failures += 1;
        else if (conversation.live) onEnd(error);
      }
    }
  }

  /** The server took one of our messages: it and the reply to come enter the list. */
  function sent(entry, data, files) {
    activeAt = Date.now();
    upsert({
      id: data.user_message_id,
      sender: "visitor",
      content: entry.content,
      status: "completed",
      created_at: entry.created_at,
      client_message_id: entry.client_message_id,
      files,
    });
    if (!find(data.message_id)) {
      upsert({ id: data.message_id, sender: "agent", content: "", status: data.status, created_at: new Date().toISOString(), files: [], position: data.position });
    }
    conversation.status = "active";
    attend();
    onChange();
    tabs.postMessage("changed");
    // The server knew this message already, and has answered it.
    if (!RUNNING.has(data.status)) refresh();
  }

  /** An act on a message or on the session, shown at once everywhere it matters. */
  async function act(method, path, body) {
    activeAt = Date.now();
    const data = await api.call(method, path, body);
    tabs.postMessage("changed");
    return data;
  }

  const own = (verb, body) => act("POST", `/session/${api.session.id}/${verb}`, body);

  return Object.assign(conversation, {
    /** Opens the conversation and keeps it fresh. */
    start(saved) {
      news();
      stand();
      return open(saved);
    },

    /** Opens it again after an ending that could be mended. */
    again: () => open(kept),

    /** Nothing of it stays on this page, nor on this device. */
    forget() {
      for (const stop of followed.values()) stop();
      followed.clear();
      api.session = kept = null;
      Object.assign(conversation, { messages: [], status: "", live: false });
      read = false;
      onChange();
      return store.destroy();
    },

    whenOpen: () => whenOpen,
    remember,
    refresh,
    sent,
    running: () => conversation.messages.filter((message) => followed.has(message.id)),

    async rate(message, rating) {
      upsert({ ...message, rating: rating || null });
      onChange();
      await act("POST", `/message/${message.id}/rating`, { rating });
    },

    async stopReplies() {
      await Promise.all(conversation.running().map(({ id }) => act("POST", `/message/${id}/stop`)));
    },

    async retry(message) {
      const data = await act("POST", `/message/${message.id}/retry`);
      upsert({ ...message, id: data.message_id || message.id, status: data.status || "queued", content: "", position: data.position });
      attend();
      onChange();
    },

    async complete() {
      await own("complete");
      await refresh();
    },

    async agree(quote) {
      await own("accept", { pre_quote_id: quote.id });
      await refresh();
    },

    sendTranscript: (email) => own("transcript", { email }),
    askArtisan: () => own("contact"),

    async confirm(code) {
      const data = await own("code", { code });
      if (data?.session_token) api.session.token = data.session_token;
      if (used) remember();
      conversation.live = true;
      await refresh();
      opened();
    },

    resendCode: () => own("code", { resend: true }),

    async erase() {
      const { id } = api.session;
      await api.own("DELETE", "");
      await conversation.forget();
      tabs.postMessage(id);
    },
  });
}
