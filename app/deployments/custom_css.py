"""A style sheet given from outside, reduced to what may dress the chat page (003 §3.3, `custom_css`; PRODUCT.md, Branding).

Nothing of the given text reaches a page: it is parsed, each part is compared with a list of what is allowed, and what passes is written
anew under `.chat`. What could hide, move or imitate is on no list: the notice that an AI answers stays as the page shows it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import tinycss2

from app.deployments.colors import READABLE
from app.deployments.css_values import Refused, check_value, is_contrast_enough

MAX_LENGTH = 4000
MAX_COMPOUNDS = 3
QUALIFIERS = frozenset({"first", "last", "from-agent", "from-artisan", "from-visitor", "message", "primary"})
"""Classes of the page that say where a part stands."""
PARTS: dict[str, tuple[str, ...] | None] = {
    "bar": (".subtitle", ".round"),
    "bubble": (".author", ".doing"),
    "button": (),
    "mark": (),
    "send": (),
    "chat": None,
    "composer": None,
    "log": None,
    "quote": None,
    "who": None,
    "write": None,
}
"""What may be dressed. A tuple: colours too, and the texts inside that follow its colour; None: what it holds has grounds of its own."""
STATES = frozenset({"hover", "active", "focus-visible"})
MEDIA = {"prefers-color-scheme": ("dark", "light"), "prefers-reduced-motion": ("reduce", "no-preference")}
WIDTHS = ("min-width", "max-width")
GUARD = (
    ".chat #notice{color:var(--muted)!important;background:var(--paper)!important;font:1rem/1.35 system-ui,sans-serif!important;"
    "letter-spacing:normal!important;text-transform:none!important}"
)
"""Written after everything: the notice keeps its own ground and its own letters."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Something left out: its line in what was typed, what it is, why."""

    line: int
    subject: str
    reason: str

    @property
    def sentence(self) -> str:
        """All of it in one sentence."""
        return f"Ligne {self.line}, « {self.subject} » : {self.reason}"


@dataclass(frozen=True, slots=True)
class Sheet:
    """What may be served, and what was left out."""

    css: str = ""
    refused: tuple[Refusal, ...] = ()


@dataclass(slots=True)
class _Reading:
    """A style sheet being read."""

    lines: list[str]
    refused: list[Refusal] = field(default_factory=list)

    def refuse(self, node: Any, reason: str, subject: str | None = None) -> None:
        line = min(max(node.source_line, 1), len(self.lines))
        self.refused.append(Refusal(line, subject or self.lines[line - 1].strip()[:60] or "fin du texte", reason))


@lru_cache(maxsize=512)
def read_sheet(text: str) -> Sheet:
    """Reduce a style sheet to its allowed part, and explain each thing refused."""
    if not text.strip():
        return Sheet()
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n").split("\n")
    if len(text) > MAX_LENGTH:
        return Sheet("", (Refusal(1, lines[0].strip()[:60] or "texte", f"{MAX_LENGTH} caractères au plus en tout."),))
    reading = _Reading(lines)
    rules = list(_rules(reading, tinycss2.parse_stylesheet(text, skip_comments=True, skip_whitespace=True), depth=0))
    return Sheet("\n".join([*rules, GUARD]) if rules else "", tuple(reading.refused))


def _rules(reading: _Reading, nodes: Iterable[Any], depth: int) -> Iterator[str]:
    for node in nodes:
        if node.type == "qualified-rule":
            yield from _rule(reading, node)
        elif node.type == "at-rule" and node.lower_at_keyword == "media" and node.content is not None and depth == 0:
            condition = _media(node.prelude)
            if condition is None:
                reading.refuse(node, "seules les conditions de largeur et de thème, comme (prefers-color-scheme: dark), sont admises.")
                continue
            inner = tinycss2.parse_rule_list(node.content, skip_comments=True, skip_whitespace=True)
            if rules := list(_rules(reading, inner, depth=1)):
                yield f"@media {condition}{{{''.join(rules)}}}"
        elif node.type == "at-rule":
            reading.refuse(node, "seule la règle @media est admise : rien n’est chargé, animé ni redéfini.", f"@{node.at_keyword[:30]}")
        elif node.type == "error":
            reading.refuse(node, "cette ligne n’est pas une règle CSS complète.")
        else:
            reading.refuse(node, "une règle « .bubble { … } » est attendue.")


def _rule(reading: _Reading, rule: Any) -> Iterator[str]:
    try:
        selectors = [_selector(tokens) for tokens in _split(rule.prelude, ",")]
    except Refused as refused:
        reading.refuse(rule, str(refused))
        return
    parts = [PARTS[part] for _, part in selectors]
    declarations = _declarations(reading, rule, colours=all(follow is not None for follow in parts))
    if not declarations:
        return
    names = ",".join(selector for selector, _ in selectors)
    yield f"{names}{{{';'.join(f'{name}:{value}' for name, value in declarations.items())}}}"
    if "color" in declarations:
        followers = [f"{selector} {inner}" for (selector, _), follow in zip(selectors, parts, strict=True) for inner in follow or ()]
        if followers:
            yield f"{','.join(followers)}{{color:inherit}}"


