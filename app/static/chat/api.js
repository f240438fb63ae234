/** The widget API over fetch: session headers, the JSON envelope, refusals as `ApiError`; waiting for a network that comes and goes. */

const PATIENCE = 20000;

/** A refusal. `code` is the API's, or "network" (nothing came back), or "server" (an answer that is not the API's). */
export class ApiError extends Error {
  constructor(code, message, { status = 0, retryAfter = 0, fields = {} } = {}) {
    super(message);
    Object.assign(this, { code, status, retryAfter, fields });
  }

  /** The same request may succeed later without anything being changed. */
  get passing() {
    return this.status === 0 || this.status === 408 || this.status >= 500 || this.code === "rate_limited";
  }
}

function refusal(status, body, retryAfter) {
  const error = body?.error;
  if (!error?.code) return new ApiError(status === 429 ? "rate_limited" : "server", "", { status, retryAfter });
  return new ApiError(error.code, error.message, { status, retryAfter, fields: error.details?.fields });
}

const seconds = (header) => Math.max(0, Number.parseInt(header, 10) || 0);

export const online = () => navigator.onLine !== false;

/** 0.5 s, 1 s, 2 s … at most 15 s, spread so that a thousand phones do not come back in the same instant. */
export const backoff = (attempt) => Math.min(15000, 500 * 2 ** attempt) * (0.8 + Math.random() * 0.4);

/** Resolves after `milliseconds`, or at once when the network is back or the page is shown again. */
export function pause(milliseconds) {
  return new Promise((resolve) => {
    const finish = () => {
      clearTimeout(timer);
      window.removeEventListener("online", finish);
      document.removeEventListener("visibilitychange", shown);
      resolve();
    };
    const shown = () => document.visibilityState === "visible" && finish();
    const timer = setTimeout(finish, milliseconds);
    window.addEventListener("online", finish);
    document.addEventListener("visibilitychange", shown);
  });
}

export function createApi(base) {
  const api = {
    /** `{id, token}` once the session is open. */
    session: null,
    /** Called once on a 401; answers true when a new token was obtained. */
    renew: async () => false,
  };

  const headers = () => (api.session ? { "X-Session-ID": api.session.id, Authorization: `Bearer ${api.session.token}` } : {});

  async function send(url, options) {
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), PATIENCE);
    let response;
    let body;
    try {
      response = await fetch(url, { credentials: "omit", cache: "no-store", signal: controller.signal, ...options });
      body = await response.json().catch(() => null);
    } catch {
      throw new ApiError("network", "");
    } finally {
      clearTimeout(timer);
    }
    if (!response.ok || !body?.success) throw refusal(response.status, body, seconds(response.headers.get("Retry-After")));
    return body.data;
  }

  const json = (method, body) => ({
    method,
    headers: { ...headers(), Accept: "application/json", ...(body ? { "Content-Type": "application/json" } : {}) },
    body: body ? JSON.stringify(body) : undefined,
  });

  /** Gives the session of a link (or of an embed): `body` is `{resume?, notice_version}`. */
  api.open = (url, body) => send(url, json("POST", body));

  /** Runs `act`; a token that died meanwhile is renewed once, silently. */
  async function renewing(act) {
    const token = api.session?.token;
    try {
      return await act();
    } catch (error) {
      if (error.status !== 401 || !(api.session?.token !== token || (await api.renew()))) throw error;
      return act();
    }
  }

  /** One call under the base path. */
  api.call = (method, path, body) => renewing(() => send(base + path, json(method, body)));

  /** Path of the session itself: `api.own("complete")`. */
  api.own = (method, verb, body) => api.call(method, `/session/${api.session.id}${verb ? `/${verb}` : ""}`, body);

  /** The open event stream of a reply; `lastId` takes it up where it was lost. */
  api.stream = (messageId, lastId, signal) => renewing(() => listen(messageId, lastId, signal));

  async function listen(messageId, lastId, signal) {
    let response;
    try {
      response = await fetch(`${base}/message/${messageId}/stream`, {
        headers: { ...headers(), Accept: "text/event-stream", ...(lastId ? { "Last-Event-ID": lastId } : {}) },
        credentials: "omit",
        cache: "no-store",
        signal,
      });
    } catch {
      throw new ApiError("network", "");
    }
    if (response.ok) return response.body;
    throw refusal(response.status, await response.json().catch(() => null), seconds(response.headers.get("Retry-After")));
  }

  /** Sends one file; XMLHttpRequest because fetch cannot tell the progress of an upload. `onProgress` gets 0 to 1. */
  api.upload = (blob, name, onProgress, signal) => renewing(() => carry(blob, name, onProgress, signal));

  const carry = (blob, name, onProgress, signal) =>
    new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      request.open("POST", `${base}/upload`);
      for (const [header, value] of Object.entries(headers())) request.setRequestHeader(header, value);
      request.responseType = "json";
      request.upload.onprogress = (event) => event.lengthComputable && onProgress(event.loaded / event.total);
      request.onerror = request.onabort = () => reject(new ApiError("network", ""));
      request.onload = () => {
        if (request.status === 201 && request.response?.success) resolve(request.response.data.file);
        else reject(refusal(request.status, request.response, seconds(request.getResponseHeader("Retry-After"))));
      };
      signal.addEventListener("abort", () => request.abort());
      const form = new FormData();
      form.append("file", blob, name);
      request.send(form);
    });

  return api;
}
