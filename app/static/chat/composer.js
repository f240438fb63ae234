/** Where one writes: a field that grows, photos to join, one message per press. */

import { el, icon, touch } from "./dom.js";
import { T, number } from "./words.js";
import { ACCEPT } from "./uploads.js";

const WARN_BELOW = 300;
const SAVE_AFTER = 400;

/**
 * `form` holds `#text`, `#attach`, `#files`, `#send`, `#tray`, `#problems`, `#count`. `onSend(text)` for each message,
 * `onDraft(text)` a little after each change.
 */
export function createComposer({ form, limits, uploads, say, onSend, onDraft }) {
  const part = (id) => form.querySelector(`#${id}`);
  const text = part("text");
  const send = part("send");
  const attach = part("attach");
  const tray = part("tray");
  const problems = part("problems");
  const count = part("count");
  const tiles = new Map();
  const usual = text.placeholder;
  let saving = null;

  function fit() {
    text.style.height = "auto";
    text.style.height = `${text.scrollHeight + 2}px`;
  }

  function refresh() {
    fit();
    const left = limits.message_chars - text.value.length;
    count.hidden = left > WARN_BELOW;
    count.textContent = left < 0 ? T.tooLong(-left) : T.charactersLeft(left);
    count.classList.toggle("excess", left < 0);
    text.setAttribute("aria-invalid", String(left < 0));
    send.classList.toggle("idle", !text.value.trim() && !uploads.tray().length);
  }

  function save() {
    clearTimeout(saving);
    saving = setTimeout(() => onDraft(text.value), SAVE_AFTER);
  }

  function submit() {
    const content = text.value.trim();
    if (!content && !uploads.tray().length) return text.focus();
    if (content.length > limits.message_chars) {
      say(count.textContent);
      return text.focus();
    }
    // Emptied at once: the second tap of a double tap finds nothing to send.
    text.value = "";
    text.placeholder = usual;
    problems.replaceChildren();
    clearTimeout(saving);
    onDraft("");
    onSend(content);
    refresh();
    return undefined;
  }

  function problem(sentence) {
    const line = el(
      "li",
      {},
      icon("alert"),
      el("span", {}, sentence),
      el(
        "button",
        {
          type: "button",
          class: "round",
          "aria-label": T.close,
          onclick: () => {
            line.remove();
            attach.focus();
          },
        },
        icon("close"),
      ),
    );
    problems.append(line);
    say(sentence);
  }

  const words = { waiting: T.photoWaiting, checking: T.photoChecking, ready: T.photoReady };

  /** Draws one attachment of the tray, or takes it away once it is sent, removed or refused. */
  function show(attachment) {
    const { key, name, state, progress, preview } = attachment;
    const gone = attachment.message || !uploads.get(key);
    let tile = tiles.get(key);
    if (gone) {
      tile?.remove();
      tiles.delete(key);
    } else if (!tile) {
      const remove = el(
        "button",
        {
          type: "button",
          class: "remove",
          "aria-label": T.photoRemove(name),
          onclick: () => {
            uploads.remove(key);
            attach.focus();
          },
        },
        icon("close"),
      );
      tile = el(
        "li",
        { class: "tile" },
        preview ? el("img", { src: preview, alt: "" }) : icon("file"),
        el("span", { class: "tile-name" }, name),
        el("progress", { max: "1", "aria-label": name }),
        el("span", { class: "tile-state" }),
        remove,
      );
      tiles.set(key, tile);
      tray.append(tile);
    }
    if (!gone) {
      tile.dataset.state = state;
      tile.querySelector("progress").value = progress;
      tile.querySelector(".tile-state").textContent = state === "uploading" ? T.photoUploading(number(Math.round(progress * 100))) : words[state];
    }
    tray.hidden = !tiles.size;
    refresh();
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    submit();
  });
  text.addEventListener("input", () => {
    refresh();
    save();
  });
  text.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || touch()) return;
    event.preventDefault();
    if (!event.repeat) submit();
  });
  // A tap on the arrow must not fold the keyboard of a visitor who goes on writing.
  send.addEventListener("pointerdown", (event) => document.activeElement === text && event.preventDefault());
  send.addEventListener("mousedown", (event) => event.preventDefault());

  const picker = part("files");
  picker.accept = ACCEPT;
  attach.addEventListener("click", () => picker.click());
  picker.addEventListener("change", () => {
    uploads.add([...picker.files]);
    picker.value = "";
  });
  text.addEventListener("paste", (event) => {
    const files = [...event.clipboardData.files];
    if (!files.length) return;
    event.preventDefault();
    uploads.add(files);
  });
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    if (!form.hidden) uploads.add([...event.dataTransfer.files]);
  });
  refresh();

  return {
    show,
    problem,
    focus: () => text.focus(),
    isEmpty: () => !text.value && !tiles.size,

    /** Puts back the draft of a closed page. */
    restore(draft) {
      if (text.value) return;
      text.value = draft;
      refresh();
    },

    /** Invites a question: the field says what about. */
    ask() {
      text.placeholder = T.question;
      fit();
      text.focus();
    },
  };
}
