/* « / » goes to the search field, Escape empties it. */
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey && !document.querySelector("dialog[open]")) {
    const search = document.querySelector("[data-search]");
    if (!search) return;
    event.preventDefault();
    search.focus();
    search.select();
  }
  if (event.key === "Escape" && typing?.matches("[data-search]")) {
    if (typing.value) {
      typing.value = "";
      typing.dispatchEvent(new Event("input", { bubbles: true }));
    } else typing.blur();
  }
});
