"""Text from outside: made comparable, made safe to keep and to show."""

from __future__ import annotations

import re
import unicodedata

_TAG = re.compile(r"</?[a-zA-Z!][^<>]*>")


def fold(text: str) -> str:
    """Lower case without accents nor ligatures, one space between words: for comparing and searching, never for showing."""
    text = text.lower().replace("œ", "oe").replace("æ", "ae").replace("’", "'")
    plain = "".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char))
    return " ".join(plain.split())


def clean_line(text: str) -> str:
    """One line of plain text: no control nor invisible character, no HTML tag, single spaces."""
    return " ".join(_without_tags(_printable(text)).split())


def clean_paragraphs(text: str) -> str:
    """Plain text that keeps its line breaks (never more than one empty line), cleaned like `clean_line`."""
    lines = [" ".join(line.split()) for line in _without_tags(_printable(text, keep="\n")).split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _printable(text: str, keep: str = "") -> str:
    """Composed (NFC), without the Unicode categories C*: controls, direction marks, lone surrogates that no database takes."""
    kept = (char if char in keep or not unicodedata.category(char).startswith("C") else " " if char.isspace() else "" for char in text)
    return unicodedata.normalize("NFC", "".join(kept))


def _without_tags(text: str) -> str:
    """Drop HTML tags; when dropping them makes new ones appear, no angle bracket stays."""
    stripped = _TAG.sub(" ", text)
    return re.sub("[<>]", " ", stripped) if _TAG.search(stripped) else stripped
