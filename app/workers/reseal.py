"""`python -m app.workers.reseal`: seal again under the newest MASTER_KEY what older ones sealed, so that they may be taken away."""

from __future__ import annotations

import sys

from app import create_app
from app.billing.statements.accounting import reseal_key as reseal_accounting_key
from app.config import SettingsError
from app.core.acting import platform
from app.core.transaction import transaction
from app.deployments.identity import reseal_secrets as reseal_signing_secrets
from app.llm.credentials import reseal_all
from app.webhooks.endpoints import reseal_secrets as reseal_webhook_secrets


def reseal() -> dict[str, int]:
    """Seal everything again, in one transaction; how many of each."""
    with transaction(platform("reseal")):
        return {
            "provider_keys": reseal_all(),
            "accounting_keys": int(reseal_accounting_key()),
            "webhook_secrets": reseal_webhook_secrets(),
            "signing_secrets": reseal_signing_secrets(),
        }


def main() -> None:
    """Read the settings from the environment and seal again."""
    try:
        app = create_app()
    except SettingsError as error:
        sys.exit(f"Configuration : {error}")
    with app.app_context():
        counts = reseal()
    print(", ".join(f"{name}: {count}" for name, count in counts.items()))


if __name__ == "__main__":
    main()
