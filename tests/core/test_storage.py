"""The two stores behave alike, keep to their folder, and hand out URLs that expire."""

from __future__ import annotations

import datetime
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from app.config import Settings, load_settings
from app.core import clock
from app.core.crypto import Keyring
from app.core.storage import (
    PAGE_SECONDS,
    WEBHOOK_SECONDS,
    FolderStorage,
    S3Storage,
    Storage,
    StorageKeyError,
    StorageUnavailableError,
    StoredFileMissingError,
    storage_for,
)
from tests.core.s3_server import FakeS3, s3_server

KEYS = Keyring.read("master", "signing")
NOON = datetime.datetime(2026, 11, 20, 12, 0, 0, tzinfo=datetime.UTC)


@pytest.fixture(scope="module")
def server() -> Iterator[FakeS3]:
    with s3_server() as running:
        yield running


def bucket(server: FakeS3, access_key: str = "key", endpoint: str | None = None) -> S3Storage:
    return S3Storage(
        endpoint=endpoint or server.endpoint, bucket="photos", access_key=access_key, secret_key="s", region="fr-par", keyring=KEYS
    )


@pytest.fixture(params=["folder", "s3"])
def storage(request: pytest.FixtureRequest, tmp_path: Path, server: FakeS3) -> Iterator[Storage]:
    if request.param == "folder":
        yield FolderStorage(tmp_path / "files", KEYS)
    else:
        server.objects.clear()
        yield bucket(server)


def test_bytes_come_back_as_they_went(storage: Storage) -> None:
    key = "sessions/sess_1/file_1/full.jpg"
    storage.put(key, b"\x00\xffone", "image/jpeg")
    assert storage.get(key) == b"\x00\xffone"
    storage.put(key, b"", "image/jpeg")
    assert storage.get(key) == b""
    storage.delete(key)
    storage.delete(key)
    with pytest.raises(StoredFileMissingError):
        storage.get(key)


def test_a_folder_is_forgotten_whole_and_alone(storage: Storage) -> None:
    for name in ("a.jpg", "b.jpg", "deep/c.jpg", "deep/er/d.jpg", "e"):
        storage.put(f"sessions/sess_1/{name}", b"x", "image/jpeg")
    storage.put("sessions/sess_10/a.jpg", b"kept", "image/jpeg")
    assert storage.delete_prefix("sessions/sess_1") == 5
    assert storage.delete_prefix("sessions/sess_1") == 0
    assert storage.get("sessions/sess_10/a.jpg") == b"kept"
    with pytest.raises(StoredFileMissingError):
        storage.get("sessions/sess_1/deep/er/d.jpg")


@pytest.mark.parametrize(
    "key",
    [
        "",
        "/etc/passwd",
        "..",
        "../x",
        "a/../../x",
        "a/./b",
        "a//b",
        "a/",
        ".hidden",
        "a/.tmp-1",
        "a\\b",
        "a\x00b",
        "a b",
        "é",
        "a\nb",
        "~",
        "a/" * 500,
    ],
)
def test_a_key_that_climbs_or_hides_is_refused(storage: Storage, key: str) -> None:
    for act in (
        lambda: storage.put(key, b"x", "image/png"),
        lambda: storage.get(key),
        lambda: storage.delete(key),
        lambda: storage.delete_prefix(key),
        lambda: storage.signed_url(key, 60),
    ):
        with pytest.raises(StorageKeyError):
            act()


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_bytes(b"secret")
    storage = FolderStorage(tmp_path / "files", KEYS)
    storage.put("a/b", b"x", "text/plain")
    (tmp_path / "files" / "way").symlink_to(outside)
    for act in (lambda: storage.get("way/secret"), lambda: storage.put("way/new", b"", ""), lambda: storage.delete_prefix("way")):
        with pytest.raises(StorageKeyError):
            act()
    assert (outside / "secret").exists()


