"""Jobs of the notification centre: a few lines calling a verb."""

from __future__ import annotations

from app.core.jobs import job


@job(queue="light", timeout=60)
def deliver_email(email_id: str) -> None:
    """Hand one e-mail to the SMTP server, or leave it in the outbox."""
    from app.notifications.delivery import deliver

    deliver(email_id)


@job(queue="light", timeout=60)
def mail_notification(notification_id: str) -> None:
    """Write the e-mail of a notification, if its user wants it."""
    from app.notifications.delivery import mail_notification as mail

    mail(notification_id)


@job(queue="light", timeout=60)
def sweep_emails() -> None:
    """Queue again e-mails whose job was lost or whose retry is due."""
    from app.notifications.delivery import sweep

    sweep()


@job(queue="light", timeout=60)
def invite_artisan(link_id: str) -> None:
    """Tell an artisan that an editor wants to be tied to him, or invite him."""
    from app.notifications.invitations import invite_artisan as invite

    invite(link_id)


@job(queue="light", timeout=60)
def send_reset(email: str) -> None:
    """Send a reset link, if an account has this address."""
    from app.notifications.invitations import send_reset as send

    send(email)


@job(queue="light", timeout=60)
def send_invitation(user_id: str) -> None:
    """Send an invitation to choose a password."""
    from app.notifications.invitations import send_invitation as send

    send(user_id)


@job(queue="light", timeout=60)
def sweep_invitations() -> None:
    """Queue again invitations whose job was lost."""
    from app.notifications.invitations import sweep_invitations as sweep

    sweep()


@job(queue="light", timeout=600)
def import_artisans(import_id: str, editor_id: str, user_id: str) -> None:
    """Propose the artisans of a file that an editor confirmed."""
    from app.notifications.importing import run_import

    run_import(import_id, editor_id, user_id)


@job(queue="light", timeout=60)
def sweep_imports() -> None:
    """Queue again imports whose job was lost."""
    from app.notifications.importing import sweep_imports as sweep

    sweep()
