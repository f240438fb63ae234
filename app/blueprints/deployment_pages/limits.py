"""The limits of one deployment, in both portals (003 §12.5)."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import IntegerField
from wtforms.validators import DataRequired, Optional

from app.billing.usage import Share, day_usage
from app.core import clock
from app.core.errors import InvalidError
from app.deployments.limits import bounds_of, change_limits
from app.deployments.queries import deployment_in_reach
from app.web.access import requires
from app.web.form_errors import put_errors
from app.web.forms import PortalForm
from app.web.responding import respond

FIELDS = ("max_sessions_day", "max_messages_day", "rate_limit_per_ip")


class LimitsForm(PortalForm):
    """An empty limit of the day is none."""

    max_sessions_day = IntegerField("Conversations par jour", [Optional()])
    max_messages_day = IntegerField("Messages par jour", [Optional()])
    rate_limit_per_ip = IntegerField("Demandes par minute et par adresse", [DataRequired()])


def add_limits_pages(bp: Blueprint) -> None:
    """Add `/deploiements/<id>/limites` to a portal."""

    @bp.route("/deploiements/<deployment_id>/limites", methods=["GET", "POST"])
    @requires("deployments.manage")
    def deployment_limits(deployment_id: str) -> ResponseReturnValue:
        """So much a day, so many requests a minute; and what was used today."""
        deployment, form = deployment_in_reach(deployment_id), LimitsForm()
        if request.method == "GET":
            for name in FIELDS:
                form[name].data = getattr(deployment, name)
        elif form.validate_on_submit():
            try:
                change_limits(deployment, {name: form[name].data for name in FIELDS})
            except InvalidError as error:
                put_errors(form, error)
            else:
                flash(f"Limites de « {deployment.name} » enregistrées.", "success")
                return redirect(url_for(".deployment_limits", deployment_id=deployment.id), code=303)
        sessions, messages = day_usage(deployment.id)
        shares = (
            Share("Conversations", sessions, deployment.max_sessions_day),
            Share("Messages", messages, deployment.max_messages_day),
        )
        return respond(
            "deployments/limits.html",
            deployment=deployment,
            form=form,
            bounds=bounds_of(deployment),
            shares=shares,
            today=clock.paris_day(),
            status=422 if form.errors else 200,
        )
