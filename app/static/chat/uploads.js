/** Photos and documents: checked, made lighter, uploaded one after the other, kept until their message is sent. */

import { ApiError, backoff, pause } from "./api.js";
import { T, explain, size } from "./words.js";

const TYPES = new Set(["image/jpeg", "image/png", "image/webp", "application/pdf"]);

/** Some Android file pickers leave the type out. */
const BY_NAME = { jpg: "image/jpeg", jpeg: "image/jpeg", png: "image/png", webp: "image/webp", pdf: "application/pdf" };
const typed = (file) => (file.type ? file : new File([file], file.name, { type: BY_NAME[file.name.split(".").pop().toLowerCase()] || "" }));
export const ACCEPT = [...TYPES].join(",");

/** A photo heavier than this is redrawn at most `EDGE` pixels wide: seconds instead of minutes on a building site. */
const HEAVY = 1500000;
const EDGE = 2400;

/** How long a message waits for the server's check of its photos before it leaves with them unchecked. */
const CHECK_PATIENCE = 10000;

/** A site's page stands elsewhere: it needs the whole address. */
const whole = (path) => path && new URL(path, window.location.href).href;

async function lighten(file) {
  if (file.size < HEAVY || !file.type.startsWith("image/")) return file;
  try {
    const image = await createImageBitmap(file);
    const scale = Math.min(1, EDGE / Math.max(image.width, image.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(image.width * scale);
    canvas.height = Math.round(image.height * scale);
    const context = canvas.getContext("2d");
    context.fillStyle = "#fff";
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.drawImage(image, 0, 0, canvas.width, canvas.height);
    image.close();
    const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.85));
    return blob && blob.size < file.size ? new File([blob], file.name.replace(/\.\w+$/, ".jpg"), { type: "image/jpeg" }) : file;
  } catch {
    return file;
  }
}

/**
 * An attachment is `{key, name, mime_type, size, blob, preview, state, progress, id, message}`; `state` is waiting, uploading,
 * checking, ready; `message` is the client id of the message it leaves with, null while it is in the tray.
 * `onChange(attachment)` after each step; `onRefused(sentence, error?, tag?)` for a file that is not taken, in words for the visitor.
 * `tag` is the name under which a site's page gave the file, null for one that the visitor chose.
 */
