"""What is done again and again, in one list."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from app.billing.jobs import check_counters, fold_calls, purge_counters, sweep_quotas
from app.billing.statements.jobs import prepare_statements, sweep_statements
from app.conversations.jobs import sweep_replies, sweep_sessions
from app.deployments.hosts import check_brand_hosts
from app.deployments.jobs import purge_refusals, watch_domains
from app.evaluation.jobs import purge_trials, sweep_trials
from app.files.jobs import sweep_files
from app.library.jobs import sweep_contents
from app.notifications.jobs import sweep_emails, sweep_imports, sweep_invitations
from app.webhooks.jobs import drain


@dataclass(frozen=True, slots=True)
class Periodic:
    """A job without arguments, every so many seconds. Never twice at once: one that still waits or runs is not added again."""

    seconds: int
    job: Callable[[], None]
    name: str


SCHEDULE: tuple[Periodic, ...] = (
    Periodic(2, sweep_replies, "sweep-replies"),
    Periodic(2, fold_calls, "fold-calls"),
    Periodic(5, drain, "drain-webhooks"),
    Periodic(5, sweep_trials, "sweep-trials"),
    Periodic(30, sweep_files, "sweep-files"),
    Periodic(30, sweep_emails, "sweep-emails"),
    Periodic(30, sweep_contents, "sweep-contents"),
    Periodic(60, sweep_invitations, "sweep-invitations"),
    Periodic(60, sweep_imports, "sweep-imports"),
    Periodic(60, sweep_sessions, "sweep-sessions"),
    Periodic(3600, check_brand_hosts, "check-hosts"),
    Periodic(60, watch_domains, "watch-domains"),
    Periodic(6 * 3600, purge_refusals, "purge-refusals"),
    Periodic(60, sweep_quotas, "sweep-quotas"),
    Periodic(60, sweep_statements, "sweep-statements"),
    Periodic(900, prepare_statements, "prepare-statements"),
    Periodic(6 * 3600, purge_counters, "purge-counters"),
    Periodic(6 * 3600, purge_trials, "purge-trials"),
    Periodic(24 * 3600, check_counters, "check-counters"),
)
