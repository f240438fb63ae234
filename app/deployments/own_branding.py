"""How an artisan's conversations look by default: what he says of it, checked (003 §15.2 C; PRODUCT.md, Branding)."""

from __future__ import annotations

from collections.abc import Mapping

from app.audit.service import record
from app.core.errors import InvalidError
from app.core.text import clean_line
from app.deployments.branding import is_color
from app.identity.models import User

LENGTHS = {"title": 60, "primary_color": 7, "welcome_message": 400, "placeholder": 60, "signature": 80}
"""What may be written at each, in characters; the logo comes from the company's page."""


def change_own_branding(account: User, values: Mapping[str, str | None]) -> None:
    """Keep the words and the colour that the account's conversations begin with; an empty one inherits. Raises InvalidError by field."""
    cleaned = {name: clean_line(values.get(name) or "") for name in LENGTHS}
    errors = {name: [f"{limit} caractères au plus."] for name, limit in LENGTHS.items() if len(cleaned[name]) > limit}
    if cleaned["primary_color"] and not is_color(cleaned["primary_color"]):
        errors["primary_color"] = ["Une couleur s’écrit #24518f : un dièse et six chiffres ou lettres de a à f."]
    if errors:
        raise InvalidError("L’apparence est à corriger.", errors)
    kept = {name: value for name, value in account.branding.items() if name not in LENGTHS}
    account.branding = kept | {name: value for name, value in cleaned.items() if value}
    record("branding.changed", account.id)
