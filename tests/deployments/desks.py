"""An editor before the domains of a deployment, and a host page that calls `init`."""

from __future__ import annotations

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.core.transaction import transaction
from app.deployments.domains import add_domain, allowed_sources, domain_in_reach
from app.deployments.models import AllowedDomain, Deployment
from app.extensions import db
from tests.factories import actor_for, committing, make_deployment, make_user

SITE = "https://app.ebp.com"
EVIL = "https://evil.exemple"


class Desk:
    """An editor with a deployment, acting for himself."""

    def __init__(self, *domains: str) -> None:
        with committing():
            self.editor = make_user("editeur")
            self.deployment = make_deployment(self.editor, domains=domains)
            self.actor = actor_for(self.editor, "editeur")
            self.id, self.editor_id = self.deployment.id, self.editor.id

    def add(self, typed: str, environment: str = "production") -> str:
        with transaction(self.actor):
            return add_domain(db.session.get_one(Deployment, self.id), typed, environment).id

    def domain(self, domain_id: str) -> AllowedDomain:
        return domain_in_reach(self.id, domain_id)

    def sources(self) -> list[str]:
        with committing():
            return allowed_sources(self.id)


def init(client: FlaskClient, deployment_id: str, origin: str | None, address: str = "203.0.113.9") -> TestResponse:
    headers = {"Origin": origin} if origin is not None else {}
    return client.post(
        "/api/widget/v1/init", json={"deployment_key": deployment_id}, headers=headers, environ_overrides={"REMOTE_ADDR": address}
    )
