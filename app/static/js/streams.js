/* Event streams of htmx are closed while the tab is hidden (6 connections per host), and opened again when it is shown;
   « tab-back » then tells the page to refresh what it missed. Polling also stops while nobody looks. */
(() => {
  class Stream extends EventTarget {
    constructor(url) {
      super();
      this.url = url;
      this.types = new Set();
      this.closed = false;
      live.add(this);
      if (!document.hidden) this.open();
    }

    get readyState() {
      if (this.closed) return EventSource.CLOSED;
      return this.source ? this.source.readyState : EventSource.CONNECTING;
    }

    open() {
      this.source = new EventSource(this.url, { withCredentials: true });
      this.source.onopen = (event) => this.onopen?.(event);
      this.source.onerror = (event) => this.onerror?.(event);
      for (const type of this.types) this.source.addEventListener(type, this.relay);
    }

    relay = (event) => this.dispatchEvent(new MessageEvent(event.type, { data: event.data, lastEventId: event.lastEventId, origin: event.origin }));

    addEventListener(type, listener, options) {
      super.addEventListener(type, listener, options);
      if (this.types.has(type)) return;
      this.types.add(type);
      this.source?.addEventListener(type, this.relay);
    }

    pause() {
      this.source?.close();
      this.source = null;
    }

    close() {
      this.closed = true;
      live.delete(this);
      this.pause();
    }
  }

  const live = new Set();
  htmx.createEventSource = (url) => new Stream(url);
  document.addEventListener("visibilitychange", () => {
    for (const stream of live) document.hidden ? stream.pause() : stream.source || stream.open();
    if (!document.hidden) document.body.dispatchEvent(new CustomEvent("tab-back"));
  });
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (document.hidden && event.detail.requestConfig.verb === "get") event.preventDefault();
  });
})();
