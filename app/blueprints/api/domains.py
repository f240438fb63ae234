"""Domains of a deployment: the same verbs for its editor and for administrators (003 §6.2, §6.3)."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from app.blueprints.api.bodies import Deleted, Strict
from app.deployments.domain_names import ENVIRONMENTS
from app.deployments.domains import add_domain, domain_in_reach, remove_domain
from app.deployments.models import AllowedDomain
from app.deployments.queries import deployment_in_reach, domain_text, domains_of
from app.web.access import requires
from app.web.api import ApiBlueprint, set_meta


class DomainIn(Strict):
    """A domain to allow."""

    domain = fields.String(
        required=True,
        validate=validate.Length(min=1, max=300),
        metadata={
            "example": "*.ebp.com",
            "description": "Nom seul ; `*.` devant pour tous ses sous-domaines ; un port s’il n’est pas habituel.",
        },
    )
    environment = fields.String(load_default="production", validate=validate.OneOf(tuple(ENVIRONMENTS)))


class DomainOut(Schema):
    """A domain that may show the agent: in force when `is_active` and its `status` is active."""

    id = fields.String(required=True, metadata={"example": "dom_7Kq2mZc0"})
    domain = fields.Function(domain_text, required=True, metadata={"type": "string", "example": "*.ebp.com"})
    environment = fields.String(required=True, validate=validate.OneOf(tuple(ENVIRONMENTS)))
    is_active = fields.Boolean(required=True)
    status = fields.String(required=True, validate=validate.OneOf(("active", "waiting", "refused")))
    review_note = fields.String(required=True, allow_none=True, metadata={"description": "Pourquoi la plateforme l’a refusé."})
    created_at = fields.AwareDateTime(required=True)


def add_domain_routes(bp: ApiBlueprint) -> None:
    """`/deployments/{id}/domains` on this blueprint."""

    @bp.get("/deployments/<deployment_id>/domains")
    @requires("domains.manage")
    @bp.response(200, DomainOut(many=True))
    def domains(deployment_id: str) -> list[AllowedDomain]:
        """The domains that may show the agent, by name."""
        found = domains_of(deployment_in_reach(deployment_id).id)
        set_meta(next_cursor=None, total=len(found))
        return found

    @bp.post("/deployments/<deployment_id>/domains")
    @requires("domains.manage")
    @bp.arguments(DomainIn)
    @bp.response(201, DomainOut)
    def allow_domain(body: dict[str, Any], deployment_id: str) -> AllowedDomain:
        """Allow a domain, at once or once the platform has validated it."""
        return add_domain(deployment_in_reach(deployment_id), body["domain"], body["environment"])

    @bp.delete("/deployments/<deployment_id>/domains/<domain_id>")
    @requires("domains.manage")
    @bp.response(200, Deleted)
    def forbid_domain(deployment_id: str, domain_id: str) -> dict[str, bool]:
        """Allow a domain no longer."""
        remove_domain(domain_in_reach(deployment_in_reach(deployment_id).id, domain_id))
        return {"deleted": True}
