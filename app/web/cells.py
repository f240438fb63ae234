"""The pieces that a list of fifty rows draws hundreds of times, in Python: a Jinja macro costs about 15 µs a call, these 1 to 4
(PERFORMANCE.md, Pages). They are used as the others, through `ui`; everything else is a macro in `templates/components/`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from functools import lru_cache

from markupsafe import Markup, escape

from app.core import format as french
from app.web.statuses import status_word

Body = Callable[[], object] | None


class Cells:
    """Icons, pills, moments, rows and cells. `asset` gives the URL of a static file; `keep` remembers what is drawn alike many times."""

    def __init__(self, asset: Callable[[str], str], keep: bool) -> None:
        self._asset = asset
        if keep:
            # typed: Markup("<b>") and "<b>" are equal, and only one of them may pass unescaped.
            kept = lru_cache(maxsize=2048, typed=True)
            self.icon = kept(self.icon)  # type: ignore[method-assign]
            self.pill = kept(self.pill)  # type: ignore[method-assign]
            self.status_pill = kept(self.status_pill)  # type: ignore[method-assign]
            self.td_opening = kept(self.td_opening)  # type: ignore[method-assign]

    def icon(self, name: str, label: str | None = None, cls: str = "") -> Markup:
        """An icon of the sprite (names: app/static/icons.txt), silent unless it has a label."""
        said = f'role="img" aria-label="{escape(label)}"' if label else 'aria-hidden="true"'
        classes = f"icon {cls}" if cls else "icon"
        return Markup(f'<svg class="{classes}" {said}><use href="{self._asset("vendor/icons.svg")}#{escape(name)}"></use></svg>')

    def pill(self, kind: str, label: object, icon: str | None = None) -> Markup:
        """A state: always a word, colour is never alone. kind: ok, wait, bad, action, info, neutral."""
        drawn = self.icon(icon) if icon else ""
        return Markup(f'<span class="pill pill-{escape(kind)}">{drawn}{escape(label)}</span>')

    def status_pill(self, status: object, feminine: bool = False, label: str | None = None) -> Markup:
        """The pill of a known state, in the words of `app.web.statuses`."""
        word = status_word(status)
        return self.pill(word.kind, label or word.word(feminine), word.icon)

    def tag(self, text: object) -> Markup:
        """A small grey label: a version, a scope."""
        return Markup(f'<span class="mini-tag">{escape(text)}</span>')

    def avatar(self, name: str | None, url: str | None = None, size: str = "md") -> Markup:
        """A picture, or initials. size: sm (round), md, lg."""
        if url:
            return Markup(f'<img class="face face-{size}" src="{escape(url)}" alt="" width="32" height="32" loading="lazy">')
        words = (name or "?").split() or ["?"]
        initials = words[0][:1] + (words[-1][:1] if len(words) > 1 and size != "sm" else "")
        return Markup(f'<span class="face face-{size}" aria-hidden="true">{escape(initials.upper())}</span>')

    def money(self, amount: Decimal | int | None) -> Markup:
        """« 5 790,00 € », in figures of one width."""
        return Markup(f'<span class="num">{french.euro(amount)}</span>')

    def when(self, at: datetime | None, exact: bool = False) -> Markup:
        """How long ago, with the exact moment on hover; `exact` writes the moment itself."""
        if at is None:
            return Markup('<span class="muted">—</span>')
        if exact:
            return Markup(f'<time datetime="{at.isoformat()}">{french.exact(at)}</time>')
        return Markup(f'<time datetime="{at.isoformat()}" title="{french.exact(at)}">{french.ago(at)}</time>')

    def row(
        self,
        key: object = None,
        selectable: bool = False,
        active: bool = False,
        name: str | None = None,
        id: str | None = None,
        caller: Body = None,
    ) -> Markup:
        """A row of `ui.table`; called with its cells. `name` is what a screen reader hears for the tick box."""
        own_id = f' id="{escape(id)}"' if id else ""
        shown = ' class="is-active" aria-current="true"' if active else ""
        tick = (
            '<td class="cell-tick" role="cell"><label class="tick"><input class="form-check-input" type="checkbox" name="ids" '
            f'value="{escape(key)}" data-select aria-label="Sélectionner {escape(name or key)}"></label></td>'
            if selectable
            else ""
        )
        return Markup(f'<tr role="row"{own_id}{shown}>{tick}{caller() if caller else ""}</tr>')

    def td(
        self,
        label: str,
        value: object = "",
        num: bool = False,
        mono: bool = False,
        href: str | None = None,
        detail: str | None = None,
        phone: str | None = None,
        caller: Body = None,
    ) -> Markup:
        """A cell. `label` is its column's, read on phones; `href` makes the row a link, `detail` (a selector) swaps that pane instead of leaving.

        `phone`: None is a line « label value », "main" is the card's title (a cell with `href` is), "top" sits at its top right, "hide" is left out.
        """
        body = escape(value) + Markup(caller()) if caller else escape(value)
        if href:
            target = escape(href)
            swap = f' hx-get="{target}" hx-target="{escape(detail)}" hx-swap="outerHTML" hx-push-url="true"' if detail else ""
            body = Markup(f'<a class="row-link" data-row-link href="{target}"{swap}>{body}</a>')
        return Markup(f"{self.td_opening(label, num, mono, bool(href), phone)}{body}</td>")

    def td_opening(self, label: str, num: bool, mono: bool, main: bool, phone: str | None) -> str:
        """The opening tag of a cell: the same for a whole column."""
        named = (("num", num), ("mono", mono), ("cell-main", main), (f"cell-{phone}", phone))
        classes = " ".join(name for name, wanted in named if wanted)
        shown = f' class="{classes}"' if classes else ""
        return f'<td role="cell" data-label="{escape(label)}"{shown}>'
