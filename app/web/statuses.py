"""The words, colours and icons of states: the same word for the same thing on every page (DESIGN.md, Words).

A state is never told by colour alone, so each has an icon. `action` (minium) is kept for what waits for the reader.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StatusWord:
    """How one state is shown. `feminine` is None when both genders are written alike."""

    kind: str
    icon: str
    label: str
    feminine: str | None = None

    def word(self, feminine: bool) -> str:
        """The label agreeing with the noun it describes."""
        return self.feminine if feminine and self.feminine else self.label


STATUSES: dict[str, StatusWord] = {
    # accounts, keys, links, deployments
    "active": StatusWord("ok", "circle-check", "En service"),
    "enabled": StatusWord("ok", "circle-check", "Activé", "Activée"),
    "disabled": StatusWord("neutral", "power", "Désactivé", "Désactivée"),
    "inactive": StatusWord("neutral", "power", "Inactif", "Inactive"),
    "paused": StatusWord("wait", "player-pause", "En pause"),
    "suspended": StatusWord("bad", "ban", "Suspendu", "Suspendue"),
    "revoked": StatusWord("neutral", "ban", "Révoqué", "Révoquée"),
    "expired": StatusWord("neutral", "clock", "Expiré", "Expirée"),
    "invited": StatusWord("wait", "mail", "Invité", "Invitée"),
    "pending": StatusWord("wait", "hourglass", "En attente"),
    "detached": StatusWord("neutral", "unlink", "Détaché", "Détachée"),
    "refused": StatusWord("bad", "x", "Refusé", "Refusée"),
    "deleted": StatusWord("neutral", "trash", "Supprimé", "Supprimée"),
    "archived": StatusWord("neutral", "archive", "Archivé", "Archivée"),
    "draft": StatusWord("neutral", "pencil", "Brouillon"),
    "published": StatusWord("ok", "world", "Publié", "Publiée"),
    "verified": StatusWord("ok", "shield-check", "Vérifié", "Vérifiée"),
    # jobs and deliveries
    "queued": StatusWord("info", "hourglass", "En file"),
    "running": StatusWord("info", "loader-2", "En cours"),
    "processing": StatusWord("info", "loader-2", "En cours"),
    "done": StatusWord("ok", "check", "Terminé", "Terminée"),
    "failed": StatusWord("bad", "x", "Échec"),
    "retrying": StatusWord("wait", "clock", "Nouvel essai prévu"),
    "cancelled": StatusWord("neutral", "ban", "Annulé", "Annulée"),
    "delivered": StatusWord("ok", "check", "Livré", "Livrée"),
    "ready": StatusWord("ok", "check", "Prêt", "Prête"),
    # conversations
    "open": StatusWord("info", "message", "Ouvert", "Ouverte"),
    "new": StatusWord("action", "point", "Nouveau", "Nouvelle"),
    "to_handle": StatusWord("action", "clock", "À traiter"),
    "handled": StatusWord("info", "hand-stop", "Prise en main"),
    "completed": StatusWord("ok", "check", "Terminé", "Terminée"),
    # pre-quotes and validation
    "created": StatusWord("info", "file-plus", "Créé", "Créée"),
    "accepted": StatusWord("ok", "check", "Accepté", "Acceptée"),
    "rejected": StatusWord("bad", "x", "Refusé", "Refusée"),
    "changes_requested": StatusWord("wait", "pencil", "À corriger"),
    "pending_validation": StatusWord("wait", "hourglass", "En attente de validation"),
    "pending_client_review": StatusWord("wait", "clipboard-list", "Validation de l’éditeur"),
    "client_review": StatusWord("wait", "clipboard-list", "Validation de l’éditeur"),
    "client_validated": StatusWord("info", "clipboard-check", "Validé par l’éditeur", "Validée par l’éditeur"),
    "pending_master_review": StatusWord("wait", "ruler-2", "Chez le métreur"),
    "master_review": StatusWord("wait", "ruler-2", "Chez le métreur"),
    "validated": StatusWord("ok", "circle-check", "Validé", "Validée"),
    # devis and orders
    "sent": StatusWord("info", "send", "Envoyé", "Envoyée"),
    "signed": StatusWord("ok", "signature", "Signé", "Signée"),
    "provisional": StatusWord("action", "clock", "À approuver"),
    "approved": StatusWord("ok", "check", "Approuvé", "Approuvée"),
    "ordered": StatusWord("info", "shopping-cart", "Commandé", "Commandée"),
    "confirmed": StatusWord("ok", "circle-check", "Confirmé", "Confirmée"),
    "shipped": StatusWord("info", "truck-delivery", "Expédié", "Expédiée"),
    "partially_shipped": StatusWord("wait", "truck-delivery", "Expédié en partie", "Expédiée en partie"),
    "received": StatusWord("ok", "package", "Reçu", "Reçue"),
    "paid": StatusWord("ok", "cash", "Payé", "Payée"),
}


def status_word(status: object) -> StatusWord:
    """The word of a state given as text or as an enumeration's member; an unknown one is shown as it is, in grey."""
    code = str(getattr(status, "value", status))
    return STATUSES.get(code) or StatusWord("neutral", "circle", code.replace("_", " ").capitalize())
