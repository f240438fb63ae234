/**
 * The little Markdown that answers use, drawn with DOM nodes: paragraphs, lists, bold, links to http(s) that show their host.
 * Anything else stays the text it is: no image, no HTML, no other scheme.
 */

import { el } from "./dom.js";
import { spaced } from "./words.js";

const INLINE = /\*\*(.+?)\*\*|!?\[([^\]\n]*)\]\(((?:[^\s()]|\([^\s()]*\))+)\)|(https?:\/\/[^\s<>()[\]«»"]+[^\s<>()[\]«»".,;:!?])/g;
const ITEM = /^\s*(?:[-*•]|(\d{1,3})[.)])\s+(.*)$/;

function link(text, address) {
  let url;
  try {
    url = new URL(address);
  } catch {
    return text;
  }
  if (url.protocol !== "https:" && url.protocol !== "http:") return text;
  const shown = text.includes(url.host) ? text : `${text || "lien"} (${url.host})`;
  return el("a", { href: url.href, rel: "noopener nofollow noreferrer", target: "_blank" }, shown);
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
    const node = draw(block);
    if (box.children[index]) box.children[index].replaceWith(node);
    else box.append(node);
  });
  while (box.children.length > wanted.length) box.lastElementChild.remove();
  box.drawn = wanted.map(({ key }) => key);
}
