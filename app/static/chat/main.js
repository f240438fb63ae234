/** The chat page: reads what the server put in the page, opens the session, ties the parts together. */

import { createAnnouncer } from "./announce.js";
import { ApiError, createApi } from "./api.js";
import { createComposer } from "./composer.js";
import { createConversation } from "./conversation.js";
import { el, touch } from "./dom.js";
import { ending } from "./endings.js";
import { createEntrance } from "./entrance.js";
import { createMessages } from "./messages.js";
import { createOutbox } from "./outbox.js";
import { createScroll, fitKeyboard } from "./scroll.js";
import { createStrip, endPanel } from "./status.js";
import { claim, createStore, openChannel } from "./store.js";
import { createUploads } from "./uploads.js";
import { T, explain, speak } from "./words.js";

const boot = JSON.parse(document.getElementById("boot").textContent);
const part = (id) => document.getElementById(id);
const artisan = boot.artisan_name || boot.title;
const log = part("log");
const list = part("messages");
const composerForm = part("composer");
const panel = part("panel");
const note = part("note");

/** A UUID, also where `crypto.randomUUID` is missing (pages not served over https). */
function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 15) | 64;
  bytes[8] = (bytes[8] & 63) | 128;
  return [...bytes].map((byte, index) => ([4, 6, 8, 10].includes(index) ? "-" : "") + byte.toString(16).padStart(2, "0")).join("");
}

const embedded = boot.mode === "embed";
// Messages that a site's page gave: client id → its own name for it.
const asked = new Map();
// The conversation is closed by something that may be mended while the page is open.
let mended = false;
let closedFor = null;

fitKeyboard();
await speak();
const { say, reply: sayReply, restart: sayAgain } = createAnnouncer(part("live"));
const api = createApi(boot.api);
const entrance = await createEntrance(boot, api);
const store = createStore(entrance.name);
const tabs = openChannel(boot.store);
const strip = createStrip({ strip: part("strip"), subtitle: part("subtitle"), say });
const scroll = createScroll(log, part("content"), part("latest"));

const conversation = createConversation({
  entrance,
  api,
  store,
  tabs,
  onChange: render,
  onReply: hear,
  onNews(message) {
    say(`${message.sender === "artisan" ? T.person(artisan) : T.system}${message.content}`);
    entrance.tell("received", { message });
  },
  onLink: strip.link,
  onEnd: end,
  onCode: askCode,
  onStanding: () => mended && reopen(),
});

const uploads = createUploads({
  api,
  store,
  limits: conversation.limits,
  used: () => conversation.messages.reduce((sum, { sender, files }) => sum + (sender === "visitor" ? (files?.length ?? 0) : 0), 0),
  newId,
  ready: conversation.whenOpen,
  onChange(attachment) {
    conversation.remember();
    composer.show(attachment);
    if (attachment.message) render();
    if (attachment.tag) tellUpload(attachment);
  },
  onRefused(sentence, error, tag, code = "file_refused") {
    composer.problem(sentence);
    if (tag) entrance.tell("upload:error", { id: tag, code: error?.code || code, message: sentence });
    if (error && ending(error)) end(error);
  },
});

const outbox = createOutbox({
  api,
  store,
  uploads,
  lock: `${boot.store}:outbox`,
  context: entrance.context,
  onChange: render,
  onSent(entry, data, files) {
    strip.link(true);
    strip.countdown(0);
    conversation.sent(entry, data, files);
    say(T.sent);
    entrance.tell("sent", { message: { id: data.user_message_id, content: entry.content, created_at: entry.created_at } });
    answer(entry, { ok: true, message_id: data.user_message_id });
  },
  onRefused(error, entry) {
    answer(entry, { ok: false, code: error.code, message: explain(error) });
    if (ending(error)) end(error);
    else {
      say(`${T.notSent}. ${explain(error)}`);
      entrance.tell("error", { code: error.code, message: explain(error) });
    }
  },
  onDelay(seconds) {
    if (seconds) strip.countdown(seconds);
    else strip.link(false);
  },
  onStale: conversation.refresh,
});

const composer = createComposer({
  form: composerForm,
  limits: conversation.limits,
  uploads,
  say,
  onSend: write,
  onDraft(text) {
    conversation.remember();
    if (text) store.put("draft", text);
    else store.remove("draft");
  },
});

/** Puts the focus where one goes on: the field, or the title where a keyboard would open over the page. */
const settle = () => (touch() ? part("title") : part("text")).focus({ preventScroll: true });

/** A message leaves; answers its client id. */
function write(content) {
  const id = newId();
  conversation.remember();
  outbox.add(id, content, uploads.bind(id));
  scroll.toEnd();
  return id;
}

