/* Messages at the bottom: those of the page, those of « HX-Trigger: {"toast": …} », and what htmx could not do. */
(() => {
  const icons = { success: "circle-check", error: "alert-circle", warning: "alert-triangle", info: "info-circle" };
  const region = () => document.getElementById("toasts");

  const icon = (name) => {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
    svg.setAttribute("class", "icon");
    svg.setAttribute("aria-hidden", "true");
    use.setAttribute("href", `${document.body.dataset.icons}#${name}`);
    svg.append(use);
    return svg;
  };

  const watch = (toast) => {
    if (toast.dataset.toast !== "pass") return;
    let timer;
    const start = () => (timer = setTimeout(() => toast.remove(), 6000));
    const stop = () => clearTimeout(timer);
    for (const name of ["pointerenter", "focusin"]) toast.addEventListener(name, stop);
    for (const name of ["pointerleave", "focusout"]) toast.addEventListener(name, start);
    start();
  };

  const show = ({ message, kind = "success", undo = null }) => {
    const toast = document.createElement("div");
    toast.className = `toast-note tone-${kind}`;
    toast.setAttribute("role", kind === "error" ? "alert" : "status");
    toast.dataset.toast = undo || kind === "error" ? "stay" : "pass";
    const words = document.createElement("span");
    words.className = "toast-text";
    words.textContent = message;
    toast.append(icon(icons[kind] || icons.info), words);
    if (undo) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "btn btn-link btn-sm";
      button.textContent = "Annuler l’action";
      button.addEventListener("click", () => {
        toast.remove();
        htmx.ajax("POST", undo, { source: document.body, target: document.body, swap: "none" });
      });
      toast.append(button);
    }
    const close = document.createElement("button");
    close.type = "button";
    close.className = "toast-close";
    close.dataset.toastClose = "";
    close.setAttribute("aria-label", "Fermer ce message");
    close.append(icon("x"));
    toast.append(close);
    // A modal dialog hides the rest of the page from everyone: the message is shown inside it.
    (document.querySelector("dialog[open]") || region()).append(toast);
    watch(toast);
  };

  document.addEventListener("click", (event) => event.target.closest("[data-toast-close]")?.closest("[data-toast]").remove());
  document.addEventListener("toast", (event) => show(event.detail));
  document.addEventListener("htmx:sendError", () =>
    show({ kind: "error", message: "La connexion est coupée. Rien n’a été envoyé : réessayez dans un instant." }));
  document.addEventListener("htmx:responseError", (event) => {
    const { status } = event.detail.xhr;
    if (event.detail.xhr.getResponseHeader("HX-Trigger")?.includes('"toast"')) return;
    show({ kind: "error", message: sentence(status) });
  });

  const sentence = (status) => {
    if (status === 401) return "Votre session est terminée. Rechargez la page pour vous reconnecter.";
    if (status === 403) return "Cette action ne vous est pas ouverte.";
    if (status === 404) return "Cet élément n’existe plus. Rechargez la page.";
    if (status === 409) return "Quelqu’un l’a modifié entre-temps. Rechargez la page avant de reprendre.";
    if (status === 413) return "Ce fichier est trop lourd.";
    if (status === 429) return "Trop de demandes à la fois. Patientez un instant, puis réessayez.";
    return "Un incident nous a empêchés de terminer. Rien n’a été modifié : réessayez dans un instant.";
  };

  document.querySelectorAll("[data-toast]").forEach(watch);
})();
