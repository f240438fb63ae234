"""Where things lie: the clone, its `.env`, the data folder with its lock and its secrets."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import socket
import time
from dataclasses import dataclass
from pathlib import Path

from _house.console import HouseError, say

ROOT = Path(__file__).resolve().parents[2]
_SECRETS = {"secret_key": 48, "master_key": 32, "superuser_password": 24, "owner_password": 24, "app_password": 24, "redis_password": 24}


def load_environment(env_file: Path) -> dict[str, str]:
    """The process's environment over that of the `.env` file. An empty value counts as unset. Raises HouseError on a bad line."""
    values: dict[str, str] = {}
    if env_file.exists():
        for number, line in enumerate(env_file.read_text(encoding="utf-8").splitlines(), start=1):
            line = line.strip().removeprefix("export ")
            if not line or line.startswith("#"):
                continue
            name, equals, value = line.partition("=")
            if not equals or not name.strip().isidentifier():
                raise HouseError(f"{env_file.name}, ligne {number} : NOM=valeur attendu.")
            value = value.strip()
            if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'":
                value = value[1:-1]
            values[name.strip()] = value
    values.update(os.environ)
    return {name: value for name, value in values.items() if value}


@dataclass(frozen=True)
class DataFolder:
    """The folder of one installation's data (`var`), owned by who runs it and closed to others."""

    path: Path

    def prepare(self) -> None:
        """Make the folder. Raises HouseError when it belongs to another account."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.path.stat().st_uid != os.geteuid():
            raise HouseError(
                f"{self.path} appartient à un autre compte : lancez la commande sous ce compte, ou donnez un autre dossier avec --data."
            )
        self.logs.mkdir(mode=0o700, exist_ok=True)

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def demo(self) -> Path:
        return self.path / "demo.json"

    def claim(self) -> int:
        """Take the folder for this process. Raises HouseError when another `bin/run` has it.

        Answers the lock's descriptor. Every child inherits it: the folder stays locked until the last of them is gone, so that a
        start that follows a kill waits for what remains of the run before instead of meeting it.
        """
        lock = os.open(self.path / "run.lock", os.O_RDWR | os.O_CREAT, 0o600)
        begun, told = time.monotonic(), False
        while not _locked(lock):
            waited = time.monotonic() - begun
            pid = os.pread(lock, 20, 0).decode().strip()  # empty once that run is stopping
            if pid and _alive(int(pid)) and waited > 1.0:
                raise HouseError(f"AI-Manager est déjà lancé sur {self.path} (processus {pid}).")
            if waited > 60.0:
                raise HouseError(f"Des processus d'un lancement précédent utilisent encore {self.path}.")
            if waited > 1.0 and not told:
                say("Fin des processus du lancement précédent…")
                told = True
            time.sleep(0.2)
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
        return lock

    def secrets(self) -> dict[str, str]:
        """This installation's secrets, made at the first start and kept in `secrets.json` (readable by its owner only)."""
        path = self.path / "secrets.json"
        kept: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
        missing = {name: secrets.token_urlsafe(size) for name, size in _SECRETS.items() if name not in kept}
        if missing:
            kept |= missing
            write_private(path, json.dumps(kept, indent=1) + "\n")
        return kept


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except ProcessLookupError:
        return False
    return True


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, all of it or nothing."""
    draft = path.with_name(f".{path.name}.new")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as stream:
        stream.write(text)
    draft.replace(path)


def check_port(port: int) -> None:
    """Raise HouseError when the port cannot be listened on."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except PermissionError:
            raise HouseError(f"Le port {port} est réservé : choisissez-en un autre avec --port.") from None
        except OSError:
            raise HouseError(f"Le port {port} est déjà occupé : choisissez-en un autre avec --port.") from None


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
