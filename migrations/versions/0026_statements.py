"""Billing profiles, monthly statements and their push to an accounting system."""

from __future__ import annotations

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    pass
