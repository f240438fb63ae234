"""Jobs of statements: a few lines calling a verb."""

from __future__ import annotations

from app.core.jobs import job


@job(queue="heavy", timeout=120)
def render_statement(statement_id: str) -> None:
    """Write the PDF of an issued statement."""
    from app.billing.statements.pdf import render

    render(statement_id)


@job(queue="light", timeout=180)
def push_statement(statement_id: str) -> None:
    """Make the invoice of an issued statement in Dolibarr, once."""
    from app.billing.statements.pushing import push

    push(statement_id)


@job(queue="light", timeout=300)
def prepare_statements() -> None:
    """Prepare the drafts of the month that is over."""
    from app.billing.statements.sweeping import prepare_due

    prepare_due()


@job(queue="light", timeout=60)
def sweep_statements() -> None:
    """Queue again what a dead worker or an emptied Redis lost."""
    from app.billing.statements.sweeping import sweep

    sweep()
