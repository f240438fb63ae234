/* The sidebar as a drawer on small screens: Escape and the veil close it, the rest of the page is out of reach meanwhile. */
(() => {
  const root = document.documentElement;
  const openers = () => document.querySelectorAll('[data-drawer="open"]');
  const set = (open) => {
    if (root.classList.contains("drawer-is-open") === open) return;
    root.classList.toggle("drawer-is-open", open);
    for (const opener of openers()) opener.setAttribute("aria-expanded", open);
    for (const rest of document.querySelectorAll("[data-drawer-inert]")) rest.inert = open;
    (open ? document.querySelector('#menu [data-drawer="close"]') : openers()[0])?.focus();
  };
  document.addEventListener("click", (event) => {
    const control = event.target.closest("[data-drawer]");
    if (control) set(control.dataset.drawer === "open");
  });
  document.addEventListener("keydown", (event) => event.key === "Escape" && set(false));
  matchMedia("(min-width: 62rem)").addEventListener("change", () => set(false));
})();
