/*! AI-Manager widget v1 */
// On somebody else's page: puts a button (or a frame), opens the session from there, since the server checks that page's Origin,
// and hands it to the frame, which does the rest (app/static/chat). Protocol: README.md; options: docs/widget.md.
(() => {
  "use strict";
  const script = document.currentScript || document.querySelector('script[src*="/widget/v1/loader.js"]');
  // A page that took its script back before it came wants no widget any more.
  if (!script || !script.isConnected) return;
  const base = new URL(script.src).origin;
  const WORDS = {
    fr: ["Ouvrir la conversation", "Réduire la conversation", "Assistant", "nouveau", "L’assistant ne répond pas. Réessayez dans un instant."],
    en: ["Open the conversation", "Minimise the conversation", "Assistant", "new", "The assistant does not answer. Try again in a moment."],
  };
  // Constructable sheets and CSSOM: a host page's CSP forbids neither. Important in :host wins over the page's own rules.
  const CSS = `:host{all:initial!important;color-scheme:var(--s,light dark)!important}
:host(.f){position:fixed!important;inset:auto 20px 20px auto!important;z-index:2147483000!important}
:host(.l){inset:auto auto 20px 20px!important}
:host(.i){display:block!important;height:var(--i,100%)!important}
button{all:unset;position:relative;z-index:1;display:grid;place-items:center;width:56px;height:56px;border-radius:99px;cursor:pointer;background:var(--b);color:var(--o);box-shadow:0 4px 16px #0004}
button:focus-visible{outline:3px solid var(--b);outline-offset:3px}
svg{width:28px;fill:none;stroke:currentColor;stroke-width:2}
.n:after{content:"";position:absolute;top:0;right:0;width:12px;height:12px;border-radius:50%;background:#c2451e;border:2px solid #fff}
div{width:100%;height:100%;overflow:hidden;background:Canvas}
:host(.f) div{position:absolute;right:0;bottom:72px;width:400px;height:640px;max-width:calc(100vw - 40px);max-height:calc(100vh - 112px);border-radius:16px;box-shadow:0 8px 40px #0005}
:host(.l) div{right:auto;left:0}
iframe{display:block;width:100%;height:100%;border:0}
[hidden]{display:none!important}
@media(max-width:520px){:host(.f) div{position:fixed;inset:var(--t,0) 0 auto;width:auto;height:var(--h,100%);max-width:none;max-height:none;border-radius:0}:host(.f.r) button{display:none}}
@media print{:host(.f){display:none!important}}`;

  const loaded = new Promise((done) => (document.readyState === "loading" ? document.addEventListener("DOMContentLoaded", done, { once: true }) : done()));

  // What the site keeps of a conversation, from its first opening on; memory where the browser refuses storage.
  const memory = {};
  const store = (act) => {
    try {
      return act(localStorage);
    } catch (refused) {
      return null;
    }
  };
  const recall = (name) => memory[name] || JSON.parse(store((kept) => kept.getItem(name)));
  const keep = (name, value) => {
    memory[name] = value;
    store((kept) => (value ? kept.setItem(name, JSON.stringify(value)) : kept.removeItem(name)));
  };

  const call = async (path, options) => {
    let answer;
    let body;
    try {
      answer = await fetch(`${base}/api/widget/v1/${path}`, { credentials: "omit", ...options });
      body = await answer.json();
    } catch (lost) {
      throw { code: "unavailable" };
    }
    if (!body.success) throw { status: answer.status, ...body.error };
    return body.data;
  };

  const shape = (name, attributes) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    Object.keys(attributes).forEach((key) => made.setAttribute(key, attributes[key]));
    return made;
  };

  const mount = (config) => {
    const { deploymentKey: key, containerSelector, position = containerSelector ? "inline" : "", locale = "fr", identity } = config;
    const kept = `aim:${key}`;
    const inline = position === "inline";
    const words = WORDS[locale] || WORDS.fr;
    const heard = {};
    const uploads = {};
    const host = document.createElement("div");
    const root = host.attachShadow({ mode: "open" });
    const button = document.createElement("button");
    const panel = document.createElement("div");
    const icon = shape("svg", { viewBox: "0 0 24 24", "aria-hidden": "true" });
    const drawing = icon.appendChild(shape("path", {}));
    const view = window.visualViewport;
    let context = { ...config.context };
    let { theme = "auto" } = config;
    let look, loading, frame, timer, session, starting;
    let arrived, ready, handed, started, shown, opened, gone;
    let unread = 0;
    let outbox = []; // what the page asked for before the conversation was open

    const emit = (name, data) =>
      [...(heard[name] || [])].forEach((act) => {
        try {
          act(data);
        } catch (error) {
          Promise.reject(error); // for the page's console, and the next one is told all the same
        }
      });
    const told = ({ code = "unavailable", message }) => ({ code, message: message || words[4] });
    const fail = (error) => emit("error", told(error));
    const post = (type, data) => ready && frame.contentWindow.postMessage({ source: "ai-manager", v: 1, type, ...data }, base);
    const ask = (type, data) => {
      if (started) post(type, data);
      else outbox.push([type, data]);
      return widget.open();
    };

    const show = () => {
      const title = look.branding.title || words[2];
      if (!inline) host.setAttribute("aria-label", title);
      host.classList.toggle("r", !!(shown && ready));
      host.style.setProperty("--s", theme === "auto" ? "light dark" : theme);
      panel.hidden = !shown;
      button.hidden = inline && shown;
      button.classList.toggle("n", unread > 0);
      button.setAttribute("aria-expanded", !!shown);
      button.setAttribute("aria-label", shown ? words[1] : `${words[0]} : ${title}${unread ? ` (${unread} ${words[3]})` : ""}`);
      drawing.setAttribute("d", shown ? "M6 9l6 6 6-6" : "M4 5h16v11H10l-4 4v-4H4z");
    };

    // The on-screen keyboard shrinks the visual viewport only: on a phone the panel follows it.
    const fit = () => {
      if (view.scale > 1.01) return;
      host.style.setProperty("--h", `${view.height}px`);
      host.style.setProperty("--t", `${view.offsetTop}px`);
    };

    const init = (resume) =>
      call("init", {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ deployment_key: key, context, locale, identity, resume: resume || undefined }),
      }).catch((error) => {
        // What was kept no longer opens anything: a new conversation.
        if (!resume || ![401, 404, 410].includes(error.status)) throw error;
        keep(kept, null);
        return init();
      });

    const begin = () => {
      clearInterval(inline && timer);
      starting = starting || init(recall(kept)).then(
        (data) => {
          session = data;
          hand();
        },
        (error) => {
          starting = null;
          post("denied", told(error));
          abandon(error);
          fail(error);
        },
      );
    };

    const abandon = (error) => {
      Object.keys(uploads).forEach((id) => HEAR["upload:error"]({ id, ...error }));
      outbox = outbox.filter(([type]) => type !== "upload");
    };

    // Frame and session come in any order; the later one brings them together.
    const hand = () => {
      if (!ready || !session || handed) return;
      handed = true;
      post("start", { session, context, theme, locale, hostOrigin: location.origin });
      // An inline frame is seen from the beginning, and must not take the focus.
      if (!inline) post("visible", { open: shown });
    };

    const build = () => {
      // What loaded without a word is a refusal: it is asked for again.
      if (frame && (ready || !arrived)) return;
      arrived = false;
      frame = document.createElement("iframe");
      frame.title = look.branding.title || words[2];
      frame.src = `${base}/embed/${encodeURIComponent(key)}?${new URLSearchParams({ origin: location.origin, mode: inline ? "inline" : "float", locale, theme })}`;
      frame.onload = () => (arrived = true);
      panel.replaceChildren(frame);
    };

    const stand = () => {
      const place = inline ? document.querySelector(containerSelector) : document.body;
      if (!place) return fail({ code: "container_missing", message: `${containerSelector} ?` });
      try {
        const sheet = new CSSStyleSheet();
        sheet.replaceSync(CSS);
        root.adoptedStyleSheets = [sheet];
      } catch (old) {
        root.append(document.createElement("style"));
        root.firstChild.textContent = CSS;
      }
      root.append(button, panel);
      host.className = inline ? "i" : position === "bottom-left" ? "f l" : "f";
      // A landmark of its own; inline, it is part of the page's.
      if (!inline) host.setAttribute("role", "region");
      host.style.setProperty("--b", look.branding.primary_color);
      host.style.setProperty("--o", look.branding.on_primary);
      if (inline && place.clientHeight < 100) host.style.setProperty("--i", "560px");
      shown = inline;
      button.append(icon);
      button.onclick = () => widget.toggle();
      root.onkeydown = (event) => event.key === "Escape" && !inline && widget.close();
      window.addEventListener("message", listen);
      if (view) ["resize", "scroll"].forEach((name) => view.addEventListener(name, fit));
      show();
      place.append(host);
      if (!inline) return;
      // The frame is seen at once, but nothing is created before the visitor enters it, unless he comes back.
      build();
      if (recall(kept)) widget.open();
      else timer = setInterval(() => root.activeElement === frame && widget.open(), 300);
    };

    const load = () =>
      (loading = loading || Promise.all([call(`config?deployment_key=${encodeURIComponent(key)}`), loaded]).then(
        ([data]) => {
          if (gone) throw data;
          look = data;
          stand();
          widget.ready = true;
          emit("ready", widget);
        },
        (error) => {
          loading = null;
          fail(error);
          throw error;
        },
      ));

    const HEAR = {
      ready() {
        // A frame that loaded itself again needs the conversation as it is now.
        if (handed) starting = session = null;
        ready = true;
        handed = started = false;
        show();
        if (opened) begin();
        hand();
      },
      open: () => widget.open(),
      started(data) {
        started = true;
        keep(kept, { session_id: data.session_id, session_token: data.session_token });
        outbox.splice(0).forEach((item) => post(...item));
      },
      sent: ({ message }) => emit("message:sent", message),
      received({ message }) {
        unread += !shown;
        show();
        emit("message:received", message);
      },
      error: fail,
      // With a message it was told as an error as well.
      result: (data) => data.ok || data.message || fail(data),
      close: () => widget.close(),
      closed({ reason, message }) {
        if (["expired", "deleted", "revoked"].includes(reason)) keep(kept, null);
        fail({ code: reason, message: message || reason });
      },
      restart() {
        keep(kept, null);
        starting = session = handed = started = null;
        begin();
      },
      "upload:progress": ({ id, percent }) => uploads[id] && emit("file:uploading", { name: uploads[id].name, percent }),
      "upload:done"({ id, file }) {
        emit("file:uploaded", file);
        if (uploads[id]) uploads[id].done(file);
        delete uploads[id];
      },
      "upload:error"({ id, code, message }) {
        const error = told({ code, message });
        emit("file:error", error);
        if (uploads[id]) uploads[id].lost(error);
        delete uploads[id];
      },
    };

    const listen = ({ origin, source, data }) => {
      if (origin !== base || !frame || source !== frame.contentWindow) return;
      if (data && data.source === "ai-manager" && data.v === 1 && HEAR.hasOwnProperty(data.type)) HEAR[data.type](data);
    };

    const widget = {
      config,
      open() {
        if (!gone) {
          load().then(
            () => {
              if (gone || !host.isConnected) return;
              const news = !shown || !opened;
              shown = opened = true;
              unread = 0;
              build();
              begin();
              show();
              if (view) fit();
              if (!news) return;
              if (started) post("visible", { open: true });
              if (!inline) frame.focus();
              emit("open");
            },
            () => {},
          );
        }
        return widget;
      },
      close() {
        if (shown && !gone) {
          const inside = root.activeElement;
          shown = false;
          show();
          post("visible", { open: false });
          if (inside) button.focus();
          emit("close");
        }
        return widget;
      },
      toggle: () => (shown && opened ? widget.close() : widget.open()),
      sendMessage: (text) => ask("send", { id: mark(), text: String(text) }),
      setContext(data) {
        context = { ...context, ...data };
        if (started) post("context", { context });
        return widget;
      },
      setTheme(name) {
        theme = name;
        if (look) show();
        post("theme", { theme });
        return widget;
      },
      uploadFile(file) {
        const id = mark();
        const sent = new Promise((done, lost) => (uploads[id] = { name: file.name, done, lost }));
        // Who listens to `file:error` only is not told of an unhandled rejection as well.
        sent.catch(() => {});
        ask("upload", { id, file, name: file.name });
        return sent;
      },
      on(name, act) {
        (heard[name] = heard[name] || []).push(act);
        if (name === "ready" && widget.ready) act(widget);
        return widget;
      },
      off(name, act) {
        heard[name] = (heard[name] || []).filter((known) => act && known !== act);
        return widget;
      },
      destroy() {
        gone = true;
        abandon();
        clearInterval(timer);
        window.removeEventListener("message", listen);
        if (view) ["resize", "scroll"].forEach((name) => view.removeEventListener(name, fit));
        host.remove();
        widgets.splice(0, widgets.length, ...widgets.filter((other) => other !== widget));
        if (window.AiManagerWidget === widget) {
          if (widgets[0]) window.AiManagerWidget = widgets[0];
          else forget("AiManagerWidget");
        }
        if (!widgets[0] && !api.stays) forget("AiManager");
      },
    };

    [["ready", "onReady"], ["message:received", "onMessage"], ["error", "onError"]].forEach(([name, own]) => config[own] && widget.on(name, config[own]));
    load().catch(() => {});
    return widget;
  };

  // A stub declared with `var` cannot be deleted.
  const forget = (name) => Reflect.deleteProperty(window, name) || (window[name] = undefined);
  const mark = () => Math.random().toString(36).slice(2);

  // One registry for all loaders of the page; the first widget is `AiManagerWidget` and answers what was asked before it came.
  const create = (config) => {
    if (!config || !config.deploymentKey) throw new TypeError("AI-Manager: deploymentKey?");
    const widget = mount(config);
    const stub = window.AiManagerWidget;
    if (!widgets.includes(stub)) {
      const run = ([name, ...given]) => widget[name](...given);
      window.AiManagerWidget = widget;
      if (stub && stub.q) stub.q.splice(0).forEach(run);
      if (stub) stub.q = { push: run };
    }
    widgets.push(widget);
    window.AiManager = api;
    return widget;
  };
  const api = window.AiManager || { create, widgets: [] };
  const { widgets } = api;
  window.AiManager = api;

  const own = { ...script.dataset };
  const configs = own.deploymentKey || !window.AiManagerConfig ? [own] : [].concat(window.AiManagerConfig);
  if (own.deploymentKey) Object.assign(own, { ...window.AiManagerConfig, ...own });
  configs.forEach((config) => {
    // A snippet pasted twice makes one widget; a script without a key only brings `AiManager.create`.
    const same = (other) => ["deploymentKey", "position", "containerSelector"].every((name) => other.config[name] === config[name]);
    if (!config.deploymentKey) api.stays = true;
    else if (!widgets.some(same)) create(config);
  });
})();
