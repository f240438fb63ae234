"""Link codes: an editor hands one to his artisan, who types it in his portal and is tied at once (003 §15.2 A, scenario 3).

`LINK-ABC123`, used once, within seven days, kept as a signature. Who types it proves that the editor gave it to him, so nobody has to accept.
"""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any

from sqlalchemy import select, text

from app.audit.service import record
from app.core import clock
from app.core.acting import Actor, current_actor, platform
from app.core.crypto import Keyring, keyring
from app.core.errors import ConflictError, InvalidError, NotFoundError
from app.core.text import clean_line
from app.core.throttle import throttle
from app.core.transaction import act_as
from app.extensions import db
from app.identity.links import DEFAULT_PERMISSIONS, accept_link
from app.identity.models import EditorLink, LinkCode, User

LIFE = timedelta(days=7)
PREFIX = "LINK-"
LENGTH = 6
ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""Without what is read as something else: 0 and O, 1 and I."""
TRIES, TRY_SECONDS = 10, 3600
MAX_LIVING = 500
_PURPOSE = "link-code"


def make_code(actor: Actor, *, external_id: str, artisan_name: str = "", permissions: dict[str, Any] | None = None) -> tuple[LinkCode, str]:
    """Make a code for the artisan whom the acting editor knows as `external_id`. Returns the row and the code, shown this once.

    Raises InvalidError, ConflictError when an artisan is tied under this identifier already.
    """
    wanted = clean_line(external_id)
    if not wanted:
        raise InvalidError("L’identifiant de l’artisan est attendu.", {"external_id": ["Le vôtre, unique chez vous."]})
    if db.session.scalar(
        select(EditorLink.id).where(
            EditorLink.editor_id == actor.account_id, EditorLink.external_id == wanted, EditorLink.status == "active"
        )
    ):
        raise ConflictError("Un artisan est déjà relié sous cet identifiant.", code="already_linked", details={"external_id": wanted})
    if len(living_codes(actor.account_id or "")) >= MAX_LIVING:
        raise InvalidError("Trop de codes attendent d’être utilisés.", {"external_id": [f"{MAX_LIVING} au plus : annulez-en d’anciens."]})
    bare = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
    code = LinkCode(
        editor_id=actor.account_id,
        external_id=wanted,
        artisan_name=clean_line(artisan_name),
        permissions=DEFAULT_PERMISSIONS | (permissions or {}),
        hash=keyring().sign(bare, _PURPOSE),
        created_by=actor.user_id,
        expires_at=clock.now() + LIFE,
    )
    db.session.add(code)
    db.session.flush()
    record("link_code.created", code.id, external_id=wanted)
    return code, PREFIX + bare


def living_codes(editor_id: str) -> list[LinkCode]:
    """Codes that may still be used, the newest first."""
    return list(
        db.session.scalars(
            select(LinkCode)
            .where(
                LinkCode.editor_id == editor_id,
                LinkCode.used_at.is_(None),
                LinkCode.revoked_at.is_(None),
                LinkCode.expires_at > clock.now(),
            )
            .order_by(LinkCode.created_at.desc(), LinkCode.id)
        )
    )


def revoke_code(editor_id: str, code_id: str) -> LinkCode:
    """Take a code back; twice is once. Raises NotFoundError."""
    code = db.session.scalar(select(LinkCode).where(LinkCode.id == code_id, LinkCode.editor_id == editor_id).with_for_update())
    if code is None:
        raise NotFoundError()
    if code.revoked_at is None and code.used_at is None:
        code.revoked_at = clock.now()
        record("link_code.revoked", code.id)
    return code


def use_code(artisan: User, typed: str) -> EditorLink:
    """Tie the acting artisan by a code; the tie is active at once. Ten tries an hour.

    Raises InvalidError (unknown, used or expired: the same words), ConflictError (the two are tied otherwise), LimitError.
    """
    throttle(f"link-code:{artisan.id}", times=TRIES, seconds=TRY_SECONDS)
    row = db.session.execute(text("SELECT * FROM door_use_link_code(:wanted)"), {"wanted": _signatures(typed)}).one_or_none()
    if row is None:
        raise InvalidError(
            "Ce code n’est pas valable.",
            {"code": ["Ce code n’est pas valable. Vérifiez-le, ou demandez-en un autre à l’éditeur : il sert une fois, sept jours."]},
        )
    before = current_actor()
    act_as(platform("link-code"))
    try:
        tie = _tie(artisan, row)
        db.session.flush()
    finally:
        act_as(before)
    record("link_code.used", row.code_id, editor_link_id=tie.id)
    return tie


def _tie(artisan: User, row: Any) -> EditorLink:
    """The tie under the code's identifier: made, or taken up where a proposal or an ended tie stands."""
    ties = select(EditorLink).where(EditorLink.editor_id == row.editor_id).with_for_update()
    other = db.session.scalar(ties.where(EditorLink.artisan_id == artisan.id, EditorLink.external_id != row.external_id))
    if other is not None:
        raise ConflictError(
            f"{other.editor_name} vous connaît déjà sous l’identifiant {other.external_id}. Demandez-lui un code pour celui-là.",
            code="already_linked",
        )
    tie = db.session.scalar(ties.where(EditorLink.external_id == row.external_id))
    if tie is not None and tie.status == "active":
        raise ConflictError("Un compte est déjà relié sous cet identifiant. Demandez un autre code à l’éditeur.", code="already_linked")
    if tie is None:
        editor = db.session.get_one(User, row.editor_id)
        tie = EditorLink(editor_id=editor.id, external_id=row.external_id, editor_name=editor.display_name, branding={})
        db.session.add(tie)
    elif tie.status in ("refused", "detached"):
        tie.reopened_at = clock.now()
    tie.status, tie.ended_at, tie.invite_due_at = "pending", None, None
    tie.artisan_id, tie.invited_email, tie.permissions = artisan.id, artisan.email, row.permissions
    accept_link(artisan, tie)
    return tie


def _signatures(typed: str) -> list[str]:
    """What a code would be kept as, under each of our signing keys: `link-abc 123` is `LINK-ABC123`."""
    bare = "".join(char for char in typed.upper() if char.isascii() and char.isalnum())
    bare = bare.removeprefix("LINK") if len(bare) > LENGTH else bare
    if len(bare) != LENGTH:
        return []
    ring = keyring()
    return [Keyring(ring.master, (key,)).sign(bare, _PURPOSE) for key in ring.signing]
