"""The history of what a deployment changes of its agent: saved, compared, restored (003 §13; PRODUCT.md, Overlay)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select

from app.agents.models import Agent
from app.audit.service import record
from app.core.acting import current_actor
from app.core.errors import ConflictError, NotFoundError
from app.core.text import clean_line
from app.deployments.models import Deployment
from app.deployments.overlay import TABLE, checked, writer_lock
from app.deployments.version_models import OverlayVersion
from app.extensions import db

MAX_NOTE = 200
BEFORE = "Avant la première modification"


def versions_of(deployment_id: str) -> Sequence[OverlayVersion]:
    """Every version, the newest first."""
    return db.session.scalars(
        select(OverlayVersion).where(OverlayVersion.deployment_id == deployment_id).order_by(OverlayVersion.number.desc())
    ).all()


def version_of(deployment_id: str, number: int) -> OverlayVersion:
    """One version. Raises NotFoundError."""
    found = db.session.get(OverlayVersion, (deployment_id, number))
    if found is None:
        raise NotFoundError("Cette version n’existe pas.", code="unknown_version")
    return found


def latest_number(deployment_id: str) -> int:
    """The number of the newest version; 0 before the first."""
    found = select(OverlayVersion.number).where(OverlayVersion.deployment_id == deployment_id)
    return db.session.scalar(found.order_by(OverlayVersion.number.desc()).limit(1)) or 0


def change_overlay(deployment: Deployment, values: Mapping[str, Any], note: str = "", *, base: int | None = None) -> OverlayVersion | None:
    """Change some fields of what a deployment says in place of its agent; None or an empty text goes back to the agent's.

    Replies in force use it at once. Returns the new version, or None when nothing changes. `base` is the version that was read:
    raises ConflictError (`overlay_changed`) when somebody saved another one since. Raises InvalidError by field.
    """
    _lock(deployment)
    if base is not None and base != latest_number(deployment.id):
        raise ConflictError("Quelqu’un a enregistré d’autres réglages pendant que vous écriviez.", code="overlay_changed")
    agent = db.session.get_one(Agent, deployment.agent_id)
    made = checked(values, deployment.config_overlay, agent, dedicated=deployment.mode == "dedicated")
    if made == deployment.config_overlay:
        return None
    changed = sorted(name for name in {*made, *deployment.config_overlay} if made.get(name) != deployment.config_overlay.get(name))
    if latest_number(deployment.id) == 0:
        _keep(deployment, deployment.config_overlay, BEFORE, named=False)
    deployment.config_overlay = made
    version = _keep(deployment, made, clean_line(note)[:MAX_NOTE])
    record("deployment.overlay_changed", deployment.id, version=version.number, fields=", ".join(changed))
    return version


def restore_version(deployment: Deployment, number: int) -> OverlayVersion | None:
    """Go back to a version, as a new one. Fields that the acting person may not write stay as they are. Raises as `change_overlay`."""
    version = version_of(deployment.id, number)
    agent = db.session.get_one(Agent, deployment.agent_id)
    dedicated = deployment.mode == "dedicated"
    writable = {name: version.overlay.get(name) for name, field in TABLE.items() if writer_lock(field, agent, dedicated=dedicated) is None}
    return change_overlay(deployment, writable, f"Version {number} restaurée")


def first_version(deployment: Deployment) -> None:
    """Open the history of a new deployment."""
    _keep(deployment, deployment.config_overlay, "Création du déploiement")


def _lock(deployment: Deployment) -> None:
    """Whoever changes the overlay waits for the one before him, and reads what he wrote."""
    db.session.refresh(deployment, attribute_names=["config_overlay", "mode"], with_for_update=True)


def _keep(deployment: Deployment, overlay: Mapping[str, Any], note: str, *, named: bool = True) -> OverlayVersion:
    actor = current_actor()
    version = OverlayVersion(
        deployment_id=deployment.id,
        number=latest_number(deployment.id) + 1,
        editor_id=deployment.editor_id,
        overlay=dict(overlay),
        author_id=actor.user_id if named else None,
        author_name=actor.name if named else "",
        note=note,
    )
    db.session.add(version)
    db.session.flush()
    return version
