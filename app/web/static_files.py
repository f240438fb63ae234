"""Files of `app/static` as they travel: compressed beforehand, kept a year by browsers when their address tells their content."""

from __future__ import annotations

import gzip
import json
import mimetypes
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Flask, Response, request, send_from_directory
from werkzeug.utils import safe_join

BUILT = "built/"
A_YEAR = "public, max-age=31536000, immutable"


class Built:
    """The bundles of bin/_house/bundles.py by the name of their source. The manifest is read again when a build has replaced it."""

    def __init__(self, folder: Path, url: str) -> None:
        self._manifest, self._url = folder / BUILT / "manifest.json", url
        self._read_at: int | None = None
        self._files: dict[str, dict[str, Any]] = {}

    def __call__(self, name: str) -> str:
        """The address of a bundle. Raises KeyError for an unknown one."""
        return self._address(self._entry(name)["file"])

    def together(self, *names: str) -> list[str]:
        """The addresses of bundles and of all they import before they run: better asked for at the same time."""
        entries = [self._entry(name) for name in names]
        return [self._address(file) for file in dict.fromkeys(file for entry in entries for file in (entry["file"], *entry["imports"]))]

    def path(self, name: str) -> Path:
        """The file of a bundle."""
        return self._manifest.with_name(self._entry(name)["file"])

    def _entry(self, name: str) -> dict[str, Any]:
        written = self._manifest.stat().st_mtime_ns
        if written != self._read_at:
            self._files, self._read_at = json.loads(self._manifest.read_text(encoding="utf-8")), written
        return self._files[name]

    def _address(self, file: str) -> str:
        return f"{self._url}/{BUILT}{file}"


def install_static_files(app: Flask) -> None:
    """Serve `app/static`; give templates `built` (an address) and Python `app.extensions["built"]`."""
    folder = Path(app.static_folder or "")
    built = Built(folder, app.static_url_path or "")
    app.extensions["built"] = built
    app.jinja_env.globals["built"] = built
    app.view_functions["static"] = _sender(folder)


def compressed(response: Response) -> Response:
    """The same answer, gzipped when the browser takes it.

    Only for pages where nothing that a stranger can choose stands beside a secret that he doesn't know: the length of a
    compressed page tells what in it repeats (BREACH). Never for an event stream: a compressed stream is a late stream.
    """
    response.vary.add("Accept-Encoding")
    if _takes_gzip():
        response.set_data(gzip.compress(response.get_data(), 6, mtime=0))
        response.headers["Content-Encoding"] = "gzip"
    return response


def _sender(folder: Path) -> Callable[..., Response]:
    def send(filename: str) -> Response:
        beside = safe_join(str(folder), f"{filename}.gz")
        twin = beside is not None and Path(beside).is_file()
        if twin and _takes_gzip():
            name = Path(filename).name
            response = send_from_directory(folder, f"{filename}.gz", mimetype=mimetypes.guess_type(name)[0], download_name=name)
            response.headers["Content-Encoding"] = "gzip"
        else:
            response = send_from_directory(folder, filename)
        if twin:
            response.vary.add("Accept-Encoding")
        if filename.startswith(BUILT) or "v" in request.args:
            response.headers["Cache-Control"] = A_YEAR
        return response

    return send


def _takes_gzip() -> bool:
    return request.accept_encodings.quality("gzip") > 0
