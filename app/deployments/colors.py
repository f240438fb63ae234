"""Colours `#rrggbb` and how well a text reads on them (WCAG 2.2)."""

from __future__ import annotations

import re

INK, WHITE, BLACK = "#1c2430", "#ffffff", "#000000"
READABLE, VISIBLE = 4.5, 3.0
"""Level AA: a text on its ground, a button on its page."""
_COLOR = re.compile(r"#[0-9a-fA-F]{6}")
_STEPS = 50


def is_color(text: str) -> bool:
    """True for `#rrggbb`."""
    return _COLOR.fullmatch(text) is not None


def readable_on(color: str) -> str:
    """The ink or white that reads better on a colour."""
    return max(INK, WHITE, key=lambda text: contrast(text, color))


def legible(color: str) -> str:
    """The colour itself when a text reads on it, else the nearest one on the way to black or to white on which it does."""
    for step in range(_STEPS):
        for end in (BLACK, WHITE):
            candidate = _mix(color, end, step / _STEPS) if step else color
            if contrast(readable_on(candidate), candidate) >= READABLE:
                return candidate
    return INK


def contrast(one: str, other: str) -> float:
    """How much two colours differ, 1 to 21 (WCAG 2.2 contrast ratio)."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(color: str) -> float:
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (part / 255 for part in _channels(color)))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _channels(color: str) -> tuple[int, int, int]:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def _mix(color: str, end: str, share: float) -> str:
    mixed = (round(one + (other - one) * share) for one, other in zip(_channels(color), _channels(end), strict=True))
    return "#" + "".join(f"{part:02x}" for part in mixed)
