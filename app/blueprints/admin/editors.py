"""Editors: usage at a glance, their page, opening and changing their account (003 §7.2)."""

from __future__ import annotations

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue

from app.billing.budgets import budget_of
from app.billing.plans import subscription_of
from app.billing.usage import month_usage
from app.blueprints.admin.billing_profile import billing_card
from app.blueprints.admin.blueprint import bp
from app.blueprints.admin.companies import company_form, edit_company, open_company
from app.blueprints.admin.forms import NewCompanyForm
from app.blueprints.admin.lists import ACCOUNT_STATES
from app.conversations.lists import last_activity
from app.core import clock
from app.deployments.admin_queries import editors as all_editors
from app.deployments.admin_queries import usage_of, webhook_health
from app.deployments.domains import must_be_reviewed
from app.deployments.queries import deployments_of
from app.identity.admin_queries import account_in_role, keys_of_account, staff_of, ties_of
from app.identity.models import User
from app.web.access import requires, signed_in
from app.web.listing import asked_for, listed
from app.web.responding import respond


@bp.get("/editeurs")
@requires("users.manage")
def editors() -> ResponseReturnValue:
    """Every editor with what it used this month."""
    statement = all_editors(query=asked_for("q"), status=asked_for("statut"), only_failing=asked_for("livraisons") == "echec")
    columns = statement.selected_columns
    sorts = {"nom": columns.display_name, "sessions": columns.sessions, "messages": columns.messages}
    page = listed(statement, sorts, User.id, default="nom")
    return respond("admin/editors/list.html", "liste", page=page, states=ACCOUNT_STATES, today=clock.paris_day())


@bp.route("/editeurs/nouveau", methods=["GET", "POST"])
@requires("users.manage")
def new_editor() -> ResponseReturnValue:
    """Open an editor's account and invite its contact (PRODUCT.md, the journey, 0)."""
    form = NewCompanyForm()
    created = open_company(signed_in(), form, "editeur")
    if created is None:
        return respond("admin/editors/form.html", form=form, editor=None, status=422 if form.errors else 200)
    flash(f"{created.display_name} est créé. Une invitation part à {created.email}.", "success")
    return redirect(url_for(".editor", editor_id=created.id), code=303)


@bp.get("/editeurs/<editor_id>")
@requires("users.manage")
def editor(editor_id: str) -> ResponseReturnValue:
    """Information, usage, deployments, artisans, webhooks, keys."""
    found = account_in_role(editor_id, "editeur")
    ties, ties_count = ties_of(editor_id=found.id)
    deployments = deployments_of(found.id)
    return respond(
        "admin/editors/show.html",
        editor=found,
        usage=usage_of(found.id),
        month_usage=month_usage(found.id),
        subscription=subscription_of(found.id),
        budget=budget_of(found.id),
        billing=billing_card(found.id),
        month=clock.paris_month(),
        deployments=deployments,
        active_at=last_activity([one["id"] for one in deployments], found.id),
        ties=ties,
        ties_count=ties_count,
        webhooks=webhook_health(found.id),
        keys=keys_of_account(found.id),
        staff=staff_of(found.id),
        review_domains=must_be_reviewed(found.id),
    )


@bp.route("/editeurs/<editor_id>/modification", methods=["GET", "POST"])
@requires("users.manage")
def edit_editor(editor_id: str) -> ResponseReturnValue:
    """Change the company and its contact."""
    found = account_in_role(editor_id, "editeur")
    form = company_form(found)
    if edit_company(form, found):
        flash("Informations enregistrées.", "success")
        return redirect(url_for(".editor", editor_id=found.id), code=303)
    return respond("admin/editors/form.html", form=form, editor=found, status=422 if form.errors else 200)
