"""`.env`, the data folder's lock and secrets, the port (docs/operations.md)."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import stat
from pathlib import Path

import pytest
from _house import workspace
from _house.console import HouseError
from _house.workspace import DataFolder, check_port, load_environment


def test_env_file_is_read_under_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOUSE_A", "from the environment")
    monkeypatch.setenv("HOUSE_EMPTY", "")
    file = tmp_path / ".env"
    file.write_text("# comment\n\nHOUSE_A=from the file\nexport HOUSE_B = 'a = b # c'\nHOUSE_C=\"é\"\nHOUSE_D=\n", encoding="utf-8")
    env = load_environment(file)
    assert env["HOUSE_A"] == "from the environment"
    assert env["HOUSE_B"] == "a = b # c"
    assert env["HOUSE_C"] == "é"
    assert "HOUSE_D" not in env and "HOUSE_EMPTY" not in env


def test_a_bad_env_line_is_told_with_its_number(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("A=1\nnot a setting\n")
    with pytest.raises(HouseError, match=r"ligne 2"):
        load_environment(tmp_path / ".env")


def test_secrets_are_kept_private_and_completed(tmp_path: Path) -> None:
    data = DataFolder(tmp_path / "var")
    data.prepare()
    first = data.secrets()
    file = data.path / "secrets.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600 and stat.S_IMODE(data.path.stat().st_mode) == 0o700
    assert len(first["secret_key"]) >= 32 and len(set(first.values())) == len(first)
    file.write_text(json.dumps({"master_key": "kept"}))
    assert data.secrets()["master_key"] == "kept"
    assert data.secrets() == data.secrets()


def test_a_second_run_on_the_same_data_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = DataFolder(tmp_path)
    lock = data.claim()
    monkeypatch.setattr(workspace, "_alive", lambda pid: pid == os.getpid())
    with pytest.raises(HouseError, match=rf"déjà lancé .*processus {os.getpid()}"):
        data.claim()
    os.close(lock)
    os.close(data.claim())


def test_a_start_waits_for_a_run_that_stops(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = DataFolder(tmp_path)
    lock = data.claim()
    os.ftruncate(lock, 0)  # what a run does when it begins to stop
    pauses = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            fcntl.flock(lock, fcntl.LOCK_UN)

    monkeypatch.setattr(workspace.time, "sleep", pause)
    os.close(data.claim())
    os.close(lock)
    assert len(pauses) == 3


def test_a_folder_of_another_account_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workspace.os, "geteuid", lambda: tmp_path.stat().st_uid + 1)
    with pytest.raises(HouseError, match="autre compte"):
        DataFolder(tmp_path).prepare()


def test_a_busy_port_is_one_clear_line() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        with pytest.raises(HouseError, match="déjà occupé"):
            check_port(listener.getsockname()[1])
