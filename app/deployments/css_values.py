"""The properties that may dress the chat page, and the values of each: bounded, written anew, without any function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from app.deployments.colors import READABLE, contrast

Check = Callable[[list[Any]], str]
SIDES = ("top", "right", "bottom", "left")
CORNERS = ("top-left", "top-right", "bottom-right", "bottom-left")
LINES = ("solid", "dashed", "dotted", "double", "none")
FONTS = frozenset(
    {
        "arial", "avenir", "calibri", "cambria", "candara", "courier new", "garamond", "georgia", "gill sans", "helvetica", "helvetica neue",
        "inter", "lato", "monospace", "open sans", "optima", "palatino", "roboto", "sans-serif", "segoe ui", "serif", "system-ui", "tahoma",
        "times new roman", "trebuchet ms", "ui-monospace", "ui-rounded", "ui-sans-serif", "ui-serif", "verdana",
    }
)  # fmt: skip
"""Fonts that a device may have: none is loaded."""


class Refused(Exception):
    """Why a selector or a value is not allowed, in French."""


def is_contrast_enough(text: str, ground: str) -> bool:
    """True when a text `#rrggbb` reads on a ground `#rrggbb` (WCAG 2.2 AA)."""
    return contrast(text, ground) >= READABLE


def check_value(name: str, tokens: list[Any]) -> tuple[str, str]:
    """The property and its value written anew. Raises Refused with the reason."""
    name = "background-color" if name == "background" else name
    check = PROPERTIES.get(name)
    values = [token for token in tokens if token.type not in ("whitespace", "comment")]
    if check is None:
        raise Refused("cette propriété n’est pas admise : couleurs, police, bordures, arrondis, ombres et marges intérieures seulement.")
    if any(token.type in ("function", "url") for token in values):
        raise Refused("aucune fonction n’est admise, comme url(), var(), calc() ou attr().")
    if not values:
        raise Refused("une valeur est attendue.")
    return name, check(values)


def _one_of(*words: str) -> Check:
    def check(values: list[Any]) -> str:
        if len(values) == 1 and values[0].type == "ident" and values[0].lower_value in words:
            return str(values[0].lower_value)
        raise Refused(f"valeurs admises : {', '.join(words)}.")

    return check


def _number(low: float, high: float) -> Check:
    def check(values: list[Any]) -> str:
        if len(values) == 1 and values[0].type == "number" and low <= values[0].value <= high:
            return f"{values[0].value:g}"
        raise Refused(f"un nombre de {_french(low)} à {_french(high)} est attendu.")

    return check


def _lengths(low: float, high: float, most: int = 1, em: bool = False) -> Check:
    """One to `most` lengths within bounds in pixels; `rem` counts 16 of them, `em` (where allowed) too."""

    def check(values: list[Any]) -> str:
        if len(values) > most:
            raise Refused(f"{most} valeur{'s' if most > 1 else ''} au plus.")
        return " ".join(_length(value, low, high, em) for value in values)

    return check


def _length(token: Any, low: float, high: float, em: bool = False) -> str:
    if token.type == "number" and token.value == 0 and low <= 0:
        return "0"
    scale = {"px": 1.0, "rem": 16.0} | ({"em": 16.0} if em else {})
    if token.type == "dimension" and token.lower_unit in scale and low <= token.value * scale[token.lower_unit] <= high:
        return f"{token.value:g}{token.lower_unit}"
    raise Refused(f"une longueur de {_french(low)} à {_french(high)} px est attendue, en px ou en rem.")


def _color(token: Any) -> str:
    """A colour in hexadecimal, opaque or not."""
    if token.type == "hash" and len(token.value) in (3, 4, 6, 8) and all(char in "0123456789abcdefABCDEF" for char in token.value):
        return f"#{token.value.lower()}"
    raise Refused("une couleur s’écrit #24518f : un dièse et des chiffres ou lettres de a à f.")


def _opaque(values: list[Any]) -> str:
    if len(values) != 1:
        raise Refused("une seule couleur est attendue, sans image ni dégradé.")
    color = _color(values[0])
    if len(color) == 4:
        color = "#" + "".join(char * 2 for char in color[1:])
    if len(color) != 7:
        raise Refused("une couleur opaque est attendue, comme #24518f.")
    return color


def _colors(values: list[Any]) -> str:
    if len(values) > 4:
        raise Refused("4 couleurs au plus.")
    return " ".join(_color(value) for value in values)


def _border(values: list[Any]) -> str:
    """Width, style and colour, in any order."""
    words: list[str] = []
    for token in values:
        if token.type == "ident" and token.lower_value in LINES:
            words.append(token.lower_value)
        elif token.type == "hash":
            words.append(_color(token))
        else:
            words.append(_length(token, 0, 8))
    if len(words) > 3:
        raise Refused("une épaisseur, un style et une couleur, comme 1px solid #24518f.")
    return " ".join(words)


def _shadow(values: list[Any]) -> str:
    """One small shadow: it may not cover what stands beside."""
    if len(values) == 1 and values[0].type == "ident" and values[0].lower_value == "none":
        return "none"
    colors = [_color(token) for token in values if token.type == "hash"]
    lengths = [_length(token, -16, 24) for token in values if token.type in ("dimension", "number")]
    if len(colors) != 1 or not 2 <= len(lengths) <= 3 or len(colors) + len(lengths) != len(values):
        raise Refused("une seule ombre, comme 0 1px 4px #00000022.")
    return " ".join([*lengths, *colors])


def _weight(values: list[Any]) -> str:
    token = values[0]
    if len(values) == 1 and token.type == "ident" and token.lower_value in ("normal", "bold"):
        return str(token.lower_value)
    if len(values) == 1 and token.type == "number" and 400 <= token.value <= 800:
        return f"{token.value:g}"
    raise Refused("normal, bold ou un nombre de 400 à 800.")


def _fonts(values: list[Any]) -> str:
    families: list[list[str]] = [[]]
    for token in values:
        if token.type == "literal" and token.value == ",":
            families.append([])
        elif token.type in ("ident", "string"):
            families[-1].append(token.value.lower())
        else:
            raise Refused("des noms de polices séparés par des virgules sont attendus.")
    names = [" ".join(words) for words in families]
    unknown = next((name for name in names if name not in FONTS), None)
    if unknown is not None:
        raise Refused("cette police n’est pas de la liste : system-ui, Georgia, Arial, Verdana, Trebuchet MS…")
    return ",".join(f'"{name}"' if " " in name else name for name in names)


def _french(number: float) -> str:
    return f"{number:g}".replace(".", ",").replace("-", "−")


PROPERTIES: dict[str, Check] = {
    "color": _opaque,
    "background-color": _opaque,
    "border": _border,
    "border-color": _colors,
    "border-style": _one_of(*LINES),
    "border-width": _lengths(0, 8, 4),
    "border-radius": _lengths(0, 32, 4),
    "box-shadow": _shadow,
    "font-family": _fonts,
    "font-size": _lengths(16, 24),
    "font-style": _one_of("normal", "italic"),
    "font-weight": _weight,
    "letter-spacing": _lengths(-0.5, 2, em=True),
    "line-height": _number(1.2, 2),
    "padding": _lengths(0, 32, 4),
    "text-align": _one_of("left", "center", "right", "start", "end"),
    "text-transform": _one_of("none", "uppercase", "capitalize"),
    **{f"border-{side}": _border for side in SIDES},
    **{f"border-{corner}-radius": _lengths(0, 32) for corner in CORNERS},
    **{f"padding-{side}": _lengths(0, 32) for side in SIDES},
}
