"""What matters to us of a host page's HTML: its scripts and its policies. Read in one pass, whatever the page holds.

Not `html.parser`: pages that are written to may keep it busy for minutes, and make it raise.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

LOADER = "/widget/v1/loader.js"
_KEY = re.compile(r"\bdpl_[0-9A-Za-z]{20}\b")
_ATTRIBUTE = re.compile(r"""([^\s"'<>/=]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?""")
_OPENED = re.compile(r"<(script|meta)(?=[\s/>])", re.IGNORECASE)
_CLOSED = re.compile(r"</script", re.IGNORECASE)
_MAX_TAG = 8000
Attributes = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Page:
    """Script elements, the text of inline ones, the policies of `<meta>` elements."""

    scripts: list[Attributes] = field(default_factory=list)
    inline: list[str] = field(default_factory=list)
    policies: list[str] = field(default_factory=list)

    @property
    def loader(self) -> Attributes | None:
        """Our script element, wherever it is loaded from."""
        return next((one for one in self.scripts if _path(one.get("src", "")).endswith(LOADER)), None)

    @property
    def keys(self) -> set[str]:
        """Deployment keys in script elements: their attribute, or a configuration written in the page."""
        named = [one.get("data-deployment-key", "") for one in self.scripts]
        return {key for text in (*named, *self.inline) for key in _KEY.findall(text)}


def read_page(text: str) -> Page:
    """Find them; what stands in a comment does not count."""
    page = Page()
    text = "".join(_outside_comments(text))
    at = 0
    while opened := _OPENED.search(text, at):
        end = text.find(">", opened.end())
        if end < 0:
            break
        attributes = _attributes(text[opened.end() : min(end, opened.end() + _MAX_TAG)])
        at = end + 1
        if opened.group(1).lower() == "meta":
            if attributes.get("http-equiv", "").lower() == "content-security-policy":
                page.policies.append(attributes.get("content", ""))
            continue
        closed = _CLOSED.search(text, at)
        page.scripts.append(attributes)
        page.inline.append(text[at : closed.start() if closed else len(text)])
        at = closed.end() if closed else len(text)
    return page


def _outside_comments(text: str) -> Iterator[str]:
    at = 0
    while (start := text.find("<!--", at)) >= 0:
        yield text[at:start]
        end = text.find("-->", start + 4)
        if end < 0:
            return
        at = end + 3
    yield text[at:]


def _attributes(text: str) -> Attributes:
    found: dict[str, str] = {}
    for name, *values in _ATTRIBUTE.findall(text):
        found.setdefault(name.lower(), html.unescape(next((value for value in values if value), "")))
    return found


def _path(url: str) -> str:
    try:
        return urlsplit(url).path
    except ValueError:
        return ""
