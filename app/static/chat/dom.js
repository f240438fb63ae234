/** Builds DOM nodes. Text only ever becomes a text node: nothing that anyone wrote is parsed as HTML. */

const SVG = "http://www.w3.org/2000/svg";

/**
 * `el("button", {type: "button", onclick: fn}, "Envoyer")`. An attribute that is null, undefined or false is left out;
 * so is such a child.
 */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** One icon of the page's sprite; decorative: the word beside it, or the button's label, says what it means. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#i-${name}`);
  svg.append(use);
  return svg;
}

/** Text for screen readers only. */
export const spoken = (text) => el("span", { class: "sr" }, text);

/** Finger or pen rather than mouse: a keyboard that opens by itself would hide what one reads. */
export const touch = () => !window.matchMedia("(hover: hover) and (pointer: fine)").matches;
