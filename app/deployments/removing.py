"""Taking back a deployment that never served. One that did is put out of service: its conversations and links refer to it."""

from __future__ import annotations

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError

from app.audit.service import record
from app.core.errors import ConflictError
from app.deployments.models import Deployment
from app.extensions import db


def remove_deployment(deployment: Deployment) -> None:
    """Delete a deployment with its domains and settings. Raises ConflictError when a conversation or a link was made through it."""
    deployment_id, name = deployment.id, deployment.name
    try:
        with db.session.begin_nested():
            db.session.execute(delete(Deployment).where(Deployment.id == deployment_id))
    except IntegrityError:
        raise ConflictError("Ce déploiement a déjà servi : mettez-le hors service plutôt.", code="deployment_used") from None
    record("deployment.removed", deployment_id, name=name)
