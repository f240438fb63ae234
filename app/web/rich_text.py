"""The little Markdown that answers use, as the chat page draws it (`static/chat/markdown.js`): paragraphs, lists, bold. Links stay text."""

from __future__ import annotations

import re

from markupsafe import Markup, escape

_BOLD = re.compile(r"\*\*(.+?)\*\*")
_ITEM = re.compile(r"\s*(?:[-*•]|(\d{1,3})[.)])\s+(.*)")
_HEADING = re.compile(r"#{1,6}\s+(.*)")


def rich(text: str) -> Markup:
    """An answer in blocks, everything else than these marks escaped."""
    blocks: list[tuple[str, str, list[str]]] = []
    kind = ""
    for row in text.split("\n"):
        item, heading = _ITEM.fullmatch(row), _HEADING.fullmatch(row)
        if not row.strip():
            kind = ""
        elif kind in ("ul", "ol") and not item and row[0].isspace():
            blocks[-1][2][-1] += f" {row.strip()}"
        else:
            before, kind = kind, "h" if heading else ("ol" if item[1] else "ul") if item else "p"
            if kind != before or heading:
                blocks.append((kind, (item and item[1]) or "1", []))
            blocks[-1][2].append(heading[1].replace("**", "") if heading else item[2] if item else row)
    return Markup("").join(_drawn(*block) for block in blocks)


def _drawn(kind: str, start: str, rows: list[str]) -> Markup:
    lines = [Markup(_BOLD.sub(r"<strong>\1</strong>", str(escape(row)))) for row in rows]
    if kind == "h":
        return Markup("<p><strong>{}</strong></p>").format(lines[0])
    if kind == "p":
        return Markup("<p>{}</p>").format(Markup("<br>").join(lines))
    opening = Markup("<ul>") if kind == "ul" else Markup('<ol start="{}">').format(start)
    return opening + Markup("").join(Markup("<li>{}</li>").format(line) for line in lines) + Markup(f"</{kind}>")
