"""Putting a deployment on a site: code to copy, the secret that signs users, and a page of ours where it can be tried."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

from flask import Blueprint, Response, flash, redirect, session, url_for
from flask.typing import ResponseReturnValue

from app.blueprints.deployment_pages.snippets import SERVER, page_snippets, policy_lines
from app.core import clock
from app.core.crypto import UnsealError, seal, unseal
from app.core.errors import ConflictError, ForbiddenError, InvalidError
from app.deployments import identity
from app.deployments.domains import allow_origin, domains_in_force
from app.deployments.models import Deployment
from app.deployments.origins import origin_allowed, parse_origin
from app.deployments.queries import deployment_in_reach
from app.extensions import settings
from app.web.access import requires, signed_in
from app.web.house import csp_nonce
from app.web.listing import asked_for
from app.web.responding import respond

SHOWN_ONCE = "identity_secret"
POSITIONS = {"bottom-right": "En bas à droite", "bottom-left": "En bas à gauche", "inline": "Dans la page"}
THEMES = {"auto": "Comme l’appareil", "light": "Clair", "dark": "Sombre"}
LOCALES = {"fr": "Français", "en": "English"}
TRIAL_LIFE = 3600


def add_integration_pages(bp: Blueprint) -> None:
    """Add `/deploiements/<id>/integration`, `/essai` and what they send to a portal."""

    @bp.get("/deploiements/<deployment_id>/integration")
    @requires("deployments.manage")
    def deployment_integration(deployment_id: str) -> ResponseReturnValue:
        """Code for pages and servers, with this deployment's key in it."""
        deployment = deployment_in_reach(deployment_id)
        base_url = settings().base_url
        pages = page_snippets(base_url, deployment.id)
        secrets = identity.secrets_of(deployment.id)
        return respond(
            "deployments/integration.html",
            deployment=deployment,
            pages=pages,
            page=_one_of(pages, asked_for("code")),
            servers=SERVER,
            server=_one_of(SERVER, asked_for("langage")),
            policy=policy_lines(base_url),
            secrets=secrets,
            secret=_shown_once(deployment),
            owner=_owns(deployment),
            allowed=_own_page_allowed(deployment),
        )

    @bp.post("/deploiements/<deployment_id>/integration/secret")
    @requires("deployments.manage")
    def change_identity_secret(deployment_id: str) -> ResponseReturnValue:
        """Make the secret, or another: it is shown on the next page, and the one before serves for a while."""
        deployment = _owned(deployment_id)
        first = not identity.secrets_of(deployment.id)
        _show_once(deployment, identity.rotate_secret(deployment))
        flash("Secret créé." if first else "Nouveau secret en vigueur. L’ancien reste accepté 7 jours.", "success")
        return _back(bp.name, deployment)

    @bp.post("/deploiements/<deployment_id>/integration/secret/montrer")
    @requires("deployments.manage")
    def show_identity_secret(deployment_id: str) -> ResponseReturnValue:
        """Show the secret on the next page; each look is recorded."""
        deployment = _owned(deployment_id)
        secret = identity.reveal_secret(deployment)
        if secret:
            _show_once(deployment, secret)
        return _back(bp.name, deployment)

    @bp.post("/deploiements/<deployment_id>/integration/secret/anciens")
    @requires("deployments.manage")
    def end_identity_secrets(deployment_id: str) -> ResponseReturnValue:
        """Stop accepting the secrets that were replaced."""
        deployment = _owned(deployment_id)
        ended = identity.end_old_secrets(deployment)
        flash("L’ancien secret ne vaut plus rien." if ended else "Il n’y avait plus d’ancien secret.", "success")
        return _back(bp.name, deployment)

    @bp.get("/deploiements/<deployment_id>/essai")
    @requires("deployments.manage")
    def deployment_trial(deployment_id: str) -> ResponseReturnValue:
        """A page of ours with the real widget on it, as any site would show it."""
        deployment = deployment_in_reach(deployment_id)
        signs = asked_for("identite") == "1" and _owns(deployment)
        config: dict[str, Any] = {
            "deploymentKey": deployment.id,
            "position": _one_of(POSITIONS, asked_for("position")),
            "theme": _one_of(THEMES, asked_for("theme")),
            "locale": _one_of(LOCALES, asked_for("langue")),
            "context": {"page": "essai"},
        }
        if config["position"] == "inline":
            config["containerSelector"] = "#assistant"
        if signs:
            config["identity"] = _trial_identity(deployment)
        answer = respond(
            "deployments/trial.html",
            deployment=deployment,
            config=config,
            allowed=_own_page_allowed(deployment),
            origin=settings().base_url,
            positions=POSITIONS,
            themes=THEMES,
            locales=LOCALES,
            signs=signs,
            can_sign=bool(_owns(deployment) and identity.secrets_of(deployment.id)),
        )
        return _with_frames(answer)

    @bp.post("/deploiements/<deployment_id>/essai/autoriser")
    @requires("deployments.manage")
    def allow_trial(deployment_id: str) -> ResponseReturnValue:
        """Add our own address to the domains of the deployment."""
        deployment = deployment_in_reach(deployment_id)
        try:
            domain = allow_origin(deployment, settings().base_url)
        except (ConflictError, InvalidError) as error:
            sentences = [one for field in error.details.get("fields", {}).values() for one in field]
            flash(" ".join(sentences) or error.message, "error")
        else:
            waits = domain.status != "active"
            flash("Demande envoyée : la plateforme doit valider ce domaine." if waits else "Cette page d’essai est autorisée.", "success")
        return redirect(url_for(f"{bp.name}.deployment_trial", deployment_id=deployment.id), code=303)


