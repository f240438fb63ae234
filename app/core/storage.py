"""Where files' bytes live: a folder, or an S3-compatible bucket (the only user of `boto3`).

Whatever holds the bytes, browsers and partners fetch them from our own host by signed URLs that expire
(TRAPS.md: 15 min in pages, 7 days in webhooks); the bucket itself is never public.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol, TypeVar, cast
from urllib.parse import quote, urlencode

from flask import Flask, current_app

from app.config import Settings
from app.core import clock
from app.core.crypto import Keyring

Result = TypeVar("Result")

PAGE_SECONDS = 900
WEBHOOK_SECONDS = 604_800
_PURPOSE = "file-url"
_SEGMENT = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}")


class StorageKeyError(ValueError):
    """A key that is no key: empty, absolute, climbing, hidden or with odd characters."""


class StoredFileMissingError(LookupError):
    """Nothing is stored under this key."""


class StorageUnavailableError(Exception):
    """The store did not answer or refused us; trying later may help."""


class Storage(Protocol):
    """Keys are relative paths such as `sessions/sess_x/file_y/full.jpg`: letters, digits, `.`, `_`, `-`, between slashes.

    Every method that takes a key raises StorageKeyError for a bad one; a store that is away raises StorageUnavailableError.
    """

    def put(self, key: str, data: bytes, content_type: str) -> None:
        """Store or replace, all or nothing."""

    def get(self, key: str) -> bytes:
        """The bytes. Raises StoredFileMissingError."""

    def delete(self, key: str) -> None:
        """Forget a key; one that does not exist is fine."""

    def delete_prefix(self, prefix: str) -> int:
        """Forget all that lies below a folder (`sessions/sess_x`, without the slash); how many files that was."""

    def signed_url(self, key: str, expires_seconds: int, filename: str | None = None, base_url: str = "") -> str:
        """Our URL `/files/<key>?e=…&s=…`, valid for at most `expires_seconds` and at least four fifths of it."""

    def verify(self, key: str, e: str, s: str, n: str = "") -> bool:
        """True when a URL's parameters were signed by us for this key and have not expired."""


class _SignedUrls:
    """Signing and checking of URLs, the same for every store."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    def signed_url(self, key: str, expires_seconds: int, filename: str | None = None, base_url: str = "") -> str:
        """Our URL for a key. `filename`, when given, is signed too and names the download; `base_url` makes it absolute.

        The expiry is rounded down to a fifth of the duration (an hour at most): within it the URL is the same, and browsers' caches work.
        """
        path = _checked(key)
        window = max(1, min(expires_seconds // 5, 3600))
        expiry = (int(clock.now().timestamp()) + expires_seconds) // window * window
        name = filename or ""
        query = {"e": str(expiry), "s": self._keyring.sign(_signed_text(path, str(expiry), name), _PURPOSE)}
        if name:
            query["n"] = name
        return f"{base_url}/files/{path}?{urlencode(query, quote_via=quote)}"

    def verify(self, key: str, e: str, s: str, n: str = "") -> bool:
        """Check what a request brought back: `e` expiry, `s` signature, `n` the file's name if the URL had one."""
        if not re.fullmatch(r"[0-9]{1,12}", e) or not self._keyring.verify_signature(_signed_text(key, e, n), _PURPOSE, s):
            return False
        return int(e) >= clock.now().timestamp()


class FolderStorage(_SignedUrls):
    """Files below one folder of this machine."""

    def __init__(self, root: Path, keyring: Keyring) -> None:
        super().__init__(keyring)
        self._root = root.resolve()

    def put(self, key: str, data: bytes, content_type: str) -> None:
        """Store by writing beside and renaming. The content type is kept by the file's row, not here."""
        path = self._path(key)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, temporary = tempfile.mkstemp(prefix=".tmp-", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)
            raise

    def get(self, key: str) -> bytes:
        try:
            return self._path(key).read_bytes()
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            raise StoredFileMissingError(key) from None

    def delete(self, key: str) -> None:
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            self._path(key).unlink()

    def delete_prefix(self, prefix: str) -> int:
        folder = self._path(prefix)
        count = sum(1 for path in folder.rglob("*") if path.is_file())
        shutil.rmtree(folder, ignore_errors=True)
        return count

    def _path(self, key: str) -> Path:
        # A checked key cannot climb; resolving also refuses a symbolic link that leads out.
        path = (self._root / _checked(key)).resolve()
        if not path.is_relative_to(self._root):
            raise StorageKeyError(key)
        return path


