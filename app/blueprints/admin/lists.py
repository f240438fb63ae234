"""What the lists of accounts share."""

from __future__ import annotations

ACCOUNT_STATES = [("", "Tous les états"), ("active", "En service"), ("invited", "Invités"), ("suspended", "Suspendus")]
