"""`python -m app.workers.demo --out var/demo.json`: load the demo of CONTRACT.md, once; never in production."""

from __future__ import annotations

import argparse
import json
import os
import secrets
import sys
from pathlib import Path
from typing import Any

from sqlalchemy import select

from app import create_app
from app.agents.models import Agent
from app.billing.plans import Terms, subscribe
from app.billing.statements.issuer import IssuerValues, save_issuer
from app.billing.statements.profiles import BillingTerms, Contact, save_profile
from app.core import acting
from app.core.transaction import transaction
from app.deployments.models import AllowedDomain, Deployment
from app.extensions import db, settings
from app.identity.keys import create_key
from app.identity.links import accept_link
from app.identity.models import EditorLink, User
from app.identity.service import create_user
from app.quoting.library import load_platform_library

PEOPLE: dict[str, dict[str, Any]] = {
    "admin": {"email": "admin@ai-manager.example", "name": "Claire Morel", "role": "super-admin"},
    "metreur": {"email": "metreur@ai-manager.example", "name": "Hugo Lefèvre", "role": "metreur"},
    "editeur": {
        "email": "integration@ebp.example",
        "name": "Sophie Bernard",
        "role": "editeur",
        "company_name": "EBP",
        "company_info": {"address": "Rue de Cutesson, 78120 Rambouillet", "website": "https://ebp.example", "phone": "01 34 94 80 00"},
    },
    "editeur2": {
        "email": "equipe@batilog.example",
        "name": "Julien Petit",
        "role": "editeur",
        "company_name": "Batilog",
        "company_info": {"website": "https://batilog.example"},
    },
    "artisan": {
        "email": "contact@durant-peinture.example",
        "name": "Marc Durant",
        "role": "artisan",
        "company_name": "Durant Peinture",
        "company_info": {
            "address": "12 rue des Artisans, 75011 Paris",
            "phone": "06 12 34 56 78",
            "website": "https://durant-peinture.example",
        },
    },
    "artisan2": {
        "email": "contact@lebrun-renovation.example",
        "name": "Nadia Lebrun",
        "role": "artisan",
        "company_name": "Lebrun Rénovation",
        "company_info": {"address": "4 quai des Mariniers, 69002 Lyon", "phone": "06 98 76 54 32"},
    },
    "fabricant": {"email": "commandes@weber.example", "name": "Paul Garnier", "role": "fabricant", "company_name": "Weber"},
    "fabricant2": {"email": "commandes@porcelanosa.example", "name": "Elena Ruiz", "role": "fabricant", "company_name": "Porcelanosa"},
    "particulier": {"email": "m.martin@example.com", "name": "M. Martin", "role": "particulier"},
}
DURANT_BRANDING = {
    "title": "Durant Peinture",
    "primary_color": "#c2451e",
    "welcome_message": "Bonjour, je suis l’assistant de {artisan.name}. Pouvez-vous me décrire votre projet ?",
    "signature": "L’équipe Durant Peinture",
}


def load_demo() -> dict[str, Any]:
    """Make the accounts, the agents, their deployments, the links and the keys. Returns what `demo.json` holds."""
    out: dict[str, Any] = {
        "base_url": settings().base_url,
        "accounts": {},
        "api_keys": {},
        "deployments": {},
        "artisan_external_id": "DUR-001",
    }
    users: dict[str, User] = {}
    for key, person in PEOPLE.items():
        password = secrets.token_urlsafe(12)
        users[key] = create_user(**person, password=password)
        out["accounts"][key] = {"email": person["email"], "password": password}
    users["artisan"].branding = DURANT_BRANDING
    agents = {agent.slug: agent for agent in db.session.scalars(select(Agent))}
    load_platform_library()
    for key, agent, editor, name in (
        ("expert_btp", "expert-btp", users["editeur"], "Expert BTP - EBP"),
        ("support", "support-client", users["editeur"], "Support - EBP"),
        ("platform", "expert-btp", None, "Expert BTP"),
        ("editeur2", "expert-btp", users["editeur2"], "Expert BTP - Batilog"),
    ):
        deployment = Deployment(agent_id=agents[agent].id, editor_id=editor.id if editor else None, name=name)
        db.session.add(deployment)
        db.session.flush()
        if key in ("expert_btp", "support"):
            out["deployments"][key] = deployment.id
            for host, environment in (("app.ebp.com", "production"), ("localhost", "localhost")):
                db.session.add(
                    AllowedDomain(deployment_id=deployment.id, editor_id=deployment.editor_id, host=host, environment=environment)
                )
    for editor, artisan, external_id in (("editeur", "artisan", "DUR-001"), ("editeur2", "artisan2", "LEB-042")):
        link = EditorLink(
            editor_id=users[editor].id,
            artisan_id=users[artisan].id,
            external_id=external_id,
            invited_email=users[artisan].email,
            artisan_name=users[artisan].display_name,
            editor_name=users[editor].display_name,
            permissions={"can_create_sessions": True, "can_view_analytics": False, "max_sessions_month": None},
        )
        db.session.add(link)
        db.session.flush()
        accept_link(users[artisan], link)
    for key, plan in (("editeur", "pln_business"), ("editeur2", "pln_pro")):
        subscribe(users[key].id, Terms(plan, {}))
    _billing(users["editeur"].id)
    for key, role in (("editeur", "editeur"), ("editeur2", "editeur"), ("fabricant", "fabricant")):
        owner = acting.user(users[key].id, role=role)
        out["api_keys"][key] = create_key(owner, kind="key", name="Clé de démonstration")[1]
    return out


def _billing(editor_id: str) -> None:
    """Who issues statements, and to whom EBP's are written: the first one is prepared on the 1st of next month."""
    siret = "73282932000074"
    issuer = {"name": "AI-Manager (démonstration)", "address_line1": "4 quai des Mariniers", "postcode": "69002", "city": "Lyon"}
    save_issuer(IssuerValues(**issuer, legal="", address_line2="", country="FR", siret=siret, vat_number="", email=""))
    customer = {"contact_name": "Sophie Bernard", "billing_email": "comptabilite@ebp.example", "address_line1": "Rue de Cutesson"}
    where = {"address_line2": "", "postcode": "78120", "city": "Rambouillet", "country": "FR", "siret": siret, "vat_number": ""}
    save_profile(editor_id, Contact(**customer, **where), BillingTerms())


def main() -> None:
    """Load the demo unless it is there, and write its accounts where only their owner reads them."""
    parser = argparse.ArgumentParser(description="Charge la démonstration, une seule fois.")
    parser.add_argument("--out", type=Path, required=True)
    out_path: Path = parser.parse_args().out
    app = create_app()
    with app.app_context():
        if settings().production:
            sys.exit("La démonstration n’est jamais chargée en production.")
        with transaction(acting.platform("demo")):
            if db.session.scalar(select(User.id).where(User.email == PEOPLE["admin"]["email"])):
                return
            loaded = load_demo()
    out_path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(out_path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(loaded, file, ensure_ascii=False, indent=1)


if __name__ == "__main__":
    main()
