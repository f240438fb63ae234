"""How a conversation looks and speaks: agent → deployment → artisan → editor link, then variables (003 §15.2 C; PRODUCT.md, Branding)."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from functools import lru_cache
from typing import Any

from app.deployments.colors import is_color, legible, readable_on
from app.deployments.custom_css import read_sheet

DEFAULTS: dict[str, Any] = {
    "title": "{artisan.name}",
    "primary_color": "#24518f",
    "logo_url": None,
    "welcome_message": "Bonjour, je suis l’assistant de {artisan.name}. Pouvez-vous me décrire votre projet ?",
    "placeholder": "Votre message",
    "signature": "",
    "powered_by": True,
    "custom_css": "",
}
OF_THE_HOUSE = ("powered_by", "custom_css")
"""What only an agent and a deployment may say: not their artisans."""
WORDS = ("title", "welcome_message", "placeholder", "signature")
"""What may hold variables."""
ALIASES = {"chat_title": "title"}
"""Names of 003 §3.3."""
OUR_FILES = "/files/"
_VARIABLE = re.compile(r"\{[a-z_.]+\}")
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


def resolve_branding(levels: Sequence[Mapping[str, Any] | None], names: Names, *, required_branding: bool = False) -> dict[str, Any]:
    """Merge the levels, the last one wins; an empty value inherits. Variables are replaced; unknown or empty ones disappear cleanly.

    The first two levels are an agent's and a deployment's: only they decide on `powered_by` (which `required_branding` forces) and
    on `custom_css`, given back filtered. `primary_color` is corrected when no text reads on it: `color_asked` then says what was asked.
    `version` names the result: what has the same version is the same. Kept in memory by version; never whether anything is active.
    """
    given = [own_values(level, house=place < 2) for place, level in enumerate(levels)]
    return dict(_resolved(json.dumps([given, astuple(names), required_branding], ensure_ascii=False, sort_keys=True)))


def own_values(level: Mapping[str, Any] | None, *, house: bool = True) -> dict[str, Any]:
    """What a level says itself: known fields that are not empty, by their present names; an image only from our own host."""
    found: dict[str, Any] = {}
    for key, value in (level or {}).items():
        name = ALIASES.get(key, key)
        if name not in DEFAULTS or value in (None, "") or (name in OF_THE_HOUSE and not house) or (key in ALIASES and name in found):
            continue
        if name == "powered_by" or isinstance(value, str):
            found[name] = value
    if not str(found.get("logo_url", OUR_FILES)).startswith(OUR_FILES):
        del found["logo_url"]
    return found


@lru_cache(maxsize=1024)
def _resolved(text: str) -> Mapping[str, Any]:
    levels, named, required = json.loads(text)
    merged = dict(DEFAULTS)
    for level in levels:
        merged.update(level)
    names = Names(*named)
    variables = names.variables()
    merged.update({name: fill(merged[name], variables) for name in WORDS})
    merged["title"] = merged["title"] or names.agent
    asked = merged["primary_color"] if is_color(str(merged["primary_color"])) else DEFAULTS["primary_color"]
    color = legible(asked)
    return merged | {
        "powered_by": bool(merged["powered_by"]) or required,
        "custom_css": read_sheet(merged["custom_css"]).css,
        "primary_color": color,
        "on_primary": readable_on(color),
        "color_asked": asked if asked != color else None,
        "version": hashlib.sha256(text.encode()).hexdigest()[:16],
    }


def fill(template: str, variables: Mapping[str, str]) -> str:
    """Replace the variables; what an empty one leaves behind (two spaces, a space before a comma) goes too."""
    text = _VARIABLE.sub(lambda match: variables.get(match.group(), ""), template)
    if text != template:
        for pattern, replacement in _LEFTOVERS:
            text = pattern.sub(replacement, text)
    return text.strip()
