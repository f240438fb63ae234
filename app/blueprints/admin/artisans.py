"""Artisans: list, page, opening and changing their account."""

from __future__ import annotations

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue

from app.blueprints.admin.blueprint import bp
from app.blueprints.admin.companies import company_form, edit_company, open_company
from app.blueprints.admin.forms import NewCompanyForm
from app.blueprints.admin.lists import ACCOUNT_STATES
from app.conversations.admin_queries import all_conversations
from app.conversations.models import Session
from app.core import clock
from app.deployments.admin_queries import usage_of
from app.extensions import db
from app.identity.admin_queries import LAST_SEEN, account_in_role, editor_choices, keys_of_account, ties_of
from app.identity.admin_queries import artisans as all_artisans
from app.identity.models import User
from app.web.access import requires, signed_in
from app.web.listing import asked_for, listed
from app.web.responding import respond

LAST = 5


@bp.get("/artisans")
@requires("users.manage")
def artisans() -> ResponseReturnValue:
    """Every artisan with his editors."""
    statement = all_artisans(query=asked_for("q"), status=asked_for("statut"), editor_id=asked_for("editeur"))
    sorts = {"nom": statement.selected_columns.display_name, "vu": LAST_SEEN}
    page = listed(statement, sorts, User.id, default="nom")
    choices = [("", "Tous les éditeurs"), *editor_choices()]
    return respond("admin/artisans/list.html", "liste", page=page, states=ACCOUNT_STATES, editor_choices=choices)


@bp.route("/artisans/nouveau", methods=["GET", "POST"])
@requires("users.manage")
def new_artisan() -> ResponseReturnValue:
    """Open an artisan's account and invite him."""
    form = NewCompanyForm()
    created = open_company(signed_in(), form, "artisan")
    if created is None:
        return respond("admin/artisans/form.html", form=form, artisan=None, status=422 if form.errors else 200)
    flash(f"{created.display_name} est créé. Une invitation part à {created.email}.", "success")
    return redirect(url_for(".artisan", artisan_id=created.id), code=303)


@bp.get("/artisans/<artisan_id>")
@requires("users.manage")
def artisan(artisan_id: str) -> ResponseReturnValue:
    """Information, editors, last conversations, keys."""
    found = account_in_role(artisan_id, "artisan")
    ties, ties_count = ties_of(artisan_id=found.id)
    latest = all_conversations(artisan_id=found.id).order_by(Session.last_activity_at.desc(), Session.id).limit(LAST)
    return respond(
        "admin/artisans/show.html",
        artisan=found,
        ties=ties,
        ties_count=ties_count,
        conversations=db.session.execute(latest).all(),
        usage=usage_of(found.id),
        month=clock.paris_month(),
        keys=keys_of_account(found.id),
    )


@bp.route("/artisans/<artisan_id>/modification", methods=["GET", "POST"])
@requires("users.manage")
def edit_artisan(artisan_id: str) -> ResponseReturnValue:
    """Change the company and its contact."""
    found = account_in_role(artisan_id, "artisan")
    form = company_form(found)
    if edit_company(form, found):
        flash("Informations enregistrées.", "success")
        return redirect(url_for(".artisan", artisan_id=found.id), code=303)
    return respond("admin/artisans/form.html", form=form, artisan=found, status=422 if form.errors else 200)
