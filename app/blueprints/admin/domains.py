"""Domains that the platform looks at: those that wait for its validation, those that two editors claim (003 §11)."""

from __future__ import annotations

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.blueprints.admin.blueprint import bp
from app.core import format as french
from app.core.acting import Actor
from app.core.errors import ConflictError, InvalidError
from app.deployments import claims
from app.deployments import domains as verbs
from app.deployments.domain_names import ENVIRONMENTS, readable
from app.deployments.queries import domain_text, domain_words
from app.identity.admin_queries import account_in_role
from app.web.access import requires
from app.web.navigation import badge
from app.web.responding import respond


@badge("admin.domains", kind="action")
def _to_handle(actor: Actor) -> int:
    return claims.to_handle()


@bp.get("/domaines")
@requires("domains.manage")
def domains() -> ResponseReturnValue:
    """What waits, then what is claimed twice."""
    return respond(
        "admin/domains.html",
        waiting=claims.waiting_domains(),
        claimed=claims.open_claims(),
        environments=ENVIRONMENTS,
        domain_text=domain_text,
        readable=readable,
    )


@bp.post("/domaines/<deployment_id>/<domain_id>/validation")
@requires("domains.manage")
def review_domain(deployment_id: str, domain_id: str) -> ResponseReturnValue:
    """Validate a domain, or refuse it with a reason that its editor reads."""
    domain = verbs.domain_in_reach(deployment_id, domain_id)
    accept, name = request.form.get("reponse") == "oui", domain_words(domain)
    try:
        verbs.review_domain(domain, accept=accept, note=request.form.get("motif", ""))
    except (InvalidError, ConflictError) as error:
        flash(error.message, "error")
    else:
        flash(f"{name} est validé." if accept else f"{name} est refusé. Son éditeur est prévenu.", "success")
    return redirect(url_for(".domains"), code=303)


@bp.post("/domaines/revendications/<claim_id>/accord")
@requires("domains.manage")
def settle_claim(claim_id: str) -> ResponseReturnValue:
    """Let two editors hold the same host."""
    claim = claims.settle_claim(claim_id)
    flash(f"{readable(claim.host)} reste autorisé chez les deux éditeurs.", "success")
    return redirect(url_for(".domains"), code=303)


@bp.post("/editeurs/<editor_id>/validation-des-domaines")
@requires("users.manage")
def require_domain_review(editor_id: str) -> ResponseReturnValue:
    """Say whether this editor's new domains wait for an administrator."""
    editor = account_in_role(editor_id, "editeur")
    required = request.form.get("exigee") == "1"
    verbs.require_review(editor, required)
    name = editor.display_name
    flash(
        f"Les nouveaux domaines {french.de(name)} attendront votre validation."
        if required
        else f"{name} autorise ses domaines sans attendre.",
        "success",
    )
    return redirect(url_for(".editor", editor_id=editor.id), code=303)
