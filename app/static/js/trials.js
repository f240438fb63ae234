/* [data-stick]: what is said last stays in sight while it is written, unless the person scrolled up to read. */
(() => {
  const MARGIN = 80;
  const box = () => document.querySelector("[data-stick]");
  let follows = true;
  const down = () => {
    const talk = box();
    if (talk && follows) talk.scrollTop = talk.scrollHeight;
  };
  document.addEventListener("scroll", (event) => {
    const talk = event.target;
    if (talk === box()) follows = talk.scrollHeight - talk.scrollTop - talk.clientHeight < MARGIN;
  }, true);
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.target.matches?.("[data-composer]")) follows = true;
  });
  document.addEventListener("htmx:load", down);
  document.addEventListener("htmx:sseMessage", down);
})();
