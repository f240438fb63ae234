"""The journal in French: actions, who acted when it was nobody signed in, details."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

FAMILIES = [
    ("user", "Comptes"),
    ("role", "Rôles"),
    ("key", "Clés d’API"),
    ("link", "Liens entre artisans et éditeurs"),
    ("link_code", "Codes de liaison"),
    ("artisan_import", "Imports d’artisans"),
    ("identity_secret", "Secrets de signature"),
    ("conversation", "Conversations"),
    ("webhook", "Webhooks"),
    ("deployment", "Déploiements"),
    ("agent", "Agents"),
    ("domain", "Domaines"),
    ("price", "Prix"),
    ("plan", "Forfaits"),
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
    "link.configured": "Droits d’un artisan changés",
    "link.asked_again": "Proposition d’éditeur renvoyée",
    "link.mailed": "Lien de conversation envoyé par e-mail",
    "link_code.created": "Code de liaison créé",
    "link_code.revoked": "Code de liaison annulé",
    "link_code.used": "Code de liaison utilisé",
    "artisan_import.read": "Fichier d’artisans relu",
    "artisan_import.confirmed": "Import d’artisans confirmé",
    "artisan_import.done": "Import d’artisans terminé",
    "artisan_import.stopped": "Import d’artisans arrêté",
    "identity_secret.rotated": "Secret de signature créé ou changé",
    "identity_secret.revealed": "Secret de signature affiché",
    "identity_secret.ended": "Ancien secret de signature refusé",
    "conversation.adopted": "Conversation rattachée à un compte",
    "conversation.deleted": "Conversation supprimée",
    "webhook.created": "Webhook créé",
    "webhook.paused": "Webhook mis en pause",
    "webhook.resumed": "Webhook remis en service",
    "webhook.deleted": "Webhook supprimé",
    "webhook.secret_revealed": "Secret de webhook affiché",
    "webhook.secret_rotated": "Secret de webhook changé",
    "domain.added": "Domaine ajouté",
    "domain.switched": "Domaine activé ou désactivé",
    "domain.removed": "Domaine retiré",
    "domain.approved": "Domaine validé",
    "domain.refused": "Domaine refusé",
    "domain.review_required": "Validation des domaines demandée ou levée",
    "domain.claimed": "Domaine revendiqué par deux éditeurs",
    "domain.claim_settled": "Domaine laissé à deux éditeurs",
    "plan.saved": "Forfait enregistré",
    "plan.subscribed": "Forfait d’un éditeur changé",
    "plan.unsubscribed": "Forfait d’un éditeur retiré",
    "deployment.created": "Déploiement créé",
    "deployment.changed": "Déploiement renommé ou changé de mode",
    "deployment.switched": "Déploiement activé ou désactivé",
    "deployment.overlay_changed": "Réglages d’un déploiement changés",
    "deployment.limits_changed": "Limites d’un déploiement changées",
    "agent.whitelabel_changed": "Marque blanche d’un agent changée",
    "agent.granted": "Agent autorisé à un éditeur",
    "agent.grant_withdrawn": "Autorisation d’un agent retirée",
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
    "limits": "limites",
    "unpaid_since": "impayé depuis",
    "mode": "mode",
    "version": "version",
    "fields": "champs",
}


def detail_words(details: Mapping[str, Any]) -> str:
    """« rôle : editeur, motif : impayé »; what is empty is left out."""
    words = {True: "oui", False: "non"}
    return ", ".join(
        f"{DETAILS.get(name, name)} : {words.get(value, value) if isinstance(value, bool) else value}"
        for name, value in details.items()
        if value is not None and value != ""
    )