export function createUploads({ api, store, limits, used, newId, ready, onChange, onRefused }) {
  const all = new Map();
  let turn = Promise.resolve();

  const record = ({ key, name, mime_type, size: bytes, blob, id, message }) => store.put(`file:${key}`, { key, name, mime_type, size: bytes, blob, id, message });

  function adopt(kept) {
    const preview = kept.mime_type.startsWith("image/") ? URL.createObjectURL(kept.blob) : null;
    const attachment = { ...kept, preview, state: "waiting", progress: 0, gone: new AbortController(), done: null };
    all.set(attachment.key, attachment);
    return attachment;
  }

  function step(attachment, state, progress = attachment.progress) {
    Object.assign(attachment, { state, progress });
    onChange(attachment);
  }

  /** Waits for the server's verdict on an uploaded file. */
  async function check(attachment) {
    const until = Date.now() + CHECK_PATIENCE;
    for (let attempt = 0; Date.now() < until; attempt += 1) {
      const { file } = await api.call("GET", `/files/${attachment.id}`);
      attachment.addresses = { url: whole(file.url), thumbnail_url: whole(file.thumbnail_url) };
      if (file.status === "ready") return;
      if (file.status === "refused") throw new ApiError("file_refused", file.error || T.unreadable, { status: 422 });
      await pause(Math.min(400 * 1.5 ** attempt, 2000));
    }
  }

  async function send(attachment) {
    const { signal } = attachment.gone;
    if (signal.aborted) throw new ApiError("removed", "");
    step(attachment, "uploading", 0);
    const file = await api.upload(attachment.blob, attachment.name, (share) => step(attachment, "uploading", share), signal);
    attachment.id = file.id;
    await record(attachment);
  }

  /** One upload at a time, so that the first photo is there first; the server's checks go on meanwhile. */
  function inTurn(act) {
    const done = turn.then(act);
    turn = done.catch(() => {});
    return done;
  }

  async function carry(attachment) {
    const { signal } = attachment.gone;
    for (let attempt = 0; !signal.aborted; attempt += 1) {
      try {
        if (!attachment.id) {
          await ready();
          await inTurn(() => send(attachment));
        }
        step(attachment, "checking", 1);
        await check(attachment);
        step(attachment, "ready");
        return attachment.id;
      } catch (error) {
        if (signal.aborted) break;
        if (!error.passing) {
          forget(attachment);
          onRefused(T.refused(attachment.name, explain(error)), error, attachment.tag);
          throw error;
        }
        step(attachment, "waiting", 0);
        await pause(error.retryAfter ? error.retryAfter * 1000 : backoff(attempt));
      }
    }
    throw new ApiError("removed", "");
  }

  function start(attachment) {
    attachment.done ||= carry(attachment);
    // Who waits for it handles the refusal; nobody may be waiting yet.
    attachment.done.catch(() => {});
  }

  function forget(attachment) {
    all.delete(attachment.key);
    store.remove(`file:${attachment.key}`);
    onChange(attachment);
  }

  const tray = () => [...all.values()].filter((attachment) => !attachment.message);

  return {
    tray,
    get: (key) => all.get(key),

    /** Takes what the visitor picked, pasted or dropped. */
    async add(files, tag = null) {
      const refuse = (sentence, code) => onRefused(sentence, null, tag, code);
      for (const picked of files.map(typed)) {
        const { name } = picked;
        if (used() + all.size >= limits.files) {
          refuse(T.tooMany(limits.files), "too_many_files");
          break;
        }
        if (!TYPES.has(picked.type)) refuse(T.wrongType(name), "wrong_type");
        else if (!picked.size) refuse(T.empty(name), "empty_file");
        else {
          const file = await lighten(picked);
          if (file.size > limits.file_bytes) refuse(T.tooLarge(name, size(limits.file_bytes)), "too_large");
          else {
            const attachment = adopt({ key: newId(), name: file.name, mime_type: file.type, size: file.size, blob: file, id: null, message: null, tag });
            onChange(attachment);
            await record(attachment);
            start(attachment);
          }
        }
      }
    },

    /** Takes back what a closed page had kept: its tray, whose uploads go on, and the photos of unsent messages. */
    restore(records, toTray) {
      for (const kept of records) {
        if (all.has(kept.key) || Boolean(kept.message) === toTray) continue;
        const attachment = adopt(kept);
        onChange(attachment);
        if (toTray) start(attachment);
      }
    },

    remove(key) {
      const attachment = all.get(key);
      attachment.gone.abort();
      forget(attachment);
      if (attachment.preview) URL.revokeObjectURL(attachment.preview);
      if (attachment.id) api.call("DELETE", `/files/${attachment.id}`).catch(() => {});
    },

    /** Ties the tray to a message being sent. */
    bind(message) {
      const bound = tray();
      for (const attachment of bound) {
        attachment.message = message;
        record(attachment);
        onChange(attachment);
      }
      return bound.map((attachment) => attachment.key);
    },

    /** The server's ids of these attachments, once every one is uploaded; one that was refused is left out. */
    async settled(keys) {
      const bound = keys.map((key) => all.get(key)).filter(Boolean);
      bound.forEach(start);
      const outcomes = await Promise.allSettled(bound.map((attachment) => attachment.done));
      return outcomes.filter(({ status }) => status === "fulfilled").map(({ value }) => value);
    },

    /** Forgets the attachments of a message that is sent or discarded; answers them as the server's files. */
    release(keys) {
      const bound = keys.map((key) => all.get(key)).filter(Boolean);
      for (const attachment of bound) {
        attachment.gone.abort();
        forget(attachment);
      }
      return bound.map(({ id, name, mime_type, preview }) => ({ id, name, mime_type, preview, status: "ready" }));
    },
  };
}
