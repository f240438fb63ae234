"""The journal in French: actions, who acted when it was nobody signed in, details."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

FAMILIES = [
    ("user", "Comptes"),
    ("role", "Rôles"),
    ("key", "Clés d’API"),
    ("link", "Liens entre artisans et éditeurs"),
    ("conversation", "Conversations"),
    ("webhook", "Webhooks"),
    ("deployment", "Déploiements"),
    ("domain", "Domaines"),
    ("price", "Prix"),
    ("email", "E-mails"),
]
ACTIONS = {
    "user.created": "Compte créé",
    "user.signed_in": "Connexion",
    "user.signed_out_elsewhere": "Déconnexion des autres appareils",
    "user.password_changed": "Mot de passe changé",
    "user.email_changed": "Adresse e-mail changée",
    "user.company_changed": "Entreprise modifiée",
    "user.suspended": "Compte suspendu",
    "user.suspension_lifted": "Compte rétabli",
    "role.assigned": "Rôle donné",
    "role.removed": "Rôle retiré",
    "key.created": "Clé créée",
    "key.revoked": "Clé révoquée",
    "link.created": "Lien de conversation créé",
    "link.revoked": "Lien de conversation révoqué",
    "link.proposed": "Artisan invité par un éditeur",
    "link.accepted": "Artisan relié à un éditeur",
    "link.refused": "Proposition d’éditeur refusée",
    "link.detached": "Artisan détaché d’un éditeur",
    "conversation.adopted": "Conversation rattachée à un compte",
    "conversation.deleted": "Conversation supprimée",
    "webhook.created": "Webhook créé",
    "webhook.paused": "Webhook mis en pause",
    "webhook.resumed": "Webhook remis en service",
    "webhook.deleted": "Webhook supprimé",
    "webhook.secret_revealed": "Secret de webhook affiché",
    "webhook.secret_rotated": "Secret de webhook changé",
    "price.saved": "Prix enregistré",
    "price.switched": "Prix proposé ou retiré",
    "price.forgotten": "Prix supprimé",
    "email.sent_again": "E-mail renvoyé",
}
ACTORS = {"user": "Compte effacé", "visitor": "Un visiteur", "system": "Une tâche", "platform": "La plateforme"}
DETAILS = {
    "role": "rôle",
    "on_behalf_of": "pour le compte de",
    "reason": "motif",
    "name": "nom",
    "kind": "sorte",
    "code": "code",
    "active": "proposé",
    "external_id": "identifiant",
}


def detail_words(details: Mapping[str, Any]) -> str:
    """« rôle : editeur, motif : impayé »; what is empty is left out."""
    words = {True: "oui", False: "non"}
    return ", ".join(
        f"{DETAILS.get(name, name)} : {words.get(value, value) if isinstance(value, bool) else value}"
        for name, value in details.items()
        if value is not None and value != ""
    )
