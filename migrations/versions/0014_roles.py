"""Roles and permissions as data (003 §17.4; PRODUCT.md, Who may do and see what)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import context, op

revision = "0014"
down_revision = "0013"

PERMISSIONS = {
    "marketplace": {"marketplace.access": "Accéder à la place de marché", "catalog.manage": "Gérer le catalogue"},
    "orders": {
        "orders.view": "Voir les commandes reçues",
        "orders.view_own": "Voir ses commandes",
        "orders.create": "Créer une commande",
        "orders.process": "Traiter les commandes",
        "deliveries.manage": "Gérer les livraisons",
    },
    "quotes": {"quotes.create": "Créer un devis", "quotes.view_own": "Voir ses devis"},
    "whitelabel": {
        "deployments.manage": "Gérer les déploiements",
        "domains.manage": "Gérer les domaines",
        "artisans.link": "Lier des artisans",
        "artisans.view": "Voir les artisans liés",
        "sessions.create_link": "Créer des liens de conversation",
        "branding.manage": "Gérer l’apparence",
        "webhooks.manage": "Gérer les webhooks",
        "api.access": "Utiliser l’API",
    },
    "ai": {
        "agents.view": "Voir les agents",
        "ai-sessions.create": "Créer une conversation",
        "ai-sessions.view_own": "Voir ses conversations",
        "ai-sessions.participate": "Participer à une conversation",
        "conversations.handle": "Répondre dans les conversations",
    },
    "files": {"files.upload": "Envoyer des fichiers"},
    "stats": {"stats.view": "Voir les statistiques", "metrics.view": "Voir les mesures et les charges"},
    "validation": {"validation.client": "Valider les dossiers de l’éditeur", "validation.master": "Valider les dossiers de la plateforme"},
    "platform": {
        "users.manage": "Gérer les utilisateurs",
        "staff.manage": "Donner les rôles de l’équipe",
        "agents.manage": "Gérer les agents",
        "settings.manage": "Changer les réglages",
        "audit.view": "Voir le journal",
    },
}
STAFF_ONLY = ("staff.manage", "settings.manage")
EVERYTHING = [slug for group in PERMISSIONS.values() for slug in group]
ROLES = {
    "super-admin": ("Super-administrateur", "Toute la plateforme, rôles de l’équipe et réglages compris", "admin", EVERYTHING),
    "admin": ("Administrateur", "Toute la plateforme", "admin", [slug for slug in EVERYTHING if slug not in STAFF_ONLY]),
    "superviseur": ("Superviseur", "Mesures et charges, sans le contenu des messages", "admin", ["metrics.view"]),
    "metreur": ("Métreur", "Validation technique des pré-devis", "metreur", ["validation.master", "validation.client"]),
    "validator": ("Validateur", "Validation des dossiers", "metreur", ["validation.master", "validation.client"]),
    "editeur": (
        "Éditeur",
        "Éditeur de logiciel, en marque blanche",
        "editeur",
        [
            "deployments.manage",
            "domains.manage",
            "artisans.link",
            "artisans.view",
            "sessions.create_link",
            "webhooks.manage",
            "stats.view",
            "api.access",
            "branding.manage",
            "validation.client",
            "ai-sessions.view_own",
        ],
    ),
    "conseiller": (
        "Conseiller",
        "Répond aux conversations d’un éditeur ou d’un artisan",
        "editeur",
        ["conversations.handle", "ai-sessions.view_own"],
    ),
    "artisan": (
        "Artisan",
        "Professionnel du bâtiment",
        "artisan",
        [
            "agents.view",
            "ai-sessions.create",
            "ai-sessions.view_own",
            "files.upload",
            "quotes.create",
            "quotes.view_own",
            "orders.create",
            "orders.view_own",
            "marketplace.access",
            "sessions.create_link",
            "branding.manage",
            "api.access",
        ],
    ),
    "fabricant": (
        "Fabricant",
        "Fabricant de matériaux",
        "fabricant",
        ["marketplace.access", "catalog.manage", "orders.view", "orders.process", "deliveries.manage", "api.access"],
    ),
    "particulier": (
        "Particulier",
        "Client final",
        "particulier",
        ["ai-sessions.participate", "ai-sessions.view_own", "files.upload", "quotes.view_own"],
    ),
}


def upgrade() -> None:
    text = sa.Text()
    permissions = sa.table("permissions", sa.column("slug", text), sa.column("name", text), sa.column("group_name", text))
    roles = sa.table("roles", *(sa.column(name, text) for name in ("slug", "name", "description", "portal")))
    holds = sa.table("role_permissions", sa.column("role", text), sa.column("permission", text))
    op.bulk_insert(
        permissions,
        [{"slug": slug, "name": name, "group_name": group} for group, items in PERMISSIONS.items() for slug, name in items.items()],
    )
    op.bulk_insert(roles, [{"slug": s, "name": n, "description": d, "portal": p} for s, (n, d, p, _) in ROLES.items()])
    op.bulk_insert(holds, [{"role": slug, "permission": held} for slug, (_, _, _, all_held) in ROLES.items() for held in all_held])
    application = context.config.attributes["app_role"]
    op.execute(f'REVOKE INSERT, UPDATE, DELETE ON permissions, roles, role_permissions FROM "{application}"')
