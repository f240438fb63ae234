"""What the tests stand on: two roles as in production (deploy/roles.sql), and no rule that a superuser would hide."""

from __future__ import annotations

import os
from pathlib import Path

import psycopg
import pytest
from _house import postgres
from _house.console import HouseError


def _attributes(url: str) -> tuple[bool, bool, bool]:
    with psycopg.connect(os.environ[url].replace("postgresql+psycopg://", "postgresql://")) as connection:
        row = connection.execute("SELECT rolsuper, rolbypassrls, rolcreaterole FROM pg_roles WHERE rolname = current_user").fetchone()
        assert row
        return row


def test_the_owner_passes_policies_and_is_no_superuser() -> None:
    assert _attributes("TEST_DATABASE_ADMIN_URL") == (False, True, False)


def test_the_application_passes_no_policy_and_owns_nothing() -> None:
    assert _attributes("TEST_DATABASE_URL") == (False, False, False)
    with psycopg.connect(os.environ["TEST_DATABASE_URL"].replace("postgresql+psycopg://", "postgresql://")) as connection:
        owned = connection.execute("SELECT count(*) FROM pg_class WHERE relowner = current_user::regrole").fetchone()
        assert owned == (0,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("CREATE TABLE intruder (id int)")


def test_the_locale_is_the_built_in_one() -> None:
    with psycopg.connect(os.environ["TEST_DATABASE_ADMIN_URL"].replace("postgresql+psycopg://", "postgresql://")) as connection:
        row = connection.execute(
            "SELECT datlocprovider, datlocale, lower('ÉTÉ') FROM pg_database WHERE datname = current_database()"
        ).fetchone()
        assert row == ("b", "C.UTF-8", "été")


def test_data_of_a_copied_folder_are_refused(tmp_path: Path) -> None:
    home, first, copy = tmp_path / "home", tmp_path / "first", tmp_path / "copy"
    for folder in (home, first, copy):
        folder.mkdir()
    (home / "data-folder").write_text(f"{first}\n")
    (first / "postgres.json").write_text("{}")
    postgres._check_owner(home, first)
    with pytest.raises(HouseError, match="est une copie de"):
        postgres._check_owner(home, copy)
    (first / "postgres.json").unlink()  # moved, not copied
    postgres._check_owner(home, copy)
    with pytest.raises(HouseError, match="ont disparu"):
        postgres._check_owner(tmp_path / "nowhere", first)


def test_an_odd_path_gets_a_private_socket_folder_elsewhere(tmp_path: Path) -> None:
    odd = tmp_path / "un dossier, à moi"
    odd.mkdir()
    folder = postgres._socket_folder(odd)
    assert folder.parent == Path("/tmp") and folder.stat().st_mode & 0o777 == 0o700
    folder.rmdir()
