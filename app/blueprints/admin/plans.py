"""Plans, and the one of an editor (003 §9.1)."""

from __future__ import annotations

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.billing import plans as verbs
from app.billing.models import Plan
from app.billing.usage import month_usage
from app.blueprints.admin.blueprint import bp
from app.blueprints.admin.plan_forms import PlanForm, SubscriptionForm
from app.core import format as french
from app.core.errors import InvalidError
from app.identity.admin_queries import account_in_role
from app.web.access import requires
from app.web.form_errors import put_errors
from app.web.responding import respond


@bp.get("/forfaits")
@requires("users.manage")
def plans() -> ResponseReturnValue:
    """Every plan with its limits, its price and how many editors hold it."""
    return respond("admin/plans/list.html", plans=verbs.all_plans())


@bp.route("/forfaits/nouveau", methods=["GET", "POST"])
@requires("users.manage")
def new_plan() -> ResponseReturnValue:
    """A plan of one's own making."""
    return _edit(None)


@bp.route("/forfaits/<plan_id>", methods=["GET", "POST"])
@requires("users.manage")
def plan(plan_id: str) -> ResponseReturnValue:
    """Change a plan: its limits hold at once for everybody who has it."""
    return _edit(verbs.plan_by_id(plan_id))


def _edit(plan: Plan | None) -> ResponseReturnValue:
    form = PlanForm()
    if request.method == "GET":
        if plan is not None:
            form.show(plan)
    elif form.validate_on_submit():
        try:
            saved = verbs.save_plan(form.values(), plan.id if plan else None)
        except InvalidError as error:
            put_errors(form, error)
        else:
            flash(f"Forfait {saved.name} enregistré.", "success")
            return redirect(url_for(".plans"), code=303)
    return respond("admin/plans/form.html", form=form, plan=plan, status=422 if form.errors else 200)


@bp.route("/editeurs/<editor_id>/forfait", methods=["GET", "POST"])
@requires("users.manage")
def subscription(editor_id: str) -> ResponseReturnValue:
    """The plan of an editor, the limits agreed with him, an invoice left unpaid."""
    editor = account_in_role(editor_id, "editeur")
    form, found = SubscriptionForm(), verbs.subscription_of(editor.id)
    form.offer(verbs.all_plans(), found.plan_id if found else None)
    if request.method == "GET":
        if found is not None:
            form.show(found)
    elif form.validate_on_submit():
        try:
            verbs.subscribe(editor.id, form.terms())
        except InvalidError as error:
            put_errors(form, error)
        else:
            flash(f"Le forfait {french.de(editor.display_name)} est enregistré.", "success")
            return redirect(url_for(".editor", editor_id=editor.id), code=303)
    status = 422 if form.errors else 200
    return respond("admin/editors/subscription.html", form=form, editor=editor, found=found, usage=month_usage(editor.id), status=status)


@bp.post("/editeurs/<editor_id>/forfait/retrait")
@requires("users.manage")
def end_subscription(editor_id: str) -> ResponseReturnValue:
    """Take the plan back: the editor has no limit then."""
    editor = account_in_role(editor_id, "editeur")
    verbs.unsubscribe(editor.id)
    flash(f"{editor.display_name} n’a plus de forfait, ni de limite.", "success")
    return redirect(url_for(".editor", editor_id=editor.id), code=303)
