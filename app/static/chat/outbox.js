/** Messages written and not yet taken by the server: kept on the device, sent in order, each under its own id. */

import { backoff, online, pause } from "./api.js";
import { exclusive } from "./store.js";

/**
 * An entry is `{client_message_id, content, created_at, files, state, error}`; `state` is waiting, sending or failed.
 * `onSent(entry, data)` when the server took it; `onRefused(error)` when it never will; `onDelay(seconds)` when it asked us to
 * slow down; `onStale()` when another tab had already sent it. `context()` is what a site's page tells with its messages.
 */
export function createOutbox({ api, store, uploads, lock, context, onChange, onSent, onRefused, onDelay, onStale }) {
  const entries = [];
  let busy = false;
  let again = false;
  let failures = 0;

  const keep = ({ client_message_id, content, created_at, files }) =>
    store.put(`out:${client_message_id}`, { client_message_id, content, created_at, files });

  function set(entry, state, error = null) {
    Object.assign(entry, { state, error });
    onChange();
  }

  function forget(entry) {
    const index = entries.indexOf(entry);
    if (index >= 0) entries.splice(index, 1);
    return store.remove(`out:${entry.client_message_id}`);
  }

  async function later(seconds) {
    onDelay(seconds);
    await pause(seconds ? seconds * 1000 : backoff((failures += 1)));
    flush();
  }

  /** Sends one entry; answers false when the queue must wait. */
  async function deliver(entry) {
    if (!(await store.has(`out:${entry.client_message_id}`))) {
      forget(entry);
      uploads.release(entry.files);
      onStale();
      return true;
    }
    set(entry, online() ? "sending" : "waiting");
    try {
      const file_ids = await uploads.settled(entry.files);
      if (!entries.includes(entry)) return true;
      if (!entry.content && !file_ids.length) {
        // Every photo was refused and nothing was written: there is nothing left to send.
        forget(entry);
        onChange();
        return true;
      }
      const data = await api.call("POST", "/message", { content: entry.content, client_message_id: entry.client_message_id, file_ids, ...context() });
      failures = 0;
      await forget(entry);
      onSent(entry, data, uploads.release(entry.files));
      return true;
    } catch (error) {
      if (error.passing) {
        set(entry, "waiting");
        later(error.retryAfter);
        return false;
      }
      set(entry, "failed", error);
      onRefused(error, entry);
      return true;
    }
  }

  async function flush() {
    if (busy || !api.session) {
      again = true;
      return;
    }
    busy = true;
    do {
      again = false;
      await exclusive(lock, async () => {
        for (const entry of entries.filter(({ state }) => state !== "failed")) if (!(await deliver(entry))) break;
      });
    } while (again);
    busy = false;
  }

  window.addEventListener("online", flush);

  return {
    entries,
    flush,

    restore(records) {
      const missing = records.filter((kept) => !entries.some((entry) => entry.client_message_id === kept.client_message_id));
      entries.push(...missing.map((kept) => ({ ...kept, state: "waiting", error: null })));
      entries.sort((a, b) => a.created_at.localeCompare(b.created_at));
      onChange();
    },

    async add(client_message_id, content, files) {
      const entry = { client_message_id, content, files, created_at: new Date().toISOString(), state: online() ? "sending" : "waiting", error: null };
      entries.push(entry);
      onChange();
      await keep(entry);
      flush();
    },

    retry(entry) {
      set(entry, "sending");
      flush();
    },

    discard(entry) {
      forget(entry);
      uploads.release(entry.files);
      onChange();
    },
  };
}
