"""A company's logo: taken in at once, re-encoded on `heavy`, then shown wherever its brand is (DESIGN.md, chat page; PRODUCT.md, Branding).

Its state stands in `company_info` (`logo_state`, `logo_error`), its address in `branding`, where the chat page reads it.
"""

from __future__ import annotations

from dataclasses import dataclass

from app.core import acting
from app.core.errors import TooLargeError, WrongTypeError
from app.core.ids import new_id
from app.core.jobs import enqueue, job
from app.core.storage import StoredFileMissingError, storage
from app.core.transaction import after_commit, transaction
from app.extensions import db
from app.files.kinds import RefusedFileError, sniff
from app.files.service import EXTENSIONS, signed_url
from app.identity.models import User

MAX_BYTES = 5 * 1024 * 1024
URL_SECONDS = 20 * 365 * 86_400
"""A logo is public: its address is signed like every other, but does not change while the logo does not."""


def take_logo(user: User, data: bytes) -> None:
    """Keep what arrived and queue its re-encoding. Raises TooLargeError (5 MB), WrongTypeError (by the bytes: JPEG, PNG, WebP)."""
    raw_key = keep_raw_logo(user.id, data)
    _note(user, state="processing")
    user_id = user.id
    after_commit(lambda: enqueue(process_logo, user_id, raw_key))


def keep_raw_logo(owner_id: str, data: bytes) -> str:
    """Keep what arrived of somebody's logo; returns its key. Raises TooLargeError (5 MB), WrongTypeError."""
    if len(data) > MAX_BYTES:
        raise TooLargeError("Ce logo dépasse 5 Mo.", code="file_too_large")
    mime = sniff(data)
    if mime is None or mime == "application/pdf":
        raise WrongTypeError("Un logo est une image JPG, PNG ou WebP.", code="file_type")
    raw_key = f"raw/logos/{owner_id}/{new_id('logo')}.{EXTENSIONS[mime]}"
    storage().put(raw_key, data, mime)
    return raw_key


@dataclass(frozen=True, slots=True)
class Reencoded:
    """A logo ready to be shown, or why it is not."""

    key: str | None
    refusal: str | None = None


def reencode_logo(owner_id: str, raw_key: str) -> Reencoded | None:
    """Write one logo anew (480 px at most, nothing of the original kept). None when its original is gone: done already."""
    try:
        data = storage().get(raw_key)
    except StoredFileMissingError:
        return None
    from app.files.images import reencode  # only their worker loads the decoders

    key = f"logos/{owner_id}/{raw_key.rsplit('/', 1)[-1].split('.')[0]}.webp"
    try:
        storage().put(key, reencode(data).thumb, "image/webp")
    except RefusedFileError as error:
        return Reencoded(None, str(error))
    return Reencoded(key)


def remove_logo(user: User) -> None:
    """Go back to no logo."""
    _forget_file(user)
    user.branding = {key: value for key, value in user.branding.items() if key not in ("logo_url", "logo_key")}
    _note(user)


@job(queue="heavy", timeout=60)
def process_logo(user_id: str, raw_key: str) -> None:
    """Re-encode one logo and show it; a refused one says why."""
    done = reencode_logo(user_id, raw_key)
    if done is None:
        return  # the job came twice
    with transaction(acting.user(user_id, role="")):
        user = db.session.get_one(User, user_id, with_for_update=True)
        if done.key is None:
            _note(user, state="refused", error=done.refusal)
        else:
            _forget_file(user, unless=done.key)
            user.branding = user.branding | {"logo_url": signed_url(done.key, URL_SECONDS), "logo_key": done.key}
            _note(user)
        after_commit(lambda: storage().delete(raw_key))


def _note(user: User, *, state: str | None = None, error: str | None = None) -> None:
    told = {"logo_state": state, "logo_error": error}
    kept = {key: value for key, value in user.company_info.items() if key not in told}
    user.company_info = kept | {key: value for key, value in told.items() if value}


def _forget_file(user: User, unless: str | None = None) -> None:
    old = user.branding.get("logo_key")
    if old and old != unless:
        after_commit(lambda: storage().delete(old))
