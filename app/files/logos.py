"""A company's logo: taken in at once, re-encoded on `heavy`, then shown wherever its brand is (DESIGN.md, chat page; PRODUCT.md, Branding).

Its state stands in `company_info` (`logo_state`, `logo_error`), its address in `branding`, where the chat page reads it.
"""

from __future__ import annotations

from app.core import acting
from app.core.errors import TooLargeError, WrongTypeError
from app.core.ids import new_id
from app.core.jobs import enqueue, job
from app.core.storage import StoredFileMissingError, storage
from app.core.transaction import after_commit, transaction
from app.extensions import db
from app.files.images import RefusedFileError, reencode, sniff
from app.files.service import EXTENSIONS, signed_url
from app.identity.models import User

MAX_BYTES = 5 * 1024 * 1024
URL_SECONDS = 20 * 365 * 86_400
"""A logo is public: its address is signed like every other, but does not change while the logo does not."""


def take_logo(user: User, data: bytes) -> None:
    """Keep what arrived and queue its re-encoding. Raises TooLargeError (5 MB), WrongTypeError (by the bytes: JPEG, PNG, WebP)."""
    if len(data) > MAX_BYTES:
        raise TooLargeError("Ce logo dépasse 5 Mo.", code="file_too_large")
    mime = sniff(data)
    if mime is None or mime == "application/pdf":
        raise WrongTypeError("Un logo est une image JPG, PNG ou WebP.", code="file_type")
    raw_key = f"raw/logos/{user.id}/{new_id('logo')}.{EXTENSIONS[mime]}"
    storage().put(raw_key, data, mime)
    _note(user, state="processing")
    user_id = user.id
    after_commit(lambda: enqueue(process_logo, user_id, raw_key))


def remove_logo(user: User) -> None:
    """Go back to no logo."""
    _forget_file(user)
    user.branding = {key: value for key, value in user.branding.items() if key not in ("logo_url", "logo_key")}
    _note(user)


@job(queue="heavy", timeout=60)
def process_logo(user_id: str, raw_key: str) -> None:
    """Re-encode one logo (480 px at most, nothing of the original kept) and show it; a refused one says why."""
    try:
        data = storage().get(raw_key)
    except StoredFileMissingError:
        return  # done already: the job came twice
    key = f"logos/{user_id}/{raw_key.rsplit('/', 1)[-1].split('.')[0]}.webp"
    refusal: str | None = None
    try:
        storage().put(key, reencode(data).thumb, "image/webp")
    except RefusedFileError as error:
        refusal = str(error)
    with transaction(acting.user(user_id, role="")):
        user = db.session.get_one(User, user_id, with_for_update=True)
        if refusal is not None:
            _note(user, state="refused", error=refusal)
        else:
            _forget_file(user, unless=key)
            user.branding = user.branding | {"logo_url": signed_url(key, URL_SECONDS), "logo_key": key}
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