/** Tells a site's page what became of the message it gave. */
function answer({ client_message_id: key }, outcome) {
  if (asked.has(key)) entrance.tell("result", { id: asked.get(key), ...outcome });
  asked.delete(key);
}

/** Tells a site's page how far the file is that it gave. */
function tellUpload({ tag, state, progress, id, name, mime_type, size, key, addresses }) {
  if (!uploads.get(key)) return;
  if (state === "ready") entrance.tell("upload:done", { id: tag, file: { id, name, mime_type, size, ...addresses } });
  else entrance.tell("upload:progress", { id: tag, percent: Math.round(progress * 100) });
}

/** Runs an act of the visitor; a refusal is told in plain words, a fatal one ends the conversation. */
async function attempt(act) {
  try {
    await act();
  } catch (error) {
    if (ending(error)) end(error);
    else composer.problem(explain(error));
  }
}

/** Fetches a part that most visits begin without: the module that `load` answers, once its style sheet is there. */
async function fetchPart(load, style) {
  const id = `css-${style}`;
  const sheet = (onload, onerror) => document.head.append(el("link", { id, rel: "stylesheet", href: boot.styles[style], onload, onerror }));
  try {
    const [module] = await Promise.all([load(), part(id) || new Promise(sheet)]);
    return module;
  } catch {
    part(id)?.remove();
    throw new ApiError("network", "");
  }
}

/** Opens such a part; a missing network is told. */
const onDemand = (load, act) => attempt(async () => act(await fetchPart(load, "sheets")));

const menu = (act) => onDemand(() => import("./menu.js"), ({ createMenu }) => act(createMenu({ boot, artisan, conversation, say, attempt, onErased: erased, log })));
const pages = (act) => onDemand(() => import("./pages.js"), act);

const file = (id) => conversation.messages.flatMap(({ files }) => files || []).find((known) => known.id === id);

async function fresh(id) {
  await conversation.refresh();
  return file(id);
}

const messages = createMessages(list, {
  artisan,
  phone: boot.artisan_phone,
  signature: boot.signature,
  attachment: (key) => uploads.get(key),
  file,
  fresh,
  openPhoto: (images, index) => onDemand(() => import("./viewer.js"), ({ openViewer }) => openViewer(images, index, fresh)),
  redraw: render,
  fetchCard: () => fetchPart(() => import("./quote.js"), "quote"),
  onAsk: () => composer.ask(),
  onAgree: (quote, button) =>
    attempt(async () => {
      button.setAttribute("aria-disabled", "true");
      try {
        await conversation.agree(quote);
      } finally {
        button.removeAttribute("aria-disabled");
      }
    }),
  onEmail: () => menu(({ email }) => email()),
  onRate: (message, rating) =>
    attempt(async () => {
      await conversation.rate(message, rating);
      if (rating) say(T.thanks);
    }),
  onRetry: (message) => attempt(() => conversation.retry(message)),
  onResend: (entry) => outbox.retry(entry),
  onDiscard: (entry) => outbox.discard(entry),
});

function render() {
  messages.render(conversation.messages, outbox.entries);
  const resting = { completed: T.finished, expired: T.paused }[conversation.status];
  note.hidden = !resting;
  note.textContent = resting || "";
  part("stop").hidden = !conversation.running().length;
  log.setAttribute("aria-busy", String(!conversation.live && panel.hidden && !embedded));
  if (conversation.live) part("skeleton").hidden = true;
}

/** One step of a reply being written (see stream.js). */
function hear(message, event) {
  const heard = messages.live.get(message.id) || { text: "", label: null };
  if (event.name === "text") {
    messages.live.set(message.id, { text: event.text, label: null });
    sayReply(event.text, false);
  } else if (event.name === "tool") {
    messages.live.set(message.id, { ...heard, label: event.label });
    say(event.label);
  } else if (event.name === "restart") {
    messages.live.set(message.id, { text: "", label: null });
    sayAgain();
    say(T.replyRestarts);
  } else if (event.name === "done") {
    sayReply(event.message.content, true);
    entrance.tell("received", { message: event.message });
  } else {
    if (ending(event.error)) end(event.error);
    say(T.replyFailed);
    entrance.tell("error", { code: event.error.code, message: T.replyFailed });
  }
  messages.progress(message);
  scroll.follow(() => messages.node(message.id));
}

