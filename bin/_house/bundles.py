"""Our own scripts and styles that visitors download: bundled, minified and compressed into `app/static/built`, never committed.

Each file's name holds a hash of its content, so browsers keep it for a year; `manifest.json` tells the name of the day.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from _house.console import HouseError

CHAT = "app/static/chat"
LOADER = "widget_embed/loader.js"
PAGES = (f"{CHAT}/main.js", f"{CHAT}/page.css", f"{CHAT}/sheets.css", f"{CHAT}/quote.css")
_COMMON = ("--bundle", "--minify", "--legal-comments=none", "--log-level=warning", "--charset=utf8", "--entry-names=[name]-[hash]")
# The oldest browsers we know the page to work in: what it uses is in each of them.
_BROWSERS = "--target=chrome111,firefox112,safari16"
_OLD_BROWSERS = "--target=es2019"
TEXT = {".css", ".js", ".json", ".svg", ".txt"}


def up_to_date(root: Path) -> bool:
    """Tell whether the built files come from the present sources, bundler and rules."""
    stamp = _built(root) / "stamp"
    return stamp.exists() and stamp.read_text() == _digest(root)


def build(root: Path) -> None:
    """Write `app/static/built` anew. A running site goes on with what it has until the new manifest is there. Raises HouseError."""
    built = _built(root)
    built.mkdir(parents=True, exist_ok=True)
    digest = _digest(root)
    with tempfile.TemporaryDirectory(dir=built.parent, prefix=".built-") as draft:
        made = Path(draft)
        manifest = _bundle(root, made, [*PAGES], "--format=esm", "--splitting", "--chunk-names=[name]-[hash]", _BROWSERS)
        if (root / LOADER).exists():
            manifest |= _bundle(root, made, [LOADER], "--format=iife", _OLD_BROWSERS)
        compress(made)
        names = {path.name for path in made.iterdir()}
        for name in names:
            made.joinpath(name).replace(built / name)
    _put(built / "manifest.json", json.dumps(manifest, indent=1, sort_keys=True))
    for path in built.iterdir():
        if path.name not in names and path.name != "manifest.json":
            path.unlink()
    _put(built / "stamp", digest)


def compress(folder: Path) -> None:
    """Put beside each text file the compressed one that the web process sends."""
    for path in folder.iterdir():
        if path.suffix in TEXT:
            path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes(), 9, mtime=0))


def _bundle(root: Path, into: Path, sources: list[str], *options: str) -> dict[str, dict[str, Any]]:
    """Run the bundler; answers source's name -> its file, and the files it imports at once."""
    with tempfile.NamedTemporaryFile(suffix=".json") as told:
        command = [_esbuild(root), *sources, *_COMMON, *options, f"--outdir={into}", f"--metafile={told.name}"]
        # The bundler looks up from its folder for settings of its own: it gets none but the ones above.
        answer = subprocess.run(
            command, cwd=root, env={"PATH": os.defpath}, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120
        )
        if answer.returncode:
            raise HouseError("Les scripts de la page de conversation n'ont pas pu être assemblés.", answer.stderr)
        outputs: dict[str, Any] = json.load(told)["outputs"]
    return {
        Path(output["entryPoint"]).name: {
            "file": Path(path).name,
            "imports": sorted(Path(one["path"]).name for one in output["imports"] if one["kind"] == "import-statement"),
        }
        for path, output in outputs.items()
        if "entryPoint" in output
    }


def _esbuild(root: Path) -> str:
    """The bundler's own program, without its JavaScript wrapper. Raises HouseError where there is none for this machine."""
    found = sorted((root / "node_modules" / "@esbuild").glob("*/bin/esbuild"))
    if not found:
        raise HouseError("L'assembleur (esbuild) n'existe pas pour cette machine.")
    return str(found[0])


def _built(root: Path) -> Path:
    return root / "app" / "static" / "built"


def _digest(root: Path) -> str:
    digest = hashlib.sha256()
    folders = (root / CHAT, root / "widget_embed")
    sources = sorted(path for folder in folders for path in folder.rglob("*") if path.suffix in (".js", ".css"))
    for source in (root / "package-lock.json", Path(__file__), *sources):
        content = source.read_bytes()
        digest.update(f"{source.name} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def _put(path: Path, text: str) -> None:
    """Write a small file at once: who reads it meanwhile finds the old one or the new one."""
    draft = path.with_name(f".{path.name}.new")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)
