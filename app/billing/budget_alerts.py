"""Telling the levels of budgets: rows that the fold wrote, each told once, to the editor and to the administrators."""

from __future__ import annotations

from sqlalchemy import select

from app.billing.alerts import BATCH, first_of_next_month
from app.billing.budgets import spent_by
from app.billing.models import Budget, BudgetAlert
from app.core import clock
from app.core import format as french
from app.core.acting import platform
from app.core.transaction import transaction
from app.extensions import db
from app.identity.models import User
from app.identity.staff import administrators
from app.notifications.service import notify


def tell_budget_levels() -> int:
    """Tell the levels reached; of several reached at once, the highest. Returns how many were told."""
    with transaction(platform("sweep")):
        waiting = db.session.scalars(
            select(BudgetAlert)
            .where(BudgetAlert.told_at.is_(None))
            .order_by(BudgetAlert.created_at, BudgetAlert.level)
            .limit(BATCH)
            .with_for_update(skip_locked=True)
        ).all()
        highest = {(alert.editor_id, alert.month, alert.created_at): alert for alert in waiting}
        for alert in waiting:
            alert.told_at = clock.now()
        for alert in highest.values():
            _tell(alert)
        return len(highest)


def _tell(alert: BudgetAlert) -> None:
    budget, editor = db.session.get(Budget, alert.editor_id), db.session.get_one(User, alert.editor_id)
    if budget is None:
        return
    spent = spent_by(alert.editor_id, alert.month)
    figures = f"{french.euro(spent)} sur {french.euro(budget.amount_eur)} en {french.month(alert.month)}."
    stopped = alert.level == LAST and budget.hard_stop
    if stopped:
        title = "Budget IA : il est épuisé, vos assistants sont arrêtés"
        after = (
            f"Jusqu’au {first_of_next_month(alert.month)}, vos visiteurs lisent un message d’attente, avec le téléphone de leur artisan. "
            "Écrivez à la plateforme pour relever le budget."
        )
    elif alert.level == LAST:
        title, after = "Budget IA : il est épuisé", "Vos assistants répondent toujours. Écrivez à la plateforme pour relever le budget."
    else:
        title = f"Budget IA : {alert.level} % sont dépensés"
        after = (
            "À 100 %, vos assistants ne répondent plus jusqu’au mois suivant." if budget.hard_stop else "Vos assistants répondent toujours."
        )
    notify(editor.id, kind="budget", title=title, body=f"{figures} {after}", url="/editeur/")
    state = "ses assistants sont arrêtés" if stopped else "ses assistants répondent"
    for administrator in administrators():
        notify(
            administrator,
            kind="budget_of_editor",
            title=f"Budget IA {french.de(editor.display_name)} : {alert.level} %",
            body=f"{figures} Pour l’instant, {state}.",
            url=f"/admin/editeurs/{editor.id}",
        )


LAST = 100
"""The level that uses a budget up."""