def _declarations(reading: _Reading, rule: Any, *, colours: bool) -> dict[str, str]:
    kept: dict[str, str] = {}
    where: dict[str, Any] = {}
    for node in tinycss2.parse_blocks_contents(rule.content, skip_comments=True, skip_whitespace=True):
        if node.type != "declaration":
            reading.refuse(node, "une déclaration « propriété : valeur; » est attendue ; les règles imbriquées ne sont pas admises.")
            continue
        try:
            if node.important:
                raise Refused("« !important » n’est pas admis.")
            name, value = check_value(node.lower_name, node.value)
            if name in ("color", "background-color") and not colours:
                raise Refused("cette partie contient d’autres fonds : colorez .bar, .bubble, .button, .mark ou .send.")
        except Refused as refused:
            reading.refuse(node, str(refused), node.name[:40])
        else:
            kept[name], where[name] = value, node
    given = [name for name in ("color", "background-color") if name in kept]
    if len(given) == 1:
        other = "background-color" if given == ["color"] else "color"
        reading.refuse(where[given[0]], f"écrivez aussi « {other} » dans cette règle : la lisibilité se juge sur les deux.", given[0])
    elif given and not is_contrast_enough(kept["color"], kept["background-color"]):
        ratio = f"{READABLE}".replace(".", ",")
        reading.refuse(where["color"], f"ce texte serait difficile à lire sur ce fond (contraste sous {ratio} pour 1).", "color")
        given = ["color"]
    if len(given) == 1:
        kept.pop("color", None)
        kept.pop("background-color", None)
    return kept


def _selector(tokens: list[Any]) -> tuple[str, str]:
    """A selector written anew under `.chat`, and the part it dresses. Raises Refused."""
    compounds: list[list[str]] = [[]]
    states: list[str] = []
    after = ""
    for token in _trimmed(tokens):
        if token.type == "whitespace":
            compounds.append([])
        elif states:
            raise Refused("un état comme :hover vient à la fin du sélecteur.")
        elif token.type == "literal" and token.value in (".", ":") and not after:
            after = token.value
            continue
        elif token.type == "ident" and after == "." and (token.value in PARTS or token.value in QUALIFIERS):
            compounds[-1].append(token.value)
        elif token.type == "ident" and after == ":" and token.lower_value in STATES and compounds[-1]:
            states.append(token.lower_value)
        else:
            raise Refused(f"seules ces parties se choisissent : {', '.join(f'.{part}' for part in sorted(PARTS))}.")
        if after and token.type == "whitespace":
            raise Refused("ce sélecteur n’est pas complet.")
        after = ""
    if after or not all(compounds):
        raise Refused("ce sélecteur n’est pas complet.")
    dressed = [name for name in compounds[-1] if name in PARTS]
    if len(dressed) != 1 or len(compounds) > MAX_COMPOUNDS:
        raise Refused(f"une seule partie au bout du sélecteur, et {MAX_COMPOUNDS} niveaux au plus.")
    if compounds[0] != ["chat"]:
        compounds.insert(0, ["chat"])
    text = " ".join("".join(f".{name}" for name in names) for names in compounds)
    return text + "".join(f":{state}" for state in states), dressed[0]


def _media(prelude: list[Any]) -> str | None:
    """A condition written anew: `(prefers-color-scheme:dark)`, `(max-width:600px)`, joined by `and`. None when not allowed."""
    conditions: list[str] = []
    for position, token in enumerate(token for token in prelude if token.type not in ("whitespace", "comment")):
        if position % 2:
            if token.type != "ident" or token.lower_value != "and":
                return None
            continue
        inner = [one for one in token.content if one.type != "whitespace"] if token.type == "() block" else []
        if len(inner) != 3 or inner[0].type != "ident" or inner[1] != ":":
            return None
        name, value = inner[0].lower_value, inner[2]
        if value.type == "ident" and value.lower_value in MEDIA.get(name, ()):
            conditions.append(f"({name}:{value.lower_value})")
        elif name in WIDTHS and value.type == "dimension" and value.lower_unit == "px" and 0 < value.value <= 5000:
            conditions.append(f"({name}:{value.value:g}px)")
        else:
            return None
    return " and ".join(conditions) or None


def _split(tokens: list[Any], literal: str) -> list[list[Any]]:
    groups: list[list[Any]] = [[]]
    for token in tokens:
        if token.type == "literal" and token.value == literal:
            groups.append([])
        else:
            groups[-1].append(token)
    return groups


def _trimmed(tokens: list[Any]) -> list[Any]:
    kept = [token for token in tokens if token.type != "comment"]
    while kept and kept[0].type == "whitespace":
        kept.pop(0)
    while kept and kept[-1].type == "whitespace":
        kept.pop()
    return kept
