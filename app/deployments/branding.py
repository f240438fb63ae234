"""How a conversation looks and speaks: agent → deployment → artisan → editor link, then variables (003 §15.2 C; PRODUCT.md, Branding)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

DEFAULTS: dict[str, Any] = {
    "title": "{artisan.name}",
    "primary_color": "#24518f",
    "logo_url": None,
    "welcome_message": "Bonjour, je suis l’assistant de {artisan.name}. Pouvez-vous me décrire votre projet ?",
    "placeholder": "Votre message",
    "signature": "",
    "powered_by": True,
}
INK, WHITE = "#1c2430", "#ffffff"
_VARIABLE = re.compile(r"\{[a-z_.]+\}")
_COLOR = re.compile(r"#[0-9a-fA-F]{6}")
_LEFTOVERS = ((re.compile(r"\s{2,}"), " "), (re.compile(r"\s+([,.])"), r"\1"))


@dataclass(frozen=True, slots=True)
class Names:
    """What the variables stand for."""

    agent: str = ""
    editor: str = ""
    artisan: str = ""
    artisan_phone: str = ""
    particulier: str = ""

    def variables(self) -> dict[str, str]:
        """Every variable, the older names included."""
        return {
            "{agent.name}": self.agent,
            "{editor.name}": self.editor,
            "{client.name}": self.editor,
            "{artisan.name}": self.artisan,
            "{artisan.phone}": self.artisan_phone,
            "{user.name}": self.artisan,
            "{user.company_name}": self.artisan,
            "{particulier.name}": self.particulier,
        }


def resolve_branding(levels: list[Mapping[str, Any] | None], names: Names) -> dict[str, Any]:
    """Merge the levels, the last one wins; an empty value inherits. Variables are replaced; unknown or empty ones disappear cleanly."""
    merged = dict(DEFAULTS)
    for level in levels:
        merged.update({key: value for key, value in (level or {}).items() if key in DEFAULTS and value not in (None, "")})
    variables = names.variables()
    resolved = {key: _fill(value, variables) if isinstance(value, str) else value for key, value in merged.items()}
    if not is_color(str(resolved["primary_color"])):
        resolved["primary_color"] = DEFAULTS["primary_color"]
    resolved["title"] = resolved["title"] or names.agent
    resolved["on_primary"] = readable_on(resolved["primary_color"])
    return resolved


def is_color(text: str) -> bool:
    """True for `#rrggbb`."""
    return _COLOR.fullmatch(text) is not None


def readable_on(color: str) -> str:
    """The ink or white that reads better on a colour `#rrggbb`."""
    return max(INK, WHITE, key=lambda text: contrast(text, color))


def contrast(one: str, other: str) -> float:
    """How much two colours `#rrggbb` differ, 1 to 21 (WCAG 2.2 contrast ratio; 4.5 for text, 3 for a button on its page)."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(color: str) -> float:
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _fill(template: str, variables: Mapping[str, str]) -> str:
    text = _VARIABLE.sub(lambda match: variables.get(match.group(), ""), template)
    if text != template:
        for pattern, replacement in _LEFTOVERS:
            text = pattern.sub(replacement, text)
    return text.strip()