/** Nothing more can be written: the panel takes the composer's place, what was said stays readable unless it was erased. */
function end(error) {
  const words = ending(error, embedded) || (conversation.live ? null : { title: T.unavailable, text: explain(error), again: true });
  if (!words || closedFor === (words.reason || error.code) || !part("page").hidden) return;
  closedFor = words.reason || error.code;
  const writing = composerForm.contains(document.activeElement);
  if (words.reason === "deleted") conversation.forget();
  // Where only time is needed, the artisan's own messages still arrive.
  conversation.live &&= words.again;
  mended = conversation.live && ["suspended", "deactivated"].includes(words.reason);
  part("skeleton").hidden = true;
  composerForm.hidden = true;
  part("stop").hidden = true;
  log.classList.add("ended");
  log.setAttribute("aria-busy", "false");
  endPanel(panel, words, boot.artisan_phone, () => (embedded ? reopen(words.anew) : window.location.reload()));
  if (writing) panel.querySelector("h2").focus();
  say(`${words.title}. ${words.text}`);
  if (words.reason) entrance.tell("closed", { reason: words.reason, message: `${words.title}. ${words.text}` });
  else entrance.tell("error", { code: error.code, message: words.text });
}

/** The conversation goes on after an ending that was mended; `anew`, another one begins. */
async function reopen(anew = false) {
  const focused = panel.contains(document.activeElement) || part("page").contains(document.activeElement);
  mended = false;
  closedFor = null;
  panel.hidden = true;
  log.classList.remove("ended");
  if (anew) {
    await conversation.forget();
    entrance.anew();
  }
  await (conversation.live ? conversation.refresh() : conversation.again());
  if (closedFor) return;
  setAside(false);
  part("subtitle").hidden = false;
  say(T.online);
  outbox.flush();
  if (focused) settle();
}

/** Puts a whole page in the conversation's place, or gives the conversation back. */
function setAside(aside) {
  part("content").hidden = aside;
  part("page").hidden = !aside;
  composerForm.hidden = aside;
  part("menu").hidden = aside;
  part("notice").hidden = aside;
  if (!aside) return;
  panel.hidden = true;
  part("stop").hidden = true;
}

function erased() {
  setAside(true);
  entrance.tell("closed", { reason: "deleted", message: "" });
  pages(({ farewell }) => farewell(part("page"), boot.artisan_phone, embedded ? () => reopen(true) : null));
}

function askCode(hint) {
  async function confirm(code) {
    await conversation.confirm(code);
    setAside(false);
    outbox.flush();
    say(T.online);
  }
  setAside(true);
  pages(({ codePage }) => codePage(part("page"), hint, boot.artisan_phone, { say, confirm, resend: conversation.resendCode }));
}

part("menu").addEventListener("click", () => menu(({ open }) => open()));
part("stop").addEventListener("click", () => {
  part("stop").hidden = true;
  settle();
  attempt(conversation.stopReplies);
});
window.addEventListener("online", render);
window.addEventListener("offline", render);
document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && conversation.refresh());
tabs.addEventListener("message", ({ data }) => (api.session && data === api.session.id ? erased() : conversation.refresh()));
part("minimise")?.addEventListener("click", () => entrance.tell("close"));
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !event.isComposing && !event.defaultPrevented && part("minimise") && !document.querySelector("dialog[open]")) entrance.tell("close");
});
composerForm.addEventListener("focusin", entrance.ask);
entrance.hear({
  send(id, text) {
    if (!text || text.length > conversation.limits.message_chars) return entrance.tell("result", { id, ok: false, code: text ? "message_too_long" : "message_empty" });
    return asked.set(write(text), id);
  },
  upload: (id, file) => uploads.add([file], id),
  replaced: () => reopen(true),
  shown(open) {
    if (!open) return;
    conversation.refresh();
    if (panel.hidden && part("page").hidden) settle();
  },
});
if (embedded) {
  const heights = () => [".top", "#content", ".bottom"].reduce((sum, name) => sum + document.querySelector(name).offsetHeight, 0);
  new ResizeObserver(() => entrance.tell("height", { px: heights() })).observe(part("content"));
  conversation.start(null);
}

const kept = await store.load();
const unsent = (prefix) => [...kept].filter(([key]) => key.startsWith(prefix)).map(([, value]) => value);
// A first visit goes straight to the welcome; a return, or a slow network, shows that something is coming.
if (kept.get("session")) part("skeleton").hidden = false;
const late = setTimeout(() => (part("skeleton").hidden = conversation.live || !panel.hidden), 600);
uploads.restore(unsent("file:"), false);
outbox.restore(unsent("out:"));
claim(`${boot.store}:draft`, async () => {
  const now = await store.load();
  if (!composer.isEmpty()) return;
  composer.restore(now.get("draft") || "");
  uploads.restore([...now].filter(([key]) => key.startsWith("file:")).map(([, value]) => value), true);
});
if (!embedded) conversation.start(kept.get("session"));
conversation.whenOpen().then(() => {
  clearTimeout(late);
  render();
  scroll.toEnd();
  outbox.flush();
  // A frame takes the focus only when its visitor opens it: the page around it is his.
  if (!touch() && !embedded) composer.focus();
});
