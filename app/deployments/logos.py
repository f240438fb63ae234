"""The logo of an agent or of a deployment: as a company's, re-encoded on `heavy`; its state stands in the branding itself."""

from __future__ import annotations

from typing import Any, Literal

from app.agents.models import Agent
from app.audit.service import record
from app.core import acting
from app.core.acting import Actor
from app.core.jobs import enqueue_after_commit, job
from app.core.storage import storage
from app.core.transaction import after_commit, transaction
from app.deployments.models import Deployment
from app.extensions import db
from app.files.logos import URL_SECONDS, keep_raw_logo, reencode_logo
from app.files.service import signed_url

Kind = Literal["agent", "deployment"]
_SHOWN = ("logo_url", "logo_key")
_STATE = ("logo_state", "logo_error")


def take_brand_logo(actor: Actor, row: Agent | Deployment, data: bytes) -> None:
    """Keep what arrived and queue its re-encoding, which acts as who sent it. Raises TooLargeError, WrongTypeError."""
    raw_key = keep_raw_logo(row.id, data)
    _write(row, _without(row, _STATE) | {"logo_state": "processing"})
    record("branding.logo_received", row.id)
    kind: Kind = "agent" if isinstance(row, Agent) else "deployment"
    enqueue_after_commit(process_brand_logo, kind, row.id, actor.user_id, actor.role, actor.account_id, raw_key)


def remove_brand_logo(row: Agent | Deployment) -> None:
    """Go back to what is inherited."""
    _forget_file(row)
    _write(row, _without(row, (*_SHOWN, *_STATE)))
    record("branding.logo_removed", row.id)


@job(queue="heavy", timeout=60)
def process_brand_logo(kind: Kind, row_id: str, user_id: str, role: str, account_id: str, raw_key: str) -> None:
    """Re-encode one logo and show it; a refused one says why."""
    done = reencode_logo(row_id, raw_key)
    if done is None:
        return  # the job came twice
    with transaction(acting.user(user_id, role=role, account_id=account_id)):
        row = db.session.get(Agent if kind == "agent" else Deployment, row_id, with_for_update=True)
        if row is not None and done.key is None:
            _write(row, _without(row, _STATE) | {"logo_state": "refused", "logo_error": done.refusal})
        elif row is not None:
            _forget_file(row)
            _write(row, _without(row, _STATE) | {"logo_url": signed_url(done.key, URL_SECONDS), "logo_key": done.key})
        after_commit(lambda: storage().delete(raw_key))


def branding_of(row: Agent | Deployment) -> dict[str, Any]:
    """What the row says of its look."""
    return row.default_branding if isinstance(row, Agent) else row.branding


def _write(row: Agent | Deployment, branding: dict[str, Any]) -> None:
    if isinstance(row, Agent):
        row.default_branding = branding
    else:
        row.branding = branding


def _without(row: Agent | Deployment, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: value for name, value in branding_of(row).items() if name not in names}


def _forget_file(row: Agent | Deployment) -> None:
    old = branding_of(row).get("logo_key")
    if old:
        after_commit(lambda: storage().delete(old))
