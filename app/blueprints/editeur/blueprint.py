"""The blueprint, and the words its templates share."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from app.blueprints.editeur.banner import plan_banner
from app.blueprints.editeur.words import EVENT_LABELS, is_leaving, result_pill
from app.core.acting import current_actor
from app.core.identifiers import format_phone_fr
from app.web.access import signed_in
from app.web.link_sharing import link_pill

bp = Blueprint("editeur", __name__, url_prefix="/editeur")


def account_id() -> str:
    """The editor acted for."""
    return signed_in().account_id or ""


@bp.context_processor
def _words() -> dict[str, Any]:
    return {
        "event_labels": EVENT_LABELS,
        "is_leaving": is_leaving,
        "result_pill": result_pill,
        "link_pill": link_pill,
        "may": current_actor().can,
        "phone": _phone,
        "page_banner": plan_banner,
    }


def _phone(e164: str | None) -> str:
    return format_phone_fr(e164) if e164 else ""
