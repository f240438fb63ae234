"""The domains of a deployment: added, switched, removed by its editor; validated by the platform where it asks for that (003 §11)."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from sqlalchemy import select, text

from app.audit.service import record
from app.core import clock
from app.core.acting import STAFF_ROLES, current_actor
from app.core.errors import ConflictError, InvalidError, NotFoundError
from app.core.jobs import enqueue_after_commit
from app.core.locks import hold
from app.core.text import clean_line
from app.deployments.domain_models import EditorRule
from app.deployments.domain_names import ENVIRONMENTS, DomainName, read_domain
from app.deployments.jobs import watch_domain
from app.deployments.models import AllowedDomain, Deployment
from app.deployments.origins import LOCAL_HOSTS, Domain, Origin, csp_sources, parse_origin
from app.deployments.queries import domain_text, domain_words
from app.extensions import db
from app.identity.models import User
from app.notifications.service import notify

MAX_DOMAINS = 50
"""More would not fit a header that every proxy lets through."""
_SAID = {
    "active": "est déjà dans la liste",
    "waiting": "est déjà dans la liste et attend la validation de la plateforme",
    "refused": "est dans la liste et a été refusé par la plateforme",
}


def domains_in_force(deployment_id: str) -> Sequence[Domain]:
    """The one list that decides, of `init` and of the embed page alike. Anybody may ask: browsers are told it."""
    return db.session.execute(text("SELECT * FROM door_domains(:deployment)"), {"deployment": deployment_id}).all()


def allowed_sources(deployment_id: str) -> list[str]:
    """The source expressions of `frame-ancestors` for the deployment's embed page; empty: write `'none'`."""
    return csp_sources(domains_in_force(deployment_id))


def domain_in_reach(deployment_id: str, domain_id: str) -> AllowedDomain:
    """A domain of the deployment, as far as the actor sees it. Raises NotFoundError."""
    found = db.session.scalar(select(AllowedDomain).where(AllowedDomain.id == domain_id, AllowedDomain.deployment_id == deployment_id))
    if found is None:
        raise NotFoundError()
    return found


def add_domain(deployment: Deployment, text: str, environment: str) -> AllowedDomain:
    """Allow a domain, at once or once the platform has validated it. Raises InvalidError by field."""
    if environment not in ENVIRONMENTS:
        raise InvalidError("Le domaine est à corriger.", {"environment": ["Choisissez une valeur de la liste."]})
    try:
        name = read_domain(text[:400], environment)
    except ValueError as error:
        raise InvalidError("Le domaine est à corriger.", {"domain": [str(error)]}) from None
    _lock(deployment)
    _check_room(deployment, name)
    waits = environment != "localhost" and waits_for_review(deployment)
    domain = AllowedDomain(
        deployment_id=deployment.id,
        editor_id=deployment.editor_id,
        host=name.host,
        port=name.port,
        is_wildcard=name.is_wildcard,
        environment=environment,
        status="waiting" if waits else "active",
    )
    db.session.add(domain)
    db.session.flush()
    record("domain.added", deployment.id, name=name.text, environment=environment, status=domain.status)
    enqueue_after_commit(watch_domain, domain.id)
    return domain


def allow_origin(deployment: Deployment, origin_text: str) -> AllowedDomain:
    """Allow the page of a refused attempt, by its exact origin. Raises InvalidError."""
    origin = parse_origin(origin_text)
    if origin is None:
        raise InvalidError("Cette origine n’est pas celle d’une page : elle ne peut pas être autorisée.")
    environment = "localhost" if origin.host in LOCAL_HOSTS else "development" if _is_address(origin) else "production"
    return add_domain(deployment, origin.text, environment)


def set_domain_active(domain: AllowedDomain, active: bool) -> None:
    """Take a domain out of service, or put it back."""
    if domain.is_active == active:
        return
    domain.is_active = active
    record("domain.switched", domain.deployment_id, name=domain_text(domain), active=active)


def remove_domain(domain: AllowedDomain) -> None:
    """Allow a domain no longer."""
    record("domain.removed", domain.deployment_id, name=domain_text(domain), environment=domain.environment)
    db.session.delete(domain)
    db.session.flush()


def must_be_reviewed(editor_id: str | None) -> bool:
    """True when the editor's new domains wait for an administrator. The platform's own never do."""
    return editor_id is not None and bool(db.session.scalar(select(EditorRule.review_domains).where(EditorRule.editor_id == editor_id)))


def waits_for_review(deployment: Deployment) -> bool:
    """True when a domain that the acting person adds will wait: what an administrator adds is validated by that."""
    return must_be_reviewed(deployment.editor_id) and current_actor().role not in STAFF_ROLES


def require_review(editor: User, required: bool) -> None:
    """Say whether an editor's new domains wait for an administrator; those already allowed stay so."""
    rule = db.session.get(EditorRule, editor.id) or EditorRule(editor_id=editor.id, review_domains=False)
    if rule.review_domains == required:
        return
    rule.review_domains = required
    db.session.add(rule)
    record("domain.review_required", editor.id, active=required)


def review_domain(domain: AllowedDomain, *, accept: bool, note: str = "") -> None:
    """Validate or refuse an editor's domain, and tell him. Raises ConflictError when it is so already, InvalidError without a reason."""
    status = "active" if accept else "refused"
    if domain.status == status:
        raise ConflictError("Ce domaine a déjà reçu cette réponse.", code="already_reviewed")
    reason = clean_line(note)[:300]
    if not accept and not reason:
        raise InvalidError("Dites à l’éditeur pourquoi.", {"note": ["Écrivez le motif : l’éditeur le lira."]})
    domain.status, domain.review_note, domain.reviewed_at = status, None if accept else reason, clock.now()
    action = "domain.approved" if accept else "domain.refused"
    record(action, domain.deployment_id, name=domain_text(domain), reason=domain.review_note)
    if domain.editor_id:
        notify(
            domain.editor_id,
            kind="domain_reviewed",
            title=f"{domain_words(domain)} est {'validé' if accept else 'refusé'}",
            body="L’assistant s’y affiche dès maintenant." if accept else f"Motif : {reason}",
            url=f"/editeur/deploiements/{domain.deployment_id}/domaines",
        )


def _lock(deployment: Deployment) -> None:
    """One addition at a time to a deployment, so that neither its limit nor its unique domains are passed by two at once."""
    hold(f"domains:{deployment.id}")


def _check_room(deployment: Deployment, name: DomainName) -> None:
    held = list(db.session.scalars(select(AllowedDomain).where(AllowedDomain.deployment_id == deployment.id)))
    for other in held:
        if (other.host, other.port, other.is_wildcard) == (name.host, name.port, name.is_wildcard):
            state = "est dans la liste, désactivé" if other.status == "active" and not other.is_active else _SAID[other.status]
            raise InvalidError("Le domaine est à corriger.", {"domain": [f"{name.text} {state}."]})
    if len(held) >= MAX_DOMAINS:
        raise InvalidError(
            "La liste est pleine.",
            {"domain": [f"{MAX_DOMAINS} domaines au plus par déploiement : une étoile (*.exemple.fr) en remplace plusieurs."]},
        )


def _is_address(origin: Origin) -> bool:
    try:
        ipaddress.ip_address(origin.host)
    except ValueError:
        return False
    return True
