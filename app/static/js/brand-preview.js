/* [data-brand]: a preview takes the colours it names (no inline style: the content security policy refuses it). It bears no id: htmx
   would copy its style attribute to the one that comes in its place. [data-brand-css]: the style sheet it wears, filtered by the server.
   [data-color-picker]: the system's colour picker beside a field that holds #rrggbb; its value when the field is empty. */
(() => {
  const sheet = new CSSStyleSheet();
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  const paint = (root) => {
    for (const preview of root.querySelectorAll("[data-brand]")) {
      preview.style.setProperty("--brand", preview.dataset.brand);
      preview.style.setProperty("--on-brand", preview.dataset.onBrand);
      sheet.replaceSync(preview.dataset.brandCss || "");
    }
  };
  for (const field of document.querySelectorAll("[data-color-picker]")) {
    const picker = document.createElement("input");
    const show = () => {
      picker.value = /^#[0-9a-f]{6}$/i.test(field.value.trim()) ? field.value.trim() : field.dataset.colorPicker;
    };
    Object.assign(picker, { type: "color", className: "form-control form-control-color", ariaLabel: "Choisir la couleur" });
    const line = document.createElement("div");
    line.className = "color-line";
    field.before(line);
    line.append(picker, field);
    picker.addEventListener("input", () => {
      field.value = picker.value;
      field.dispatchEvent(new Event("input", { bubbles: true }));
    });
    field.addEventListener("input", show);
    show();
  }
  document.addEventListener("htmx:afterSwap", () => paint(document));
  paint(document);
})();