def _one_of(choices: dict[str, Any], asked: str) -> str:
    return asked if asked in choices else next(iter(choices))


def _owns(deployment: Deployment) -> bool:
    """A secret is its owner's: the editor's, or the platform's for its own deployments."""
    actor = signed_in()
    return deployment.editor_id == actor.account_id if deployment.editor_id else actor.role != "editeur"


def _owned(deployment_id: str) -> Deployment:
    deployment = deployment_in_reach(deployment_id)
    if not _owns(deployment):
        raise ForbiddenError("Le secret de signature n’est montré qu’à son éditeur.")
    return deployment


def _show_once(deployment: Deployment, secret: str) -> None:
    # Sealed: the session's cookie is signed, not secret, and this value stays in it until the next page.
    session[SHOWN_ONCE] = {"id": deployment.id, "sealed": seal(secret.encode(), purpose=SHOWN_ONCE)}


def _shown_once(deployment: Deployment) -> str | None:
    """The secret that the request before this one wanted shown."""
    kept = session.pop(SHOWN_ONCE, None)
    if kept is None or kept["id"] != deployment.id:
        return None
    try:
        return unseal(kept["sealed"], purpose=SHOWN_ONCE).decode()
    except UnsealError:
        return None


def _own_page_allowed(deployment: Deployment) -> bool:
    return origin_allowed(parse_origin(settings().base_url), domains_in_force(deployment.id))


def _trial_identity(deployment: Deployment) -> dict[str, str] | None:
    """What the editor's server would give to the page, for the person who tries."""
    secret = identity.secret_in_force(deployment)
    if secret is None:
        return None
    actor = signed_in()
    said = {
        "user_id": f"essai-{actor.user_id}",
        "exp": int(clock.now().timestamp()) + TRIAL_LIFE,
        "name": actor.name,
        "context": {"essai": True},
    }
    signed = json.dumps(said).encode()
    return {
        "payload": base64.urlsafe_b64encode(signed).decode(),
        "signature": hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest(),
    }


def _with_frames(answer: Response) -> Response:
    """The strict policy of our pages, and our own frame in it."""
    nonce = f"'nonce-{csp_nonce()}'"
    answer.headers["Content-Security-Policy"] = (
        f"default-src 'none'; script-src 'self' {nonce}; style-src 'self' {nonce}; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    return answer


def _back(portal: str, deployment: Deployment) -> ResponseReturnValue:
    target = url_for(f"{portal}.deployment_integration", deployment_id=deployment.id, _anchor="identite")
    return redirect(target, code=303)