def test_a_folder_write_is_all_or_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    storage = FolderStorage(tmp_path, KEYS)
    storage.put("a/b", b"old", "text/plain")

    def full(fd: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("os.fsync", full)
        with pytest.raises(OSError):
            storage.put("a/b", b"new", "text/plain")
    assert storage.get("a/b") == b"old"
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["b"]
    assert storage.delete_prefix("a/b/c") == 0
    with pytest.raises(StoredFileMissingError):
        storage.get("a")


def test_readers_never_see_half_a_file(tmp_path: Path) -> None:
    storage = FolderStorage(tmp_path, KEYS)
    versions = [bytes([number]) * 200_000 for number in range(4)]
    storage.put("a", versions[0], "x")
    stop = threading.Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            storage.put("a", versions[number % 4], "x")

    writing = threading.Thread(target=write)
    writing.start()
    try:
        assert all(storage.get("a") in versions for _ in range(200))
    finally:
        stop.set()
        writing.join()


def test_the_bucket_gets_the_type_and_a_signed_request(server: FakeS3) -> None:
    bucket(server).put("a/b.webp", b"x", "image/webp")
    assert server.objects["photos/a/b.webp"] == (b"x", "image/webp")
    assert "/fr-par/s3/aws4_request" in server.authorizations[-1]


def test_a_bucket_that_stumbles_is_tried_again_and_one_that_refuses_is_told(server: FakeS3) -> None:
    server.objects["photos/a"] = (b"x", "image/png")
    server.failing = 1
    assert bucket(server).get("a") == b"x"
    with pytest.raises(StorageUnavailableError):
        bucket(server, access_key="stranger").get("a")
    with pytest.raises(StorageUnavailableError):
        bucket(server, endpoint="http://127.0.0.1:9").put("a", b"x", "image/png")


def parameters(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def test_a_signed_url_is_ours_and_lives_its_time(storage: Storage) -> None:
    key = "sessions/sess_1/file_1/full.jpg"
    for seconds in (PAGE_SECONDS, WEBHOOK_SECONDS, 7, 1):
        with clock.freeze(NOON + datetime.timedelta(seconds=101)):
            url = storage.signed_url(key, seconds, base_url="https://ai.exemple.fr")
            assert storage.verify(key, **parameters(url))
            if seconds == PAGE_SECONDS:
                early = url
        assert url.startswith(f"https://ai.exemple.fr/files/{key}?e=")
        with clock.freeze(NOON + datetime.timedelta(seconds=101 + seconds * 0.8)):
            assert storage.verify(key, **parameters(url))
        with clock.freeze(NOON + datetime.timedelta(seconds=101 + seconds + 1)):
            assert not storage.verify(key, **parameters(url))
    with clock.freeze(NOON + datetime.timedelta(seconds=101)):
        assert not storage.verify(key.replace("full", "thumb"), **parameters(early))


def test_a_url_is_the_same_for_a_while_so_that_caches_serve(storage: Storage) -> None:
    urls = set()
    for second in range(0, 180, 10):
        with clock.freeze(NOON + datetime.timedelta(seconds=second)):
            urls.add(storage.signed_url("a/b", PAGE_SECONDS))
    assert len(urls) == 1 and urls.pop().startswith("/files/a/b?e=")


def test_a_url_cannot_be_bent(storage: Storage) -> None:
    with clock.freeze(NOON):
        url = storage.signed_url("a/b", PAGE_SECONDS, filename="Plan « salle de bain ».pdf")
        good = parameters(url)
        assert good["n"] == "Plan « salle de bain ».pdf" and storage.verify("a/b", **good)
        later = str(int(good["e"]) + 3600)
        for change in (
            {"e": later},
            {"s": good["s"][:-1] + "x"},
            {"s": ""},
            {"n": "virus.exe"},
            {"n": ""},
            {"e": ""},
            {"e": "١٢"},
            {"e": "-1"},
            {"e": "9" * 400},
        ):
            assert not storage.verify("a/b", **(good | change))
        assert not storage.verify("a/c", **good)
        other = FolderStorage(Path("unused"), Keyring.read("master", "another"))
        assert not other.verify("a/b", **good)


def test_settings_choose_the_store(tmp_path: Path, server: FakeS3) -> None:
    def settings(**more: str) -> Settings:
        base = {"SECRET_KEY": "k" * 40, "DATABASE_URL": "postgresql://x/y", "REDIS_URL": "redis://x", "DATA_DIR": str(tmp_path)}
        return load_settings(base | more)

    folder = storage_for(settings())
    folder.put("a", b"x", "text/plain")
    assert (tmp_path / "files" / "a").read_bytes() == b"x"
    remote = storage_for(settings(S3_ENDPOINT=server.endpoint, S3_BUCKET="other", S3_ACCESS_KEY="key", S3_SECRET_KEY="s"))
    remote.put("a", b"y", "text/plain")
    assert server.objects["other/a"] == (b"y", "text/plain")
