"""Our own files travel compressed and stay in browsers; event streams and what a browser cannot read do not."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from flask.testing import FlaskClient

from app.web.house import House
from app.web.static_files import Built

if TYPE_CHECKING:
    from werkzeug.test import TestResponse

BUNDLES = ("main.js", "bridge.js", "words_en.js", "page.css", "sheets.css", "quote.css")


def get(client: FlaskClient, path: str, **headers: str) -> TestResponse:
    """A file's answer, read to its end and closed."""
    with client.get(path, headers={name.replace("_", "-"): value for name, value in headers.items()}, buffered=True) as answer:
        return answer


@pytest.mark.parametrize("name", BUNDLES)
def test_a_bundle_travels_compressed_and_stays(house: House, client: FlaskClient, name: str) -> None:
    built: Built = house.extensions["built"]
    answer = get(client, built(name), Accept_Encoding="gzip, br")
    assert answer.status_code == 200 and answer.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(answer.data) == built.path(name).read_bytes()
    assert answer.mimetype == ("text/css" if name.endswith("css") else "text/javascript")
    assert "Accept-Encoding" in answer.headers["Vary"]
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert "inline" in answer.headers.get("Content-Disposition", "inline") and ".gz" not in answer.headers.get("Content-Disposition", "")
    again = get(client, built(name), Accept_Encoding="gzip", If_None_Match=answer.headers["ETag"])
    assert again.status_code == 304


def test_a_browser_without_gzip_gets_plain_files(house: House, client: FlaskClient) -> None:
    built: Built = house.extensions["built"]
    for refusal in ("", "gzip;q=0", "br"):
        answer = get(client, built("main.js"), Accept_Encoding=refusal)
        assert "Content-Encoding" not in answer.headers and answer.data == built.path("main.js").read_bytes()
        assert "Accept-Encoding" in answer.headers["Vary"]


def test_an_address_without_its_content_in_it_is_asked_for_again(client: FlaskClient) -> None:
    assert "immutable" not in get(client, "/static/vendor/icons.svg").headers["Cache-Control"]
    assert "immutable" in get(client, "/static/vendor/icons.svg?v=1").headers["Cache-Control"]


@pytest.mark.parametrize(
    "path", ["/static/built/%2e%2e/%2e%2e/config.py", "/static/../config.py", "/static/built/nothing.js", "/static/built"]
)
def test_nothing_beside_the_folder_is_served(client: FlaskClient, path: str) -> None:
    assert client.get(path, headers={"Accept-Encoding": "gzip"}).status_code == 404


def test_pages_of_people_signed_in_are_not_compressed(client: FlaskClient) -> None:
    """A page that holds a secret beside what a stranger wrote would tell the secret by its length (BREACH)."""
    assert "Content-Encoding" not in client.get("/connexion", headers={"Accept-Encoding": "gzip"}).headers
    assert client.get("/s/unknown", headers={"Accept-Encoding": "gzip"}).headers["Content-Encoding"] == "gzip"


def test_a_new_build_is_taken_at_once(tmp_path: Path) -> None:
    (tmp_path / "built").mkdir()
    manifest = tmp_path / "built" / "manifest.json"
    built = Built(tmp_path, "/static")
    for turn, file in enumerate(("a-1.js", "a-2.js")):
        draft = tmp_path / "draft"
        draft.write_text(json.dumps({"a.js": {"file": file, "imports": ["c.js", "d.js"]}, "b.js": {"file": "b.js", "imports": ["c.js"]}}))
        os.utime(draft, ns=(turn, turn))
        draft.replace(manifest)
        assert built("a.js") == f"/static/built/{file}"
    assert built.together("a.js", "b.js") == [f"/static/built/{name}" for name in ("a-2.js", "c.js", "d.js", "b.js")]
