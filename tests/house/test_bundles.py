"""Our bundles: made of the present sources, replaced without a hole, refused when a source is faulty."""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path

import pytest
from _house import bundles
from _house.console import HouseError

ROOT = Path(__file__).parents[2]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A root with the chat's sources, the loader's, and the bundler."""
    shutil.copytree(ROOT / bundles.CHAT, tmp_path / bundles.CHAT)
    shutil.copytree(ROOT / "widget_embed", tmp_path / "widget_embed")
    shutil.copy(ROOT / "package-lock.json", tmp_path)
    (tmp_path / "node_modules").symlink_to(ROOT / "node_modules")
    return tmp_path


def test_a_build_follows_its_sources(clone: Path) -> None:
    built = clone / "app" / "static" / "built"
    assert not bundles.up_to_date(clone)
    bundles.build(clone)
    assert bundles.up_to_date(clone)
    before = json.loads((built / "manifest.json").read_text())
    assert {"main.js", "bridge.js", "menu.js", "words_en.js", "page.css", "loader.js"} <= before.keys()
    for entry in before.values():
        for name in (entry["file"], *entry["imports"]):
            assert gzip.decompress((built / f"{name}.gz").read_bytes()) == (built / name).read_bytes()

    words = clone / bundles.CHAT / "words_fr.js"
    words.write_text(words.read_text(encoding="utf-8").replace("Envoi…", "Envoi en cours…"), encoding="utf-8")
    assert not bundles.up_to_date(clone)
    bundles.build(clone)
    after = json.loads((built / "manifest.json").read_text())
    assert after["main.js"]["file"] != before["main.js"]["file"]
    assert after["page.css"] == before["page.css"]
    assert not (built / before["main.js"]["file"]).exists()
    kept = {name for entry in after.values() for name in (entry["file"], *entry["imports"])}
    assert all("Envoi…" not in (built / name).read_text(encoding="utf-8") for name in kept)


def test_a_faulty_source_is_named_and_the_last_build_stays(clone: Path) -> None:
    bundles.build(clone)
    manifest = clone / "app" / "static" / "built" / "manifest.json"
    before = manifest.read_text()
    (clone / bundles.CHAT / "dom.js").write_text("export const el = (;", encoding="utf-8")
    with pytest.raises(HouseError) as refused:
        bundles.build(clone)
    assert "dom.js" in refused.value.detail
    assert manifest.read_text() == before and not bundles.up_to_date(clone)


def test_a_machine_without_a_bundler_is_told(clone: Path) -> None:
    (clone / "node_modules").unlink()
    with pytest.raises(HouseError, match="esbuild"):
        bundles.build(clone)


def test_the_present_build_is_of_the_present_sources() -> None:
    assert bundles.up_to_date(ROOT)
