/** The list of messages: grouped, keyed, redrawn only where something changed. */

import { online } from "./api.js";
import { el, icon, spoken } from "./dom.js";
import { drawMarkdown } from "./markdown.js";
import { photoGrid } from "./photos.js";
import { T, explain, moment, sameDay, spaced, time } from "./words.js";

const RUNNING = new Set(["queued", "processing"]);
const SAME_GROUP = 5 * 60000;
const NEW_MOMENT = 30 * 60000;

const gap = (a, b) => new Date(b.created_at) - new Date(a.created_at);

/** Server messages, then what has not left yet, as one list. */
function merge(messages, entries, attachment) {
  const taken = new Set(messages.map(({ client_message_id }) => client_message_id));
  const waiting = entries
    .filter(({ client_message_id }) => !taken.has(client_message_id))
    .map((entry) => ({
      ...entry,
      id: entry.client_message_id,
      sender: "visitor",
      entry,
      status: entry.state === "sending" && !online() ? "waiting" : entry.state,
      files: entry.files.map(attachment).filter(Boolean).map((kept) => ({ ...kept, id: kept.key, status: "ready", step: kept.state })),
    }));
  return [...messages, ...waiting];
}

/** What decides how an item is drawn; addresses are left out, since each answer signs them anew. */
function signature(item, place) {
  const { sender, content, status, rating, error, pre_quote: quote } = item;
  const files = (item.files || []).map((file) => [file.id, file.status, file.step, Boolean(file.preview || file.thumbnail_url || file.url)]);
  return JSON.stringify([sender, RUNNING.has(status) ? "" : content, status, rating, error?.code, files, quote?.id, quote?.version, quote?.accepted_at, place]);
}

/**
 * `context`: `{artisan, phone, signature, attachment(key), file(id), fresh(id), openPhoto(images, index), fetchCard(), redraw(), onAsk, onAgree, onEmail, onRate, onRetry,
 * onResend(entry), onDiscard(entry)}`.
 */
