"""The commands tell what is wrong in one line, without a traceback (CONTRACT.md, Two commands)."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def _run(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(arguments, capture_output=True, text=True, env=os.environ | env, stdin=subprocess.DEVNULL, timeout=60)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--port", "0"), "--port attend un nombre entre 1 et 65535"),
        (("--prot", "1"), "arguments incorrects"),
        (("--port", "abc"), "arguments incorrects"),
    ],
)
def test_wrong_arguments(arguments: tuple[str, ...], says: str) -> None:
    answer = _run(str(ROOT / "bin" / "run"), *arguments)
    assert (answer.returncode, answer.stdout) == (1, "")
    assert says in answer.stderr and len(answer.stderr.splitlines()) == 1


def test_a_busy_port(tmp_path: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = str(listener.getsockname()[1])
        answer = _run(str(ROOT / "bin" / "run"), "--port", port, "--data", str(tmp_path / "data"))
    assert answer.returncode == 1
    assert answer.stderr == f"Erreur : Le port {port} est déjà occupé : choisissez-en un autre avec --port.\n"


def test_the_application_role_alone_cannot_migrate(tmp_path: Path) -> None:
    answer = _run(str(ROOT / "bin" / "run"), "--data", str(tmp_path), DATABASE_URL="postgresql://a@b/c", DATABASE_ADMIN_URL="")
    assert answer.returncode == 1
    assert "DATABASE_ADMIN_URL" in answer.stderr and len(answer.stderr.splitlines()) == 1


def test_a_machine_without_a_fitting_python(tmp_path: Path) -> None:
    """A copy of the scripts, so that the clone's own environment is not found; only the programs they need are on PATH."""
    shutil.copytree(ROOT / "bin", tmp_path / "bin", ignore=shutil.ignore_patterns("__pycache__"))
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("bash", "dirname", "env"):
        (tools / name).symlink_to(shutil.which(name) or name)
    python = tools / "python3"
    python.write_text("#!/bin/sh\necho 3 10\n")
    python.chmod(0o755)
    answer = _run(str(tmp_path / "bin" / "run"), PATH=str(tools), REDIS_URL="")
    assert answer.returncode == 1
    assert answer.stderr == (
        "Erreur : Python 3.11 ou 3.12 est nécessaire (une version plus récente convient si redis-server est installé).\n"
    )


def test_a_benchmark_that_does_not_exist() -> None:
    answer = _run(str(ROOT / "bin" / "bench"), "no-such-benchmark")
    assert answer.returncode == 1
    assert "usage : bin/bench NOM" in answer.stderr
