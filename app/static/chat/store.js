/**
 * What this device keeps of one conversation, in IndexedDB: the session's secret, the unsent draft, messages and photos not
 * sent yet. Nothing exists before the first `put`: looking does not create. Where the browser refuses storage (private
 * mode), memory stands in and the page works until it is closed.
 *
 * Keys: "session", "draft", "out:<client_message_id>", "file:<key>". In a site's frame the host page keeps the session's
 * secret, and the name is known once it has handed it over.
 */

const TABLE = "kept";

/** `name()` is the conversation's name here, or a promise of it. */
export function createStore(name) {
  const memory = new Map();
  let opening = null;

  /** The database, or null when it does not exist and `create` is false, or when storage is refused. */
  async function open(create) {
    const called = await name();
    return new Promise((resolve) => {
      let request;
      try {
        request = indexedDB.open(called, 1);
      } catch {
        resolve(null);
        return;
      }
      request.onupgradeneeded = () => {
        // Aborting the first upgrade leaves no database behind.
        if (create) request.result.createObjectStore(TABLE);
        else request.transaction.abort();
      };
      request.onsuccess = () => {
        // Another tab deletes the conversation: do not stand in its way.
        request.result.onversionchange = () => {
          request.result.close();
          opening = null;
        };
        resolve(request.result);
      };
      request.onerror = (event) => {
        event.preventDefault();
        resolve(null);
      };
    });
  }

  function ask(mode, act) {
    return opening.then(
      (database) =>
        new Promise((resolve) => {
          if (!database) return resolve(undefined);
          try {
            const transaction = database.transaction(TABLE, mode);
            const request = act(transaction.objectStore(TABLE));
            transaction.oncomplete = () => resolve(request.result);
            transaction.onabort = transaction.onerror = () => resolve(undefined);
          } catch {
            resolve(undefined);
          }
        }),
    );
  }

  return {
    /** Everything kept, as a Map; empty for a first visit. */
    async load() {
      const database = await open(false);
      if (!database) return new Map(memory);
      opening = Promise.resolve(database);
      const [keys, values] = await Promise.all([ask("readonly", (table) => table.getAllKeys()), ask("readonly", (table) => table.getAll())]);
      (keys || []).forEach((key, index) => memory.set(key, values[index]));
      return new Map(memory);
    },

    async put(key, value) {
      memory.set(key, value);
      opening ||= open(true);
      await ask("readwrite", (table) => table.put(value, key));
    },

    async remove(key) {
      memory.delete(key);
      if (opening) await ask("readwrite", (table) => table.delete(key));
    },

    /** Whether the key is still kept: another tab may have sent it meanwhile. */
    async has(key) {
      const database = opening && (await opening);
      if (!database) return memory.has(key);
      return (await ask("readonly", (table) => table.count(key))) > 0;
    },

    /** Forgets the conversation on this device. */
    async destroy() {
      memory.clear();
      if (!opening) return;
      const database = await opening;
      opening = null;
      if (!database) return;
      database.close();
      indexedDB.deleteDatabase(database.name);
    },
  };
}

/** Web Locks, or null where the browser has none or refuses them, as it does to a frame without storage. */
const locks = async () => {
  try {
    await navigator.locks.query();
    return navigator.locks;
  } catch {
    return null;
  }
};

/** Runs `act` alone among the tabs of this conversation; without locks, at once: the server tells doubles apart. */
export async function exclusive(name, act) {
  const granted = await locks();
  return granted ? granted.request(name, act) : act();
}

/** Calls `act` as soon as no other tab holds `name`, then holds it as long as this page lives. */
export function claim(name, act) {
  const keep = () => {
    act();
    return new Promise(() => {});
  };
  locks().then((granted) => (granted ? granted.request(name, keep).catch(() => {}) : act()));
}

/** Talk between the tabs of this conversation; a frame without storage talks to nobody. */
export function openChannel(name) {
  try {
    return new BroadcastChannel(name);
  } catch {
    return Object.assign(new EventTarget(), { postMessage: () => {} });
  }
}
