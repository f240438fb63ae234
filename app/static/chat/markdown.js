/**
 * The little Markdown that answers use, drawn with DOM nodes: paragraphs, lists, bold, links to http(s) that show their host.
 * Anything else stays the text it is: no image, no HTML, no other scheme. What was drawn is checked once more before it is shown.
 */

import { el } from "./dom.js";
import { T, spaced } from "./words.js";

const INLINE = /\*\*(.+?)\*\*|!?\[([^\]\n]*)\]\(((?:[^\s()]|\([^\s()]*\))+)\)|(https?:\/\/[^\s<>()[\]«»"]+[^\s<>()[\]«»".,;:!?])/g;
const ITEM = /^\s*(?:[-*•]|(\d{1,3})[.)])\s+(.*)$/;

/** Characters that turn the direction of what follows: they could make a host read backwards. */
const TURNS = /[\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** All that may stand in an answer, with its attributes. */
const ALLOWED = { P: [], BR: [], STRONG: [], UL: [], OL: ["start"], LI: [], A: ["href", "rel", "target"] };

function link(label, address) {
  let url;
  try {
    url = new URL(address);
  } catch {
    return label;
  }
  if (url.protocol !== "https:" && url.protocol !== "http:") return label;
  const text = label.replace(TURNS, "");
  // Only a text that is the address itself says where it leads; any other could name somebody else's host.
  const honest = [url.href, url.href.replace(/\/$/, ""), url.host].includes(text) && !url.username;
  const shown = honest ? text : `${text || T.bareLink} (${url.host})`;
  return el("a", { href: url.href, rel: "noopener nofollow noreferrer", target: "_blank" }, shown);
}

/** Keeps of a drawn block what the list allows, and nothing else: the last step before it is shown. */
export function clean(node) {
  for (const child of [...node.children]) clean(child);
  const allowed = ALLOWED[node.tagName];
  if (!allowed || (node.tagName === "A" && !/^https?:$/.test(node.protocol))) {
    const text = document.createTextNode(node.textContent);
    node.replaceWith(text);
    return text;
  }
  for (const { name } of [...node.attributes]) if (!allowed.includes(name)) node.removeAttribute(name);
  return node;
}

function inline(source) {
  // A bold whose end has not arrived yet is bold already: its stars must not flash while the answer streams.
  const text = (source.match(/\*\*/g) || []).length % 2 ? `${source}**` : source;
  const nodes = [];
  let at = 0;
  for (const match of text.matchAll(INLINE)) {
    nodes.push(spaced(text.slice(at, match.index)));
    const [whole, bold, label, address, bare] = match;
    if (bold !== undefined) nodes.push(el("strong", {}, inline(bold)));
    else if (whole.startsWith("!")) nodes.push(label);
    else nodes.push(bare ? link(bare, bare) : link(label, address));
    at = match.index + whole.length;
  }
  nodes.push(spaced(text.slice(at).replace(/\*\*$/, "")));
  return nodes.filter((node) => node !== "");
}

/** Splits into blocks: `{kind: "p" | "ul" | "ol" | "h", rows}`. */
function blocks(source) {
  const found = [];
  let current = null;
  const add = (kind, row, start) => {
    if (current?.kind !== kind || kind === "h") found.push((current = { kind, rows: [], start }));
    current.rows.push(row);
  };
  for (const row of source.split("\n")) {
    const item = ITEM.exec(row);
    const heading = /^#{1,6}\s+(.*)$/.exec(row);
    if (!row.trim()) current = null;
    else if (heading) add("h", heading[1]);
    else if (item) add(item[1] ? "ol" : "ul", item[2], item[1]);
    else if (current && current.kind !== "p" && current.kind !== "h" && /^\s/.test(row)) current.rows[current.rows.length - 1] += ` ${row.trim()}`;
    else add("p", row);
  }
  return found;
}

function draw({ kind, rows, start }) {
  if (kind === "h") return el("p", {}, el("strong", {}, inline(rows[0].replace(/\*\*/g, ""))));
  if (kind !== "p") return el(kind, { start: start === "1" ? null : start }, rows.map((row) => el("li", {}, inline(row))));
  return el("p", {}, rows.flatMap((row, index) => [index ? el("br") : null, ...inline(row)]));
}

/** Draws `source` into `box`; blocks that have not changed since the last call keep their nodes. */
export function drawMarkdown(box, source) {
  const wanted = blocks(source).map((block) => ({ block, key: JSON.stringify(block) }));
  const had = box.drawn || [];
  wanted.forEach(({ block, key }, index) => {
    if (had[index] === key) return;
    const node = clean(draw(block));
    if (box.children[index]) box.children[index].replaceWith(node);
    else box.append(node);
  });
  while (box.children.length > wanted.length) box.lastElementChild.remove();
  box.drawn = wanted.map(({ key }) => key);
}
