"""Providers, models and their dated prices, keys, active models, system prompts, checks; permissions of the control centre."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"

PERMISSIONS = {
    "ai.manage": ("Régler l’intelligence artificielle", "ai", ("super-admin", "admin", "editeur", "artisan")),
    "costs.view": ("Voir les coûts", "stats", ("super-admin", "admin", "editeur")),
    "library.view": ("Utiliser la bibliothèque de contenus", "ai", ("super-admin", "admin", "editeur", "artisan")),
}


def upgrade() -> None:
    _permissions()


def _permissions() -> None:
    for slug, (name, group, roles) in PERMISSIONS.items():
        op.execute(sa.text("INSERT INTO permissions (slug, name, group_name) VALUES (:s, :n, :g)").bindparams(s=slug, n=name, g=group))
        for role in roles:
            op.execute(sa.text("INSERT INTO role_permissions (role, permission) VALUES (:r, :p)").bindparams(r=role, p=slug))
