"""Where a deployment may be shown: its domains, what was refused, and the diagnosis of a page (003 §4; PRODUCT.md, Domain control)."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length

from app.core.errors import InvalidError
from app.core.http import outbound
from app.core.transaction import release
from app.deployments import domains as verbs
from app.deployments.diagnosis import Diagnosis, Widget, diagnose
from app.deployments.domain_names import ENVIRONMENTS, readable
from app.deployments.hosts import host_of
from app.deployments.models import AllowedDomain, Deployment
from app.deployments.queries import deployment_in_reach, domain_text, domain_words, domains_of
from app.deployments.refusals import OTHERS, refusals_of
from app.extensions import limiter, settings
from app.web.access import requires
from app.web.form_errors import put_errors
from app.web.forms import PortalForm
from app.web.responding import respond


class DomainForm(PortalForm):
    """A domain as it is typed."""

    domain = StringField("Domaine", [DataRequired(), Length(max=400)])
    environment = SelectField("Environnement", choices=[SelectChoice(slug, label) for slug, label in ENVIRONMENTS.items()])


class DiagnosisForm(PortalForm):
    """The page to look at."""

    url = StringField("Adresse d’une page de votre site", [DataRequired("Écrivez l’adresse d’une page."), Length(max=2000)])


def add_domains_pages(bp: Blueprint) -> None:
    """Add `/deploiements/<id>/domaines` and what it does to a portal."""

    @bp.route("/deploiements/<deployment_id>/domaines", methods=["GET", "POST"])
    @requires("domains.manage")
    def deployment_domains(deployment_id: str) -> ResponseReturnValue:
        """The list, its form, the refused attempts of 30 days, the diagnosis of a page."""
        deployment = deployment_in_reach(deployment_id)
        form = DomainForm()
        if form.validate_on_submit():
            try:
                added = verbs.add_domain(deployment, form.domain.data or "", form.environment.data)
            except InvalidError as error:
                put_errors(form, error)
            else:
                flash(_added(added), "success")
                return _back(bp.name, deployment)
        return _page(deployment, form=form, status=422 if form.errors else 200)

    @bp.post("/deploiements/<deployment_id>/domaines/<domain_id>/etat")
    @requires("domains.manage")
    def switch_domain(deployment_id: str, domain_id: str) -> ResponseReturnValue:
        """Take a domain out of service, or put it back."""
        deployment = deployment_in_reach(deployment_id)
        domain, active = verbs.domain_in_reach(deployment.id, domain_id), request.args.get("actif") == "1"
        verbs.set_domain_active(domain, active)
        name = domain_words(domain)
        flash(f"{name} est activé." if active else f"{name} est désactivé : l’assistant ne s’y ouvre plus.", "success")
        return _back(bp.name, deployment)

    @bp.post("/deploiements/<deployment_id>/domaines/<domain_id>/retirer")
    @requires("domains.manage")
    def remove_domain(deployment_id: str, domain_id: str) -> ResponseReturnValue:
        """Take a domain off the list; it can be put back from the message, unless that takes another validation."""
        deployment = deployment_in_reach(deployment_id)
        domain = verbs.domain_in_reach(deployment.id, domain_id)
        name, environment = domain_words(domain), domain.environment
        undoable = domain.status == "active" and (environment == "localhost" or not verbs.waits_for_review(deployment))
        verbs.remove_domain(domain)
        undo = url_for(f"{bp.name}.restore_domain", deployment_id=deployment.id, domaine=name, environnement=environment)
        flash({"message": f"{name} est retiré.", "undo": undo} if undoable else f"{name} est retiré.", "success")
        return _back(bp.name, deployment)

    @bp.post("/deploiements/<deployment_id>/domaines/remettre")
    @requires("domains.manage")
    def restore_domain(deployment_id: str) -> ResponseReturnValue:
        """Put back a domain that was just removed."""
        deployment = deployment_in_reach(deployment_id)
        name, environment = request.args.get("domaine", ""), request.args.get("environnement", "")
        return _add(bp.name, deployment, lambda: verbs.add_domain(deployment, name, environment))

    @bp.post("/deploiements/<deployment_id>/domaines/autoriser")
    @requires("domains.manage")
    def allow_refused(deployment_id: str) -> ResponseReturnValue:
        """Allow the page of a refused attempt, or of a diagnosis."""
        deployment = deployment_in_reach(deployment_id)
        return _add(bp.name, deployment, lambda: verbs.allow_origin(deployment, request.form.get("origine", "")))

    @bp.post("/deploiements/<deployment_id>/domaines/diagnostic")
    @requires("domains.manage")
    @limiter.limit("20/minute")
    def diagnose_site(deployment_id: str) -> ResponseReturnValue:
        """Read a page of the editor's site and say what is missing."""
        deployment = deployment_in_reach(deployment_id)
        form = DiagnosisForm()
        diagnosis = None
        if form.validate_on_submit():
            widget = _widget(deployment)
            release()
            diagnosis = diagnose(outbound(), form.url.data or "", widget)
        return _page(deployment, diagnosis_form=form, diagnosis=diagnosis, block="diagnostic", status=422 if form.errors else 200)


def _page(
    deployment: Deployment,
    *,
    form: DomainForm | None = None,
    diagnosis_form: DiagnosisForm | None = None,
    diagnosis: Diagnosis | None = None,
    block: str | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    in_force = verbs.domains_in_force(deployment.id)
    return respond(
        "deployments/domains.html",
        block,
        deployment=deployment,
        form=form or DomainForm(formdata=None),
        diagnosis_form=diagnosis_form or DiagnosisForm(formdata=None),
        diagnosis=diagnosis,
        domains=domains_of(deployment.id),
        refusals=refusals_of(deployment.id, in_force),
        others=OTHERS,
        environments=ENVIRONMENTS,
        domain_text=domain_text,
        domain_words=domain_words,
        readable=readable,
        reviewed=verbs.waits_for_review(deployment),
        status=status,
    )


def _widget(deployment: Deployment) -> Widget:
    own_host = host_of(deployment.editor_id)
    return Widget(
        settings().base_url,
        deployment.id,
        deployment.is_active,
        verbs.domains_in_force(deployment.id),
        f"https://{own_host}" if own_host else None,
    )


def _add(portal: str, deployment: Deployment, add: Callable[[], AllowedDomain]) -> ResponseReturnValue:
    try:
        flash(_added(add()), "success")
    except InvalidError as error:
        flash(" ".join(sentence for sentences in error.fields.values() for sentence in sentences) or error.message, "error")
    return _back(portal, deployment)


def _added(domain: AllowedDomain) -> str:
    name = domain_words(domain)
    if domain.status == "waiting":
        return f"{name} est enregistré. L’assistant s’y affichera dès que la plateforme l’aura validé."
    return f"{name} est autorisé : l’assistant s’y affiche dès maintenant."


def _back(portal: str, deployment: Deployment) -> ResponseReturnValue:
    return redirect(url_for(f"{portal}.deployment_domains", deployment_id=deployment.id), code=303)
