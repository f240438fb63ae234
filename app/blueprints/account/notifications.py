"""What one was told: the bell, the list, read or not."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.blueprints.account.blueprint import notifications_bp as bp
from app.core.acting import Actor
from app.notifications.models import Notification
from app.notifications.reading import notifications_of, read_all, read_notification, unread_count
from app.web.access import requires, signed_in
from app.web.navigation import badge
from app.web.paging import paginate


@badge("notifications.index", kind="action")
def _unread(actor: Actor) -> int:
    return unread_count(actor.user_id or "")


@bp.get("")
@requires()
def index() -> str:
    """The list, the newest first."""
    user_id = signed_in().user_id or ""
    unread_only = request.args.get("voir") == "non-lues"
    page = paginate(
        notifications_of(user_id, unread_only=unread_only),
        (Notification.created_at, Notification.id),
        after=request.args.get("apres"),
        before=request.args.get("avant"),
        limit=30,
        count=True,
    )
    return render_template("notifications/index.html", page=page, unread_only=unread_only, unread=unread_count(user_id))


@bp.get("/cloche")
@requires()
def bell() -> str:
    """The fragment of the bell."""
    return render_template("notifications/_bell.html", unread=unread_count(signed_in().user_id or ""))


@bp.get("/<notification_id>")
@requires()
def follow(notification_id: str) -> Response:
    """Go where a notification leads; it is read then."""
    notification = read_notification(signed_in().user_id or "", notification_id)
    return redirect(notification.url or url_for("notifications.index"), code=303)


@bp.post("/<notification_id>/lue")
@requires()
def read(notification_id: str) -> Response:
    """Mark one as read and stay on the list."""
    read_notification(signed_in().user_id or "", notification_id)
    return redirect(url_for("notifications.index"), code=303)


@bp.post("/lues")
@requires()
def all_read() -> Response:
    """Mark all as read."""
    read_all(signed_in().user_id or "")
    flash("Toutes vos notifications sont lues.", "success")
    return redirect(url_for("notifications.index"), code=303)
