"""What the filters of a page of costs or calls ask for, and the choices they offer: what the period really has."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from app.billing.figures import NONE, Wanted
from app.billing.figures.costs import used_names
from app.blueprints.cost_pages.names import agent_names, deployment_names, editor_names
from app.blueprints.cost_pages.words import PURPOSE_WORDS
from app.web.listing import asked_for

WITHOUT = "aucun"
"""In a URL: those that have none."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A filter: its name in the URL, what it says, its options; the first is « all »."""

    name: str
    label: str
    options: list[tuple[str, str]]

    def as_field(self) -> dict[str, Any]:
        """As `ui.filters` takes it."""
        return {"name": self.name, "label": self.label, "options": self.options}


def asked_calls(since: date, until: date, *, editor_id: str | None = None) -> Wanted:
    """A period narrowed by `editeur`, `agent`, `deploiement`, `modele` and `usage` of the URL; `editor_id` when the reader is one."""
    provider, _, model = asked_for("modele").partition("/")
    return Wanted(
        since,
        until,
        editor_id=editor_id or _given("editeur"),
        agent_id=_given("agent"),
        deployment_id=_given("deploiement"),
        provider=provider or None,
        model=model or None,
        purpose=asked_for("usage") if asked_for("usage") in PURPOSE_WORDS else None,
    )


def choices(wanted: Wanted, *, own: bool = False) -> list[dict[str, Any]]:
    """The filters of a period; `own`: an editor's, who has deployments in place of editors and agents."""
    found = used_names(Wanted(wanted.since, wanted.until, editor_id=wanted.editor_id if own else None))
    fields = []
    if own:
        fields.append(
            _choice("deploiement", "Déploiement", "Tous les déploiements", deployment_names([*found.deployments, wanted.deployment_id]))
        )
    else:
        fields.append(_choice("editeur", "Éditeur", "Tous les éditeurs", editor_names([*found.editors, wanted.editor_id])))
        fields.append(_choice("agent", "Agent", "Tous les agents", agent_names([*found.agents, wanted.agent_id])))
    models = {*found.models, *([asked_for("modele")] if wanted.provider else [])}
    fields.append(Choice("modele", "Modèle", [("", "Tous les modèles"), *((key, key) for key in sorted(models))]))
    fields.append(Choice("usage", "Usage", [("", "Tous les usages"), *PURPOSE_WORDS.items()]))
    return [field.as_field() for field in fields]


def _given(name: str) -> str | None:
    value = asked_for(name)
    return NONE if value == WITHOUT else value or None


def _choice(name: str, label: str, everything: str, names: dict[str, str]) -> Choice:
    without = names.pop(NONE)
    listed = sorted(names.items(), key=lambda item: item[1].casefold())
    return Choice(name, label, [("", everything), *listed, (WITHOUT, without)])
