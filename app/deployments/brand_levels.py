"""The four places where a look is written: agent, deployment, artisan, his tie to an editor (003 §15.2 C; PRODUCT.md, Branding)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, select, text

from app.agents.models import Agent
from app.audit.service import record
from app.core.acting import current_actor, visitor
from app.core.errors import ConflictError, InvalidError
from app.core.text import clean_line
from app.core.transaction import act_as
from app.deployments.branding import ALIASES, own_values
from app.deployments.colors import is_color
from app.deployments.custom_css import MAX_LENGTH, read_sheet
from app.deployments.models import Deployment
from app.extensions import db
from app.identity.models import EditorLink, User

LENGTHS = {"title": 80, "primary_color": 7, "welcome_message": 500, "placeholder": 80, "signature": 200}
"""What is written at every level, in characters; the editor's API says the same."""
OWN = tuple(LENGTHS)
HOUSE = (*OWN, "powered_by", "custom_css")
"""What an agent and a deployment say besides. Logos are files: `deployments.logos`, `files.logos`."""


@dataclass(frozen=True, slots=True)
class Level:
    """A level above the one being edited: how it is named (« de l’agent Expert BTP »), what it says."""

    label: str
    values: Mapping[str, Any]
    house: bool = True


def origin_of(name: str, above: Sequence[Level], default: str = "proposé par AI-Manager") -> str:
    """Where an empty field's value comes from: the nearest level that says something."""
    for level in reversed(above):
        if name in own_values(level.values, house=level.house):
            return f"hérité {level.label}"
    return default


def change_agent_branding(agent: Agent, values: Mapping[str, Any]) -> None:
    """Keep the look that every deployment of an agent begins with. Raises InvalidError by field."""
    agent.default_branding = _changed(agent.default_branding, values, HOUSE)
    record("branding.changed", agent.id)


def change_deployment_branding(deployment: Deployment, values: Mapping[str, Any], *, required_branding: bool) -> None:
    """Keep a deployment's own look. Raises InvalidError by field, `powered_by` included when its agent requires the mention."""
    if required_branding and values.get("powered_by") is False:
        raise InvalidError("L’apparence est à corriger.", {"powered_by": ["L’agent de ce déploiement impose la mention AI-Manager."]})
    deployment.branding = _changed(deployment.branding, values, HOUSE)
    record("branding.changed", deployment.id)


def change_own_branding(account: User, values: Mapping[str, Any]) -> None:
    """Keep the words and the colour that an artisan's conversations begin with. Raises InvalidError by field."""
    account.branding = _changed(account.branding, values, OWN)
    record("branding.changed", account.id)


def change_tie_branding(tie: EditorLink, values: Mapping[str, Any]) -> None:
    """Keep how an artisan's conversations look at one of his editors. Raises InvalidError by field, ConflictError when they are not tied."""
    if tie.status != "active":
        raise ConflictError("Cet éditeur n’est pas relié à votre compte.", code="not_active")
    tie.branding = _changed(tie.branding, values, OWN)
    record("branding.changed", tie.id)


def _changed(present: Mapping[str, Any], values: Mapping[str, Any], fields: Sequence[str]) -> dict[str, Any]:
    cleaned: dict[str, Any] = {name: clean_line(values.get(name) or "") for name in LENGTHS}
    errors = {name: [f"{limit} caractères au plus."] for name, limit in LENGTHS.items() if len(cleaned[name]) > limit}
    if cleaned["primary_color"] and not is_color(cleaned["primary_color"]):
        errors["primary_color"] = ["Une couleur s’écrit #24518f : un dièse et six chiffres ou lettres de a à f."]
    if "custom_css" in fields:
        css = (values.get("custom_css") or "").replace("\r\n", "\n").replace("\x00", "").strip()
        refused = [refusal.sentence for refusal in read_sheet(css).refused]
        if len(css) > MAX_LENGTH:
            refused = [f"{MAX_LENGTH} caractères au plus."]
        if refused:
            errors["custom_css"] = refused
        cleaned |= {"custom_css": css, "powered_by": values.get("powered_by")}
    if errors:
        raise InvalidError("L’apparence est à corriger.", errors)
    kept = {name: value for name, value in present.items() if name not in fields and name not in ALIASES}
    return kept | {name: value for name, value in cleaned.items() if value not in (None, "")}


def levels_of_editor(editor_id: str | None) -> tuple[Level, Level, str]:
    """What conversations at an editor begin with: the agent, his main deployment (None: the platform's), and the agent's name.

    An artisan reads no row of his editor: this is read as the visitor to whom it is shown, who is anybody.
    """
    if editor_id is None:
        return _levels(select(*_LOOKS).where(Deployment.editor_id.is_(None), Deployment.is_active), "de la plateforme")
    key = db.session.scalar(text("SELECT door_editor_deployment(:editor)"), {"editor": editor_id})
    if key is None:
        return Level("", {}), Level("", {}), ""
    reader = current_actor()
    act_as(visitor(None, deployment_id=key, editor_id=editor_id))
    try:
        return _levels(select(*_LOOKS).where(Deployment.id == key), "de votre éditeur")
    finally:
        act_as(reader)


_LOOKS = (Agent.name, Agent.default_branding, Deployment.branding)


def _levels(statement: Select[Any], whose: str) -> tuple[Level, Level, str]:
    with db.session.no_autoflush:
        joined = statement.join(Agent, Agent.id == Deployment.agent_id).order_by(Deployment.created_at, Deployment.id)
        row = db.session.execute(joined.limit(1)).one_or_none()
    if row is None:
        return Level("", {}), Level("", {}), ""
    return Level(f"de l’agent {row.name}", row.default_branding), Level(whose, row.branding), row.name
