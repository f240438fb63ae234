"""A file from its arrival to its variants, and what happens to a lost or bad one (003 §15.2 D)."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import timedelta
from typing import NoReturn

import pytest
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import update

from app.core import clock
from app.core.storage import storage
from app.extensions import db, redis_client
from app.files import processing, service
from app.files.models import File
from app.files.processing import MAX_TRIES, process, sweep
from app.web.house import House
from tests.factories import committing
from tests.factories.conversations import Chat, make_tenant, open_chat

UPLOAD = "/api/widget/v1/upload"


@pytest.fixture
def chat(house: House) -> Chat:
    with committing():
        tenant = make_tenant()
    return open_chat(tenant)


def picture() -> bytes:
    out = io.BytesIO()
    exif = Image.Exif()
    exif.get_ifd(0x8825)[2] = (48.0, 51.0, 24.0)
    Image.new("RGB", (1200, 900), (120, 90, 60)).save(out, "JPEG", exif=exif)
    return out.getvalue()


def send(client: FlaskClient, chat: Chat, data: bytes, name: str = "photo.jpg") -> dict[str, object]:
    answer = client.post(UPLOAD, data={"file": (io.BytesIO(data), name)}, headers=chat.headers)
    assert answer.status_code == 201, answer.json
    return answer.json["data"]["file"]


def show(client: FlaskClient, chat: Chat, file_id: object) -> dict[str, object]:
    return client.get(f"/api/widget/v1/files/{file_id}", headers=chat.headers).json["data"]["file"]


def test_a_photo_is_served_without_its_place_and_its_original_is_gone(
    client: FlaskClient, chat: Chat, run_jobs: Callable[[], list[str]]
) -> None:
    sent = send(client, chat, picture(), "../../Vacances été.jpg")
    assert sent["status"] == "processing" and sent["url"] is None and sent["name"] == "Vacances été.jpg"
    with committing():
        raw_key = db.session.get_one(File, sent["id"]).raw_key
    assert client.get(f"/files/{raw_key}").status_code == 404
    run_jobs()
    ready = show(client, chat, sent["id"])
    assert (ready["status"], ready["width"], ready["height"]) == ("ready", 1200, 900)
    full = client.get(str(ready["url"]))
    assert full.status_code == 200 and not Image.open(io.BytesIO(full.data)).getexif()
    assert Image.open(io.BytesIO(client.get(str(ready["thumbnail_url"])).data)).size == (480, 360)
    with pytest.raises(LookupError):
        storage().get(str(raw_key))


def test_an_address_holds_for_its_own_file_and_time_only(client: FlaskClient, chat: Chat, run_jobs: Callable[[], list[str]]) -> None:
    first, second = (send(client, chat, picture()) for _ in range(2))
    run_jobs()
    url, other = (str(show(client, chat, one["id"])["url"]) for one in (first, second))
    assert client.get(url).status_code == 200
    assert client.get(other.split("?")[0] + "?" + url.split("?")[1]).status_code == 403
    assert client.get(url.split("?")[0]).status_code == 403
    with clock.freeze(clock.now() + timedelta(minutes=16)):
        assert client.get(url).status_code == 403


def test_what_is_not_a_picture_is_refused_by_its_bytes(
    client: FlaskClient, chat: Chat, run_jobs: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    for data in (b"<html>", b"GIF89a" + bytes(50), b"MZ" + bytes(100), b""):
        answer = client.post(UPLOAD, data={"file": (io.BytesIO(data), "photo.jpg")}, headers=chat.headers)
        assert answer.status_code in (415, 422), data
    broken = send(client, chat, picture()[:2000])
    run_jobs()
    refused = show(client, chat, broken["id"])
    assert refused["status"] == "refused" and refused["error"] and refused["url"] is None
    assert service.MAX_BYTES == 10 * 1024 * 1024
    monkeypatch.setattr(service, "MAX_BYTES", 1000)
    big = client.post(UPLOAD, data={"file": (io.BytesIO(picture()), "a.jpg")}, headers=chat.headers)
    assert (big.status_code, big.json["error"]["code"]) == (413, "file_too_large")


def test_ten_files_at_most(client: FlaskClient, chat: Chat) -> None:
    for _ in range(10):
        send(client, chat, picture())
    answer = client.post(UPLOAD, data={"file": (io.BytesIO(picture()), "a.jpg")}, headers=chat.headers)
    assert (answer.status_code, answer.json["error"]["code"]) == (429, "too_many_files")


def test_a_file_whose_job_was_lost_is_taken_up(client: FlaskClient, chat: Chat, run_jobs: Callable[[], list[str]]) -> None:
    sent = send(client, chat, picture())
    redis_client().flushdb()
    assert sweep() == 0
    with committing():
        db.session.execute(update(File).where(File.id == sent["id"]).values(created_at=clock.now() - timedelta(minutes=2)))
    assert sweep() == 1
    run_jobs()
    assert show(client, chat, sent["id"])["status"] == "ready"


def test_a_file_that_ends_its_worker_does_not_come_back_for_ever(
    client: FlaskClient, chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_long(_: bytes) -> NoReturn:
        raise TimeoutError

    monkeypatch.setattr(processing, "check_pdf", too_long)
    sent = send(client, chat, b"%PDF-1.7\n", "plan.pdf")
    whose = (str(sent["id"]), chat.link.editor_id, chat.link.artisan_id)
    for _ in range(MAX_TRIES):
        with pytest.raises(TimeoutError):
            process(*whose)
    assert show(client, chat, sent["id"])["status"] == "processing"
    process(*whose)
    refused = show(client, chat, sent["id"])
    assert refused["status"] == "refused" and refused["error"]


def test_one_not_sent_yet_can_be_taken_back(client: FlaskClient, chat: Chat, run_jobs: Callable[[], list[str]]) -> None:
    sent = send(client, chat, picture())
    run_jobs()
    url = str(show(client, chat, sent["id"])["url"])
    assert client.delete(f"/api/widget/v1/files/{sent['id']}", headers=chat.headers).status_code == 200
    assert client.get(url).status_code == 404
