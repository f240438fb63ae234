"""Names for the ids that figures bear, one query a kind, for those that the reader may see."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import func, select

from app.agents.models import Agent
from app.billing.figures import NONE
from app.deployments.models import Deployment
from app.extensions import db
from app.identity.models import User

Names = dict[str, str]


def agent_names(ids: Iterable[str | None]) -> Names:
    """Agents by id; the key NONE is what has no agent."""
    return _found(ids, Agent.id, Agent.name) | {NONE: "Sans agent"}


def editor_names(ids: Iterable[str | None]) -> Names:
    """Editors by id; the key NONE is what has none."""
    return account_names(ids) | {NONE: "Sans éditeur"}


def deployment_names(ids: Iterable[str | None]) -> Names:
    """Deployments by id; the key NONE is what has none."""
    return _found(ids, Deployment.id, Deployment.name) | {NONE: "Hors déploiement"}


def account_names(ids: Iterable[str | None]) -> Names:
    """Accounts by id."""
    return _found(ids, User.id, func.coalesce(User.company_name, User.name))


def _found(ids: Iterable[str | None], key: object, name: object) -> Names:
    wanted = {one for one in ids if one}
    if not wanted:
        return {}
    rows = db.session.execute(select(key, name).where(key.in_(wanted)))  # type: ignore[call-overload, attr-defined]
    return {row[0]: row[1] for row in rows}