export function createMessages(list, context) {
  const drawn = new Map();
  // What this page heard of replies being written: id → {text, label}.
  const live = new Map();
  // Previews of photos sent from this page stay in use: no flicker, no second download.
  const previews = new Map();
  // The card is fetched with the first estimate; a fetch that fails is tried again at the next drawing.
  let quoteCard = null;
  let fetching = null;

  const prefix = ({ sender }) => ({ visitor: T.you, agent: T.assistant, artisan: T.person(context.artisan), system: T.system })[sender];

  function typing(item, bubble) {
    const { text = "", label } = live.get(item.id) || {};
    const before = item.status === "queued" && item.position > 1 ? T.queued(item.position - 1) : null;
    bubble.classList.toggle("typing", !text || Boolean(label));
    let box = bubble.querySelector(".words");
    if (!box) {
      box = el("div", { class: "words" });
      const dots = el("span", { class: "dots", "aria-hidden": "true" }, el("i"), el("i"), el("i"));
      bubble.replaceChildren(box, el("p", { class: "doing" }, dots, el("span", { class: "doing-label" })));
    }
    drawMarkdown(box, text);
    bubble.querySelector(".doing-label").textContent = label || before || T.typing;
  }

  function rating(item) {
    const button = (value, name, label) =>
      el(
        "button",
        {
          type: "button",
          class: "round rate",
          "aria-label": label,
          "aria-pressed": String(item.rating === value),
          "data-key": name,
          onclick: () => context.onRate(item, item.rating === value ? 0 : value),
        },
        icon(name),
      );
    return el("div", { class: "rating" }, button(1, "up", T.useful), button(-1, "down", T.useless));
  }

  const state = (name, ...words) => el("p", { class: `state ${name}` }, words);

  function delivery(item, place) {
    const { entry } = item;
    if (!entry) return place.lastSent ? state("sent", T.sent, icon("check")) : null;
    if (item.status === "failed") {
      return [
        state("failed", icon("alert"), el("span", {}, `${T.notSent}. ${explain(item.error)}`)),
        el(
          "div",
          { class: "state-actions" },
          el("button", { type: "button", class: "button", "data-key": "resend", onclick: () => context.onResend(entry) }, icon("retry"), T.retry),
          el("button", { type: "button", class: "button quiet", "data-key": "discard", onclick: () => context.onDiscard(entry) }, T.discard),
        ),
      ];
    }
    if (item.status === "sending") return state("sending", icon("clock"), T.sending);
    return state("waiting", icon("clock"), online() ? T.delayed : T.waiting);
  }

  function body(item, place) {
    if (item.sender === "visitor") {
      return [
        item.files?.length ? photoGrid(item.files, context) : null,
        item.content ? el("div", { class: "bubble" }, el("p", { class: "plain" }, spaced(item.content))) : null,
        delivery(item, place),
      ];
    }
    if (item.sender === "agent" && RUNNING.has(item.status)) {
      const bubble = el("div", { class: "bubble" });
      typing(item, bubble);
      return [bubble];
    }
    const words = el("div", { class: "words" });
    drawMarkdown(words, item.content || "");
    return [
      item.content ? el("div", { class: "bubble" }, item.sender === "artisan" && place.first ? el("p", { class: "author" }, context.artisan) : null, words) : null,
      item.files?.length ? photoGrid(item.files, context) : null,
      item.pre_quote && quoteCard ? quoteCard(item.pre_quote, place.latestQuote, item.created_at, context) : null,
      item.status === "cancelled" ? state("stopped", icon("stop"), T.stopped) : null,
      item.status === "failed"
        ? el(
            "div",
            { class: "bubble broken" },
            el("p", {}, icon("alert"), el("span", {}, T.replyFailed)),
            place.overtaken
              ? null
              : el("button", { type: "button", class: "button", "data-key": "retry", onclick: () => context.onRetry(item) }, icon("retry"), T.retry),
          )
        : null,
      item.sender === "agent" && item.status === "completed" && (place.lastReply || item.rating) ? rating(item) : null,
    ];
  }

  function fetchCard() {
    fetching ||= context.fetchCard().then(
      (module) => {
        quoteCard = module.quoteCard;
        context.redraw();
      },
      () => (fetching = null),
    );
  }

  function draw(item, place) {
    const classes = ["message", `from-${item.sender}`, place.first ? "first" : "", place.last ? "last" : ""].filter(Boolean).join(" ");
    const node = el(
      "li",
      { class: classes },
      place.moment ? el("p", { class: "moment" }, place.moment) : null,
      el("div", { class: "body" }, spoken(prefix(item)), body(item, place), el("time", { class: "time", datetime: item.created_at }, time(item.created_at))),
    );
    // The hour on demand: a tap on the bubble. The menu shows them all, for keyboards.
    node.querySelector(".bubble")?.addEventListener("click", (event) => event.target.closest("a, button") || node.classList.toggle("timed"));
    return node;
  }

  function replaceNode(old, node) {
    const focused = old.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    if (old.classList.contains("timed")) node.classList.add("timed");
    old.replaceWith(node);
    if (focused) node.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
  }

  return {
    live,

    /** Shows `text` and `label` of a reply being written; only its bubble changes. */
    progress(item) {
      const node = drawn.get(item.id)?.node;
      const bubble = node?.querySelector(".bubble");
      if (bubble) typing(item, bubble);
    },

    /** The node of a message, to scroll to. */
    node: (id) => drawn.get(id)?.node,

    render(messages, entries) {
      const items = merge(messages, entries, context.attachment);
      for (const { id, preview } of items.flatMap(({ files }) => files || [])) if (preview) previews.set(id, preview);
      const lastReply = items.findLastIndex(({ sender, status }) => sender === "agent" && status === "completed");
      const lastSent = items.findLastIndex(({ sender, entry }) => sender === "visitor" && !entry);
      const quotes = items.filter(({ pre_quote }) => pre_quote);
      const latest = quotes.at(-1);
      if (latest && !quoteCard) fetchCard();
      const seen = new Set();
      items.forEach((item, index) => {
        const before = items[index - 1];
        const after = items[index + 1];
        item.files?.forEach((file) => (file.preview ??= previews.get(file.id)));
        const place = {
          first: !before || before.sender !== item.sender || gap(before, item) > SAME_GROUP,
          last: !after || after.sender !== item.sender || gap(item, after) > SAME_GROUP,
          moment: (before ? gap(before, item) > NEW_MOMENT : !sameDay(item.created_at, new Date())) ? moment(item.created_at) : null,
          latestQuote: item === latest,
          card: Boolean(item.pre_quote && quoteCard),
          lastReply: index === lastReply,
          overtaken: index < lastReply, // a later answer heard this message too
          lastSent: index === lastSent && !items.slice(index + 1).some(({ sender }) => sender !== "visitor" && sender !== "agent"),
        };
        // One node per message for its whole life: the id it was written under, then the server's.
        const key = item.client_message_id || item.id;
        const print = signature(item, place);
        let known = drawn.get(key);
        if (!RUNNING.has(item.status)) live.delete(item.id);
        if (known?.print !== print) {
          const node = draw(item, place);
          if (known) replaceNode(known.node, node);
          known = { node, print };
          drawn.set(key, known);
        }
        seen.add(key);
        if (list.children[index] !== known.node) list.insertBefore(known.node, list.children[index] || null);
      });
      for (const [key, { node }] of drawn) {
        if (seen.has(key)) continue;
        node.remove();
        drawn.delete(key);
      }
    },
  };
}
