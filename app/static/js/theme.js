/* Runs in the head, before anything is drawn: the chosen theme, or the system's. */
(() => {
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const chosen = () => {
    try {
      return localStorage.getItem("theme");
    } catch {
      return null; // storage refused: the system decides
    }
  };
  const apply = () => root.setAttribute("data-bs-theme", chosen() || (system.matches ? "dark" : "light"));
  root.classList.add("js");
  apply();
  system.addEventListener("change", apply);
})();