class S3Storage(_SignedUrls):
    """Files in a bucket of S3 or of anything that speaks its protocol (path-style addresses, signature v4)."""

    def __init__(
        self, *, endpoint: str | None, bucket: str, access_key: str | None, secret_key: str | None, region: str, keyring: Keyring
    ) -> None:
        super().__init__(keyring)
        self._bucket = bucket
        self._options = {
            "endpoint_url": endpoint,
            "aws_access_key_id": access_key,
            "aws_secret_access_key": secret_key,
            "region_name": region,
        }

    def put(self, key: str, data: bytes, content_type: str) -> None:
        path = _checked(key)
        _reached(lambda: self._client.put_object(Bucket=self._bucket, Key=path, Body=data, ContentType=content_type))

    def get(self, key: str) -> bytes:
        path = _checked(key)
        return _reached(lambda: bytes(self._client.get_object(Bucket=self._bucket, Key=path)["Body"].read()))

    def delete(self, key: str) -> None:
        path = _checked(key)
        _reached(lambda: self._client.delete_object(Bucket=self._bucket, Key=path))

    def delete_prefix(self, prefix: str) -> int:
        # One by one: a session holds a few dozen files, and not every S3 look-alike takes the checksums of a grouped deletion.
        keys = list(self._keys(f"{_checked(prefix)}/"))
        for key in keys:
            self.delete(key)
        return len(keys)

    def _keys(self, prefix: str) -> Iterator[str]:
        options: dict[str, str] = {"Bucket": self._bucket, "Prefix": prefix}
        while True:
            page = _reached(lambda: self._client.list_objects_v2(**options))
            yield from (entry["Key"] for entry in page.get("Contents", []))
            if not page.get("IsTruncated"):
                return
            options["ContinuationToken"] = page["NextContinuationToken"]

    @cached_property
    def _client(self) -> Any:
        import boto3  # 5 MiB in every process: only where there is a bucket
        from botocore.config import Config

        config = Config(
            signature_version="s3v4",
            s3={"addressing_style": "path"},
            connect_timeout=5,
            read_timeout=20,
            retries={"max_attempts": 3, "mode": "standard"},
            # boto3's default trailing checksums are unknown to many S3-compatible servers.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        return boto3.session.Session().client("s3", config=config, **self._options)


def install_storage(app: Flask, settings: Settings) -> None:
    """Give the application its store."""
    app.extensions["storage"] = storage_for(settings)


def storage() -> Storage:
    """The store of the running application."""
    return cast(Storage, current_app.extensions["storage"])


def storage_for(settings: Settings) -> Storage:
    """The store the settings ask for: a bucket when S3_BUCKET is set, else the folder `files` of DATA_DIR."""
    keyring = Keyring.read(settings.master_key, settings.secret_key)
    if settings.s3_bucket:
        return S3Storage(
            endpoint=settings.s3_endpoint,
            bucket=settings.s3_bucket,
            access_key=settings.s3_access_key,
            secret_key=settings.s3_secret_key,
            region=settings.s3_region,
            keyring=keyring,
        )
    return FolderStorage(settings.data_dir / "files", keyring)


def _checked(key: str) -> str:
    if len(key) > 900 or not all(_SEGMENT.fullmatch(segment) for segment in key.split("/")):
        raise StorageKeyError(key)
    return key


def _signed_text(key: str, expiry: str, name: str) -> str:
    return f"{key}\n{expiry}\n{name}"


def _reached(call: Callable[[], Result]) -> Result:
    """Translate botocore's errors; its own retries have been spent."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return call()
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in ("NoSuchKey", "404"):
            raise StoredFileMissingError(str(error)) from None
        raise StorageUnavailableError(str(error)) from error
    except (BotoCoreError, OSError) as error:
        raise StorageUnavailableError(str(error)) from error
