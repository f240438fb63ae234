"""The front-end files (DESIGN.md, Base): what is built, and that the lock file names no registry."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from _house import assets
from _house.console import HouseError

ROOT = Path(__file__).parents[2]
VENDOR = ROOT / "app" / "static" / "vendor"


def test_the_sprite_holds_each_icon_once_without_its_frame(tmp_path: Path) -> None:
    for name in ("home", "x"):
        (tmp_path / f"{name}.svg").write_text(
            '<svg xmlns="http://www.w3.org/2000/svg"><path stroke="none" d="M0 0h24v24H0z" fill="none"/><path d="M1 2"/></svg>'
        )
    root = ElementTree.fromstring(assets.sprite(["home", "x"], tmp_path))
    symbols = list(root)
    assert [symbol.get("id") for symbol in symbols] == ["home", "x"]
    assert all(symbol.get("stroke") == "currentColor" and [path.get("d") for path in symbol] == ["M1 2"] for symbol in symbols)


def test_an_unknown_icon_is_named(tmp_path: Path) -> None:
    with pytest.raises(HouseError, match="« no-such-icon »"):
        assets.sprite(["no-such-icon"], tmp_path)


def test_every_file_is_built_and_names_no_missing_map() -> None:
    for name in [*assets.FILES, "icons.svg", "licences.txt"]:
        content = (VENDOR / name).read_bytes()
        assert content, name
        assert b"sourceMappingURL" not in content[-200:], name


def test_the_sprite_has_every_icon_of_the_list() -> None:
    built = {symbol.get("id") for symbol in ElementTree.parse(VENDOR / "icons.svg").getroot()}
    assert built == set(assets.icon_names(ROOT))


def test_the_lock_file_pins_everything_and_names_no_registry() -> None:
    manifest = json.loads((ROOT / "package.json").read_text())
    lock = json.loads((ROOT / "package-lock.json").read_text())
    for name, version in (manifest["dependencies"] | manifest["devDependencies"]).items():
        assert re.fullmatch(r"\d+\.\d+\.\d+", version), name
        assert lock["packages"][f"node_modules/{name}"]["version"] == version
    for path, package in lock["packages"].items():
        assert "resolved" not in package, path
        assert not path or package["integrity"].startswith("sha512-"), path
